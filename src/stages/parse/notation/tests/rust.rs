//! Lines and what is read of them.

use super::table;

#[test]
fn lines_of_rust() {
    table(&[
        (
            "2026-11-22T19:46:45.060702Z  INFO rmcp_server: listening on http://127.0.0.1:33443/mcp",
            "tracing 2026-11-22T19:46:45.060702Z INFO [rmcp_server] listening on http://127.0.0.1:33443/mcp",
        ),
        (
            "2026-11-22T19:46:46.624312Z  INFO tools/call{tool=read_file}:read_file{path=\"/etc/hosts\"}: rmcp_server: reading file path=/etc/hosts bytes=42",
            "tracing 2026-11-22T19:46:46.624312Z INFO [rmcp_server] reading file | path=/etc/hosts | bytes=int 42 | tool=read_file | span: tools/call{tool=read_file}:read_file{path=\"/etc/hosts\"}",
        ),
        (
            "2026-11-22T20:06:43.715515Z ERROR tokio-rt-worker ThreadId(03) serve_inner:broken{kind=Some(\"zzz\")}: rmcp_server: src/main.rs:68: tool failed error=lookup failed",
            "tracing 2026-11-22T20:06:43.715515Z ERROR [rmcp_server] tool failed | error=lookup failed | kind=Some(\"zzz\") | thread.name: tokio-rt-worker | thread.id: int 3 | code.file: src/main.rs | code.line: int 68 | span: serve_inner:broken{kind=Some(\"zzz\")}",
        ),
        (
            "2026-11-22T19:46:05.136910Z DEBUG serve_inner: rmcp::service: received request id=6 request=CallToolRequest(Request { name: \"a=b c=d\", n: 1 })",
            "tracing 2026-11-22T19:46:05.13691Z DEBUG [rmcp::service] received request | id=int 6 | request=CallToolRequest(Request { name: \"a=b c=d\", n: 1 }) | span: serve_inner",
        ),
        (
            "2026-11-22T19:46:05.131101Z DEBUG request{method=POST uri=/mcp version=HTTP/1.1}: tower_http::trace::on_response: finished processing request latency=2 ms status=200",
            "tracing 2026-11-22T19:46:05.131101Z DEBUG [tower_http::trace::on_response] finished processing request | latency=2 ms | status=int 200 | method=POST | uri=/mcp | version=HTTP/1.1 | span: request{method=POST uri=/mcp version=HTTP/1.1}",
        ),
        (
            "2026-11-22T19:46:05.137227Z ERROR serve_inner:broken: rmcp_server: error=-32603: lookup failed",
            "tracing 2026-11-22T19:46:05.137227Z ERROR [rmcp_server] error=-32603: lookup failed | error=-32603: lookup failed | span: serve_inner:broken",
        ),
        (
            "2026-11-22T19:46:31.058346Z  INFO call{tool=\"x y\" status=ok}: rmcp_server: close time.busy=92.0µs time.idle=7.26µs",
            "tracing 2026-11-22T19:46:31.058346Z INFO [rmcp_server] close | time.busy=92.0µs | time.idle=7.26µs | tool=x y | status=ok | span: call{tool=\"x y\" status=ok}",
        ),
        (
            "2026-11-22T19:46:45.060702+01:00  WARN my_crate::module: careful",
            "tracing 2026-11-22T18:46:45.060702Z WARN [my_crate::module] careful",
        ),
        (
            "2026-11-22 19:46:45.060702  INFO outer{a=1}: my_crate: local time",
            "tracing 2026-11-22T19:46:45.060702 INFO [my_crate] local time | a=int 1 | span: outer{a=1}",
        ),
        (
            "2026-11-22T19:46:45.060702Z TRACE text without target",
            "python 2026-11-22T19:46:45.060702Z TRACE [] text without target",
        ),
        (" INFO rmcp_server: listening", "tracing - INFO [rmcp_server] listening"),
        ("DEBUG my_crate::module: text a=1", "tracing - DEBUG [my_crate::module] text | a=int 1"),
        (" INFO my_crate > text", "env_logger - INFO [my_crate] text"),
        (" INFO  two blanks", "none"),
        (
            "  2026-11-22T19:46:45.060702Z  INFO rmcp_server: listening, port: 8000",
            "tracing-pretty 2026-11-22T19:46:45.060702Z INFO [rmcp_server] listening, port: 8000",
        ),
        ("    at src/main.rs:12", "none"),
        (
            "[2026-11-22T19:46:55Z INFO  my_app::target] msg",
            "env_logger 2026-11-22T19:46:55Z INFO [my_app::target] msg",
        ),
        (
            "[2026-11-22T19:46:55Z ERROR my_app] boom a=b",
            "env_logger 2026-11-22T19:46:55Z ERROR [my_app] boom a=b | a=b",
        ),
        ("[2026-11-22T19:46:55Z HELLO my_app] boom", "none"),
        ("[INFO  my_app] msg", "brackets - INFO [my_app] msg"),
        ("[INFO something else] msg", "none"),
        (
            "2026-11-22T19:46:55.123456+00:00 INFO my::target - msg",
            "python 2026-11-22T19:46:55.123456Z INFO [my::target] msg",
        ),
        (
            "[2026-11-22][19:46:55][my_target][INFO] msg",
            "brackets 2026-11-22T19:46:55 INFO [] msg | thread.name: my_target",
        ),
        ("thread 'main' (19547) panicked at src/main.rs:175:11:", "none"),
        ("Error: cannot listen on 127.0.0.1:23457", "none"),
    ]);
}
