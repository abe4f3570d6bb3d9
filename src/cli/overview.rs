//! `mcpp` alone: one screen that says what is here and what to type next.

use crate::platform::engine::{self, Engine, Tried};

use super::print;

/// Prints the screen; exits 0 whether or not an engine is there.
pub fn run() -> u8 {
    let sockets = engine::sockets(|name| std::env::var(name).ok());
    let found = engine::find(&sockets);
    let fixture = std::path::Path::new("pipelines/quickstart.yaml").exists();
    print(&screen(&found, fixture))
}

fn screen(found: &Result<Engine, Vec<Tried>>, in_checkout: bool) -> String {
    let mut text =
        format!("mcpp {}: the logs of MCP servers in containers, made useful\n\n", env!("CARGO_PKG_VERSION"));
    match found {
        Ok(engine) => {
            let Engine { product, version, api, socket } = engine;
            text += &format!("engine   {product} {version} (API {api}) at {}\n", socket.display());
        }
        Err(tried) => {
            text += "engine   none found\n";
            if tried.is_empty() {
                text += "           DOCKER_HOST names no unix socket\n";
            }
            for Tried { socket, why } in tried {
                text += &format!("           {}: {why}\n", socket.display());
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

    #[test]
    fn one_screen_with_three_commands_engine_or_not() {
        let tried = vec![Tried { socket: "/var/run/docker.sock".into(), why: "no such socket".into() }];
        let engine = Engine {
            socket: "/run/x.sock".into(),
            product: "Docker".into(),
            version: "20.10.24".into(),
            api: "1.41".into(),
        };
        let without = screen(&Err(tried), true);
        assert!(without.contains("none found\n           /var/run/docker.sock: no such socket"), "{without}");
        let with = screen(&Ok(engine), false);
        assert!(with.contains("Docker 20.10.24 (API 1.41) at /run/x.sock"), "{with}");
        for text in [without, with] {
            assert!(text.lines().count() <= 24);
            let commands = text.lines().skip_while(|line| *line != "Try").skip(1);
            assert_eq!(commands.filter(|line| line.contains("mcpp")).count(), 3, "{text}");
        }
    }
}
