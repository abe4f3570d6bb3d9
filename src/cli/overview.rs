//! `mcpp` alone: one screen that says what is here and what to type next.

use crate::platform::deployment::State;
use crate::platform::engine::{self, NotFound, Surroundings, Tried, Wanted};
use crate::platform::select::is_mcp;
use crate::platform::{Client, Deployment};

use super::{connect, print};

/// Prints the screen; exits 0 whether or not an engine is there.
pub fn run() -> u8 {
    let around = Surroundings::here();
    let runtime = match connect::runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let found = runtime.block_on(async {
        let client = engine::find(&Wanted::default(), &around).await?;
        let listed = client.containers(false).await.map_err(|cause| cause.to_string());
        Ok(Here {
            engine: to_line(&client),
            deployments: listed.map_or_else(|cause| cause, |all| count(&all)),
        })
    });
    let fixture = std::path::Path::new("pipelines/quickstart.yaml").exists();
    print(&screen(&found, fixture))
}

fn to_line(client: &Client) -> String {
    format!("{} Engine {} (API {}) at {}", client.product(), client.version(), client.api(), client.address())
}

/// What is here, in words.
struct Here {
    engine: String,
    deployments: String,
}

/// `3 of MCP servers, 2 running, among 7 containers`
fn count(all: &[Deployment]) -> String {
    let ours: Vec<&Deployment> = all.iter().filter(|one| is_mcp(one)).collect();
    let running = ours.iter().filter(|one| one.state == State::Running).count();
    match ours.len() {
        0 => format!("none of MCP servers among {} containers", all.len()),
        total => format!("{total} of MCP servers, {running} running, among {} containers", all.len()),
    }
}

fn screen(found: &Result<Here, NotFound>, in_checkout: bool) -> String {
    let mut text =
        format!("mcpp {}: the logs of MCP servers in containers, made useful\n\n", env!("CARGO_PKG_VERSION"));
    match found {
        Ok(Here { engine, deployments }) => {
            text += &format!("engine        {engine}\ndeployments   {deployments}\n");
        }
        Err(NotFound { tried, .. }) => {
            text += "engine   none found\n";
            for Tried { place, why, .. } in tried {
                text += &format!("           {place}: {why}\n");
            }
        }
    }
    text += "\nTry\n";
    let mut lines = Vec::new();
    if found.is_ok() {
        lines.push(("mcpp logs --all --follow --filter 'ERROR|WARN'", "every deployment in one stream"));
        lines.push(("mcpp status --watch", "health, processors and memory of each"));
    }
    if in_checkout {
        lines.push((
            "mcpp run pipelines/quickstart.yaml --once",
            "recorded servers: a readable stream and a summary",
        ));
    }
    lines.push((
        "mcpp logs --file server.log --filter 'ERROR|WARN'",
        "files, compressed ones too, merged in time order",
    ));
    lines.push(("mcpp check pipeline.yaml --explain", "what a pipeline does, before it runs"));
    lines.push(("mcpp --help", "every command"));
    lines.truncate(3);
    let width = lines.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    for (command, meaning) in lines {
        text += &format!("  {command:width$}   {meaning}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::engine::NamedBy;

    #[test]
    fn one_screen_with_three_commands_engine_or_not() {
        let place = "unix:///var/run/docker.sock".to_owned();
        let tried = Tried { place, why: "no such socket".into(), advice: None };
        let not_found = NotFound { by: NamedBy::Usual, tried: vec![tried; 4] };
        let without = screen(&Err(not_found), true);
        assert!(without.contains("none found\n           unix:///var/run/docker.sock: no such"), "{without}");
        let line = "Docker Engine 20.10.24 (API 1.41) at unix:///run/x.sock";
        let deployment = |label: &str, state| Deployment {
            labels: vec![(label.to_owned(), "demo".to_owned())],
            state,
            ..Deployment::default()
        };
        let all = [
            deployment("template", State::Running),
            deployment("template", State::Exited),
            deployment("other", State::Running),
        ];
        let deployments = count(&all);
        assert_eq!(deployments, "2 of MCP servers, 1 running, among 3 containers");
        assert_eq!(count(&all[2..]), "none of MCP servers among 1 containers");
        let with = screen(&Ok(Here { engine: line.to_owned(), deployments }), false);
        assert!(with.contains(line) && with.contains("\ndeployments   2 of"), "{with}");
        for text in [without, with] {
            assert!(text.lines().count() <= 24);
            let commands = text.lines().skip_while(|line| *line != "Try").skip(1);
            assert_eq!(commands.filter(|line| line.contains("mcpp")).count(), 3, "{text}");
        }
    }
}
