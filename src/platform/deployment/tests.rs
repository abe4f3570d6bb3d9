use super::*;

fn listed(json: &str) -> Deployment {
    Deployment::from_listed(serde_json::from_str(json).unwrap()).unwrap()
}

#[test]
fn a_list_says_who_and_how() {
    let one = listed(
        r#"{"Id":"bc0e605ab123ffff","Names":["/other/alias","/mcp-demo-1122-120001-1a2b3c4d"],"Image":"demo:latest",
        "Created":1700000000,"State":"running","Status":"Up 5 minutes (health: starting)",
        "Labels":{"template":"demo","managed-by":"mcp-template","note":"a,b\nc","com.docker.compose.project":"shop"},
        "Ports":[{"IP":"0.0.0.0","PrivatePort":7071,"PublicPort":7071,"Type":"tcp"},{"PrivatePort":9}],"SizeRw":12}"#,
    );
    assert_eq!((one.name.as_str(), one.short_id()), ("mcp-demo-1122-120001-1a2b3c4d", "bc0e605ab123"));
    assert_eq!((one.template.as_deref(), one.project.as_deref()), (Some("demo"), Some("shop")));
    assert_eq!((&one.state, &one.health, one.written), (&State::Running, &Some(Check::Starting), Some(12)));
    assert_eq!(one.label("note"), Some("a,b\nc"));
    assert_eq!(one.created, Some(1_700_000_000_000_000_000));
    let ports: Vec<_> = one.ports.iter().map(|p| (p.inside, p.outside.clone())).collect();
    assert_eq!(ports, [(7071, Some(("0.0.0.0".to_owned(), 7071))), (9, None)]);
    let origin = one.to_origin();
    assert_eq!(origin.container.as_deref(), Some("bc0e605ab123ffff"));
    assert_eq!((origin.deployment, origin.template), (Some(one.name), Some("demo".to_owned())));
}

#[test]
fn what_a_list_leaves_out_or_gets_wrong_is_not_known() {
    let one = listed(
        r#"{"Id":"bc0e605ab123ffff","State":"quantum","Names":null,"Labels":[1],"Ports":"x","Created":"now"}"#,
    );
    assert_eq!(one.name, "bc0e605ab123");
    assert_eq!(one.state, State::Other("quantum".to_owned()));
    assert_eq!((one.created, one.template, one.exit_code), (None, None, None));
    assert_eq!(Deployment::from_listed(serde_json::from_str(r#"{"Names":["/x"]}"#).unwrap()), None);
}

#[test]
fn an_end_with_an_error_is_a_failure() {
    for (state, status, failed) in [
        ("exited", "Exited (0) 5 minutes ago", false),
        ("exited", "Exited (137) 5 minutes ago", true),
        ("restarting", "Restarting (1) 5 seconds ago", false),
        ("dead", "Dead", true),
        ("running", "Up 2 hours", false),
    ] {
        let one = listed(&format!(r#"{{"Id":"a","State":"{state}","Status":"{status}"}}"#));
        assert_eq!((one.has_failed(), one.state_word() == "failed"), (failed, failed), "{status}");
    }
}

#[test]
fn inspecting_adds_the_details() {
    let mut one = listed(r#"{"Id":"ab","Names":["/x"],"State":"created","Labels":{"template":"demo"}}"#);
    let seen = r#"{"Id":"ab","Name":"/x","Created":"2026-01-27T16:47:00.5Z","RestartCount":3,"LogPath":"/l/ab-json.log",
        "State":{"Status":"exited","OOMKilled":true,"ExitCode":137,"StartedAt":"2026-01-27T16:47:01Z",
            "FinishedAt":"0001-01-01T00:00:00Z","Health":{"Status":"unhealthy","Log":[{"ExitCode":1,"Output":"no"}]}},
        "Config":{"Tty":true,"Image":"demo","Labels":null,"Env":["MCP_TRANSPORT=http"]},
        "HostConfig":{"LogConfig":{"Type":"json-file"},"Memory":0,"CpuQuota":50000,"CpuPeriod":100000}}"#;
    one.take(serde_json::from_str(seen).unwrap());
    let details = one.details.as_deref().unwrap();
    assert_eq!((details.restarts, details.out_of_memory, details.tty), (Some(3), true, true));
    assert_eq!((details.memory_limit, details.nano_cpus, details.finished), (None, Some(500_000_000), None));
    assert_eq!(details.log_driver.as_deref(), Some("json-file"));
    assert_eq!((one.exit_code, one.health.clone()), (Some(137), Some(Check::Unhealthy)));
    assert_eq!((one.template.as_deref(), one.label("template")), (Some("demo"), Some("demo")));
    assert_eq!((one.state_word(), one.running_since()), ("failed", None));
    assert_eq!(details.checks, ["no"]);
}

#[test]
fn processors_are_counted_in_a_set() {
    for (set, count) in [("0-3,7", Some(5)), ("1", Some(1)), ("", None), ("3-1", None), ("x", None)] {
        assert_eq!(cpus_in(set), count, "{set}");
    }
}
