use super::*;
use crate::platform::deployment::Details;

const NOW: Nanos = 1_700_000_000 * SECOND;

fn minutes_ago(minutes: i64) -> Nanos {
    NOW - minutes * 60 * SECOND
}

fn running() -> Deployment {
    Deployment {
        id: "ab".into(),
        state: State::Running,
        created: Some(minutes_ago(600)),
        details: Some(Box::new(Details { started: Some(minutes_ago(600)), ..Details::default() })),
        ..Deployment::default()
    }
}

fn ended(code: i64) -> Deployment {
    Deployment { state: State::Exited, exit_code: Some(code), ..running() }
}

fn alone(deployment: &Deployment) -> Signs<'_> {
    Signs { deployment, samples: &[], lately: None, tools: None, now: NOW }
}

fn judged(signs: &Signs<'_>) -> (&'static str, String) {
    let health = judge(signs, &Thresholds::default());
    (health.level.as_str(), health.reasons.join("; "))
}

fn with(change: impl FnOnce(&mut Details)) -> Deployment {
    let mut deployment = running();
    change(deployment.details.as_mut().unwrap());
    deployment
}

#[test]
fn states_and_checks_are_signs() {
    let check = |check| Deployment { health: Some(check), ..running() };
    let state = |state| Deployment { state, ..running() };
    let table = [
        (running(), "healthy", ""),
        (check(Check::Healthy), "healthy", ""),
        (check(Check::Other("odd".into())), "healthy", ""),
        (check(Check::Starting), "warning", "its health check is still starting"),
        (check(Check::Unhealthy), "critical", "its health check fails"),
        (ended(0), "unknown", "ended without an error"),
        (ended(1), "critical", "ended with exit code 1"),
        (ended(139), "critical", "ended with exit code 139 (SIGSEGV)"),
        (state(State::Dead), "critical", "dead: the engine can neither start nor remove it"),
        (state(State::Paused), "unknown", "paused"),
        (state(State::Created), "unknown", "never started"),
        (state(State::Restarting), "warning", "is being started again"),
        (state(State::Other("quantum".into())), "unknown", "the engine says 'quantum'"),
        (state(State::Unknown), "unknown", "the engine does not say what it does"),
        (with(|details| details.out_of_memory = true), "critical", "ran out of memory"),
    ];
    for (deployment, level, reasons) in table {
        assert_eq!(judged(&alone(&deployment)), (level, reasons.to_owned()), "{deployment:?}");
    }
    // What a check said before the end is not its state now.
    let gone = Deployment { health: Some(Check::Unhealthy), ..ended(0) };
    assert_eq!(judged(&alone(&gone)).0, "unknown");
}

#[test]
fn the_worst_sign_decides_and_says_why() {
    let mut deployment =
        with(|details| details.checks = vec!["ok".into(), "\n connection refused \n".into()]);
    deployment.health = Some(Check::Unhealthy);
    let samples = [Sample { time: NOW, cpu: Some(99.0), memory: None }];
    let signs = Signs { samples: &samples, ..alone(&deployment) };
    let expected = "its health check fails: connection refused";
    assert_eq!(judged(&signs), ("critical", expected.to_owned()));
}

#[test]
fn use_counts_when_it_lasts() {
    let deployment = running();
    let sample = |seconds: i64, cpu: f64, memory: f64| Sample {
        time: NOW - seconds * SECOND,
        cpu: Some(cpu),
        memory: Some(memory),
    };
    let table: [(&[Sample], &str); 6] = [
        (&[sample(0, 60.0, 80.0)], ""),
        (&[sample(0, 61.0, 80.0)], "uses 61 % of the processors that it may use"),
        (&[sample(0, 1.0, 81.0)], "uses 81 % of the memory that it may use"),
        (&[sample(30, 10.0, 10.0), sample(0, 99.0, 99.0)], ""),
        // What was before the minute does not count.
        (&[sample(90, 10.0, 10.0), sample(0, 99.0, 10.0)], "uses 99 % of the processors that it may use"),
        (&[sample(90, 99.0, 99.0)], ""),
    ];
    for (samples, reason) in table {
        let level = if reason.is_empty() { "healthy" } else { "warning" };
        let signs = Signs { samples, ..alone(&deployment) };
        assert_eq!(judged(&signs), (level, reason.to_owned()), "{samples:?}");
    }
}

fn lately(minutes: &[i64]) -> Lately {
    Lately { restarts: minutes.iter().map(|m| minutes_ago(*m)).collect(), ..Lately::default() }
}

#[test]
fn restarts_count_in_their_window() {
    let old = running();
    let young = Deployment { created: Some(minutes_ago(5)), ..with(|details| details.restarts = Some(4)) };
    let again = with(|details| (details.restarts, details.started) = (Some(7), Some(minutes_ago(2))));
    let calm = with(|details| details.restarts = Some(7));
    let table = [
        (&old, lately(&[]), "healthy", ""),
        (&old, lately(&[1]), "warning", "restarted in the last 10 minutes"),
        (&old, lately(&[40, 30, 20]), "healthy", ""),
        (&old, lately(&[9, 5]), "warning", "restarted 2 times in the last 10 minutes"),
        (&old, lately(&[20, 9, 5, 1]), "critical", "restarted 3 times in the last 10 minutes"),
        // The engine forgot its events: a young container's count is all in the window, an old one's last is.
        (&young, lately(&[1]), "critical", "restarted 4 times in the last 10 minutes"),
        (&again, lately(&[]), "warning", "restarted in the last 10 minutes"),
        (&calm, lately(&[]), "healthy", ""),
    ];
    for (deployment, lately, level, reason) in table {
        let signs = Signs { lately: Some(&lately), ..alone(deployment) };
        assert_eq!(judged(&signs), (level, reason.to_owned()), "{lately:?}");
    }
}

#[test]
fn a_start_behind_an_end_is_a_restart_and_the_first_start_is_none() {
    let happening = |action: Action, minutes: i64| Happening {
        id: "ab".into(),
        name: None,
        action,
        time: Some(minutes_ago(minutes)),
        attributes: Vec::new(),
    };
    let mut lately = Lately::default();
    for (action, minutes) in [
        (Action::Create, 9),
        (Action::Start, 9),
        (Action::OutOfMemory, 8),
        (Action::Die, 8),
        (Action::Start, 7),
        (Action::Die, 6),
        (Action::Die, 5),
        (Action::Start, 4),
        (Action::Start, 3),
    ] {
        lately.add(&happening(action, minutes));
    }
    assert_eq!(lately.restarts, [minutes_ago(7), minutes_ago(4)]);
    let deployment = running();
    let signs = Signs { lately: Some(&lately), ..alone(&deployment) };
    assert_eq!(judged(&signs), ("critical", "ran out of memory".to_owned()));
}

#[test]
fn failing_tool_calls_are_a_sign_where_they_are_known() {
    let deployment = running();
    for (calls, errors, level) in
        [(0, 0, "healthy"), (10, 1, "healthy"), (100, 11, "warning"), (1, 1, "warning")]
    {
        let signs = Signs { tools: Some(ToolCalls { calls, errors }), ..alone(&deployment) };
        assert_eq!(judged(&signs).0, level, "{errors} of {calls}");
    }
}

#[test]
fn shares_are_of_what_a_container_may_use() {
    let machine = Machine { cpus: Some(4), memory: Some(1000) };
    let usage = Usage { cpu_percent: Some(50.0), cpus: Some(2), memory: Some(100), ..Usage::default() };
    let free = running();
    let sample = Sample::of(&free, &usage, machine, NOW);
    assert_eq!((sample.cpu, sample.memory), (Some(25.0), Some(10.0)));
    let bound = with(|details| (details.nano_cpus, details.memory_limit) = (Some(500_000_000), Some(200)));
    let sample = Sample::of(&bound, &usage, machine, NOW);
    assert_eq!((sample.cpu, sample.memory), (Some(100.0), Some(50.0)));
    let endless = Usage { memory_limit: Some(u64::MAX / 2), ..usage };
    assert_eq!(memory_limit(&free, Some(&endless), machine), Some(1000));
    assert_eq!(memory_limit(&free, None, Machine::default()), None);
}
