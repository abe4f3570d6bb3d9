//! Whether a container that says so nowhere looks like an MCP server.

use std::time::Duration;

use super::client::{Client, Wait, to_url};
use super::deployment::Deployment;

/// Lines that are looked at.
const LINES: usize = 50;

/// Bytes that are looked at.
const BYTES: usize = 64 * 1024;

/// What only MCP servers print: names of the protocol, of its methods and of its libraries.
const MARKS: &[&str] = &[
    "Model Context Protocol",
    "FastMCP",
    "mcp.server",
    "MCP server",
    "MCP Server",
    "tools/call",
    "tools/list",
    "CallToolRequest",
    "ListToolsRequest",
    "tool_call:",
    "POST /mcp",
];

/// Whether the name or the image has `mcp` as a word.
pub fn of_name(deployment: &Deployment) -> bool {
    let has =
        |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w.eq_ignore_ascii_case("mcp"));
    has(&deployment.name) || deployment.image.as_deref().is_some_and(has)
}

/// Whether its last lines look like it. What cannot be read within `patience` does not.
pub async fn of_lines(client: &Client, id: &str, patience: Duration) -> bool {
    let path = format!("/containers/{}/logs?stdout=1&stderr=1&tail={LINES}", to_url(id));
    let read = async {
        let mut body = client.get(&path, Wait::Answer).await.ok()?.checked().await.ok()?.body;
        let mut text = Vec::new();
        while text.len() < BYTES {
            let Ok(Some(piece)) = body.next().await else { break };
            text.extend_from_slice(&piece);
        }
        Some(text)
    };
    let text = tokio::time::timeout(patience, read).await.ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    MARKS.iter().any(|mark| text.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mcp_is_a_word_in_the_name_or_image() {
        let of = |name: &str, image: &str| {
            of_name(&Deployment { name: name.into(), image: Some(image.into()), ..Deployment::default() })
        };
        assert!(
            of("my-mcp-server", "x") && of("x", "ghcr.io/a/mcp:1") && of("x", "mcp/git") && of("MCP", "x")
        );
        assert!(!of("tmcpx", "redis:7") && !of("mcpp", "x"));
    }
}
