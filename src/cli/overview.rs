//! `mcpp` alone: one screen that says what is here and what to type next.

use crate::platform::Client;
use crate::platform::engine::{self, NotFound, Surroundings, Tried, Wanted};

use super::{connect, print};

/// Prints the screen; exits 0 whether or not an engine is there.
pub fn run() -> u8 {
    let around = Surroundings::here();
    let found = match connect::runtime() {
        Ok(runtime) => runtime.block_on(engine::find(&Wanted::default(), &around)),
        Err(code) => return code,
    };
    let fixture = std::path::Path::new("pipelines/quickstart.yaml").exists();
    print(&screen(&found.as_ref().map(to_line), fixture))
}

fn to_line(client: &Client) -> String {
    format!("{} Engine {} (API {}) at {}", client.product(), client.version(), client.api(), client.address())
}

fn screen(found: &Result<String, &NotFound>, in_checkout: bool) -> String {
    let mut text =
        format!("mcpp {}: the logs of MCP servers in containers, made useful\n\n", env!("CARGO_PKG_VERSION"));
    match found {
        Ok(line) => text += &format!("engine   {line}\n"),
        Err(NotFound { tried, .. }) => {
            text += "engine   none found\n";
            for Tried { place, why, .. } in tried {
                text += &format!("           {place}: {why}\n");
            }
        }
    }
    text += "\nTry\n";
    let mut lines = Vec::new();
    if in_checkout {
        lines.push((
            "mcpp run pipelines/quickstart.yaml --once",
            "recorded servers: a readable stream and a summary",
        ));
    }
    if found.is_ok() && cfg!(unix) {
        lines
            .push(("docker logs -t NAME 2>&1 | mcpp logs -", "one container, readable, with its tool calls"));
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
        let without = screen(&Err(&not_found), true);
        assert!(without.contains("none found\n           unix:///var/run/docker.sock: no such"), "{without}");
        let line = "Docker Engine 20.10.24 (API 1.41) at unix:///run/x.sock";
        let with = screen(&Ok(line.to_owned()), false);
        assert!(with.contains(line), "{with}");
        for text in [without, with] {
            assert!(text.lines().count() <= 24);
            let commands = text.lines().skip_while(|line| *line != "Try").skip(1);
            assert_eq!(commands.filter(|line| line.contains("mcpp")).count(), 3, "{text}");
        }
    }
}
