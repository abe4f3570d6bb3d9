//! Lines and what is read of them.

use super::table;

#[test]
fn lines_of_node() {
    table(&[
        (
            "2026-11-22 19:59:44 [ERROR]: Tool call failed: broken (1ms) - no such key",
            "winston 2026-11-22T19:59:44 ERROR [] Tool call failed: broken (1ms) - no such key",
        ),
        (
            "2026-11-22T19:59:44.123Z [info]: Tool call finished {\"duration\":1,\"tool\":\"chatty\"}",
            "winston 2026-11-22T19:59:44.123Z INFO [] Tool call finished {\"duration\":1,\"tool\":\"chatty\"} | duration=int 1 | tool=chatty",
        ),
        ("2026-11-22T19:59:44.123Z info: started", "winston 2026-11-22T19:59:44.123Z INFO [] started"),
        (
            "error: Tool call failed {\"duration\":1,\"error\":\"no such key\\nsecond line: zzz\",\"tool\":\"broken\"}",
            "winston - ERROR [] Tool call failed | duration=int 1 | error=escaped no such key\\nsecond line: zzz | tool=broken",
        ),
        (
            "info: started {\"timestamp\":\"2026-11-22T19:59:44.123Z\",\"ok\":true,\"none\":null}",
            "winston 2026-11-22T19:59:44.123Z INFO [] started | ok=json true",
        ),
        ("warn: text {not json}", "winston - WARN [] text {not json}"),
        ("error: text {\"open\":1", "winston - ERROR [] text {\"open\":1"),
        ("debug: text", "winston - DEBUG [] text"),
        ("Error: text", "none"),
        (
            "2026-11-22T19:59:31.488Z mcp:tool call broken { kind: 'zzz' }",
            "debug 2026-11-22T19:59:31.488Z - [mcp:tool] call broken { kind: 'zzz' }",
        ),
        (
            "2026-11-22T19:59:31.488Z https://example.com is up",
            "timestamp 2026-11-22T19:59:31.488Z - [] https://example.com is up",
        ),
        ("  mcp:tool call read_file +2ms", "debug - - [mcp:tool] call read_file"),
        ("    mcp:tool call read_file +2ms", "none"),
        ("[19:46:55.123] INFO (123): msg", "pino-pretty 19:46:55.123 INFO [] msg | process.pid: int 123"),
        (
            "[19:46:55.123] ERROR (server/123 on host): boom",
            "pino-pretty 19:46:55.123 ERROR [server] boom | process.pid: int 123",
        ),
        (
            "[2026-11-22 19:46:55.123 +0000] WARN (123): careful",
            "pino-pretty 2026-11-22T19:46:55.123Z WARN [] careful | process.pid: int 123",
        ),
        ("[19:46:55.123] INFO: msg", "logback 19:46:55.123 INFO [] msg"),
        (
            "[2026-11-22T19:46:55.123Z]  INFO: server/123 on host: started",
            "bunyan 2026-11-22T19:46:55.123Z INFO [server] started | process.pid: int 123",
        ),
        ("[FastMCP info] server is running", "brackets - INFO [FastMCP] server is running"),
        (
            "[FastMCP warning] could not infer client capabilities",
            "brackets - WARN [FastMCP] could not infer client capabilities",
        ),
        ("[FastMCP information desk] text", "none"),
        ("[mcp-proxy] received delete request", "tagged - - [mcp-proxy] [mcp-proxy] received delete request"),
        (
            "[tool] broken error: quota exceeded for [user] 42",
            "tagged - - [tool] [tool] broken error: quota exceeded for [user] 42",
        ),
        ("[tool]broken", "none"),
        (
            "[Nest] 123  - 11/22/2026, 7:46:55 PM     LOG [NestFactory] Starting Nest application...",
            "nest 2026-11-22T19:46:55 INFO [NestFactory] Starting Nest application... | process.pid: int 123",
        ),
        (
            "[Nest] 123  - 11/22/2026, 7:46:55 PM   ERROR boom",
            "nest 2026-11-22T19:46:55 ERROR [] boom | process.pid: int 123",
        ),
        ("[Nest] is a framework", "tagged - - [Nest] [Nest] is a framework"),
        (
            "[2026-11-22T19:46:55.123] [INFO] default - started",
            "brackets 2026-11-22T19:46:55.123 INFO [default] started",
        ),
        ("npm WARN deprecated x@1.0.0", "npm - WARN [npm] deprecated x@1.0.0"),
        ("npm ERR! code ELIFECYCLE", "npm - ERROR [npm] code ELIFECYCLE"),
        ("npm install", "none"),
        ("info  - ready", "python - INFO [] ready"),
    ]);
}
