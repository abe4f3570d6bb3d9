//! Lines and what is read of them.

use super::table;

#[test]
fn lines_of_python() {
    table(&[
        ("2025-01-27 16:47:30,126 ERROR server: text", "python 2025-01-27T16:47:30.126 ERROR [server] text"),
        (
            "2026-11-22 14:41:20,239 - docket.worker - INFO - Starting worker 'vm#4290' with the following tasks:",
            "python 2026-11-22T14:41:20.239 INFO [docket.worker] Starting worker 'vm#4290' with the following tasks:",
        ),
        (
            "2026-11-22 14:41:20,239 - INFO - started server - ok",
            "python 2026-11-22T14:41:20.239 INFO [] started server - ok",
        ),
        (
            "2026-11-22 14:41:20,239 - INFO - mcp.server - started",
            "python 2026-11-22T14:41:20.239 INFO [mcp.server] started",
        ),
        (
            "2026-11-22 14:41:20,239 - root - WARNING: careful",
            "python 2026-11-22T14:41:20.239 WARN [root] careful",
        ),
        (
            "2026-11-22 14:41:20,239 - my service - ERROR - boom",
            "python 2026-11-22T14:41:20.239 ERROR [my service] boom",
        ),
        (
            "2026-11-22 14:41:20,239 - mcp.server - INFO - server.py:42 - started",
            "python 2026-11-22T14:41:20.239 INFO [mcp.server] started | code.file: server.py | code.line: int 42",
        ),
        (
            "2026-11-22 14:41:20,239 - mcp.server - [INFO] - MainThread - started",
            "python 2026-11-22T14:41:20.239 INFO [mcp.server] started | thread.name: MainThread",
        ),
        (
            "2026-11-22 14:41:20,239 - 42 - mcp.server - DEBUG - started",
            "python 2026-11-22T14:41:20.239 DEBUG [mcp.server] started | process.pid: int 42",
        ),
        (
            "2026-11-22 14:41:20,239 - Listening on 8000 - ready",
            "timestamp 2026-11-22T14:41:20.239 - [] Listening on 8000 - ready",
        ),
        (
            "2026-11-22 19:52:32,084 | INFO     | uvicorn.access | 127.0.0.1:42826 - \"POST /mcp HTTP/1.1\" 200",
            "bars 2026-11-22T19:52:32.084 INFO [uvicorn.access] 127.0.0.1:42826 - \"POST /mcp HTTP/1.1\" 200 | http.method: POST | http.path: /mcp | http.version: 1.1 | http.status: int 200 | client.ip: 127.0.0.1 | client.port: int 42826",
        ),
        (
            "2026-11-22 19:52:32,111 | WARNING  | sample.tools | slow query seconds=1.2 note=\"a b\"",
            "bars 2026-11-22T19:52:32.111 WARN [sample.tools] slow query seconds=1.2 note=\"a b\" | seconds=float 1.2 | note=a b",
        ),
        (
            "2026-11-22 19:52:32,111 | queue | 12 waiting",
            "timestamp 2026-11-22T19:52:32.111 - [] queue | 12 waiting",
        ),
        ("2026-11-22 19:52:32|INFO|mcp.server|started", "bars 2026-11-22T19:52:32 INFO [mcp.server] started"),
        (
            "INFO:docket.worker:* trace(message: str, ...)",
            "python - INFO [docket.worker] * trace(message: str, ...)",
        ),
        ("WARNING:root:careful", "python - WARN [root] careful"),
        ("INFO:started", "python - INFO [] started"),
        ("INFO:http://example.com answered", "python - INFO [] http://example.com answered"),
        ("INFO: Starting MCP server 'sample-server'", "python - INFO [] Starting MCP server 'sample-server'"),
        (
            "INFO: {\"event\": \"request_start\", \"method\": \"tools/call\"}",
            "python - INFO [] {\"event\": \"request_start\", \"method\": \"tools/call\"}",
        ),
        ("ERROR: 2026-11-22 14:41:20,239 - boom", "python 2026-11-22T14:41:20.239 ERROR [] boom"),
        (
            "INFO     mcp.server:server.py:42 started",
            "leveled - INFO [mcp.server] started | code.file: server.py | code.line: int 42",
        ),
        (
            "INFO 2026-11-22 19:46:55,123 views 123 140456123 started",
            "python 2026-11-22T19:46:55.123 INFO [views] started | process.pid: int 123 | thread.id: int 140456123",
        ),
        (
            "2026-11-22 19:46:55,123 INFO Starting: phase 1",
            "python 2026-11-22T19:46:55.123 INFO [] Starting: phase 1",
        ),
        (
            "2026-11-22 19:46:55,123 INFO [mcp.server] [server.py:42] started",
            "python 2026-11-22T19:46:55.123 INFO [mcp.server] started | code.file: server.py | code.line: int 42",
        ),
        (
            "2026-11-22 19:46:55,123 INFO [tool] read_file called",
            "python 2026-11-22T19:46:55.123 INFO [tool] [tool] read_file called",
        ),
        (
            "2026-11-22 19:46:55,123 DEBUG [sample-server] Handler called: call_tool read_file with {'path': '/x'}",
            "python 2026-11-22T19:46:55.123 DEBUG [sample-server] [sample-server] Handler called: call_tool read_file with {'path': '/x'}",
        ),
        (
            "2026-11-22 19:46:55,123 mcp.server INFO started",
            "python 2026-11-22T19:46:55.123 INFO [mcp.server] started",
        ),
        (
            "2026-11-22 19:46:55,123 [MainThread] [INFO] started",
            "brackets 2026-11-22T19:46:55.123 INFO [] started | thread.name: MainThread",
        ),
        (
            "2026-11-22 19:46:55,123 INFO MainThread mcp.server: started",
            "python 2026-11-22T19:46:55.123 INFO [mcp.server] started | thread.name: MainThread",
        ),
        (
            "2026-11-22 19:46:55,123:mcp.server:INFO:started",
            "python 2026-11-22T19:46:55.123 INFO [mcp.server] started",
        ),
        ("2026-11-22 19:46:55,123:INFO:started", "python 2026-11-22T19:46:55.123 INFO [] started"),
        (
            "2026-11-22 19:46:55 myhost app[123] INFO Started",
            "python 2026-11-22T19:46:55 INFO [app] Started | syslog.host: myhost | process.pid: int 123",
        ),
        (
            "2026-11-22 19:46:55,123 Sending ERROR to client",
            "timestamp 2026-11-22T19:46:55.123 - [] Sending ERROR to client",
        ),
        (
            "2026-11-22 19:46:55,123 Waiting for INFO from server",
            "timestamp 2026-11-22T19:46:55.123 - [] Waiting for INFO from server",
        ),
        ("2026-11-22 19:46:55,123 Status: ERROR", "timestamp 2026-11-22T19:46:55.123 - [] Status: ERROR"),
        (
            "[2026-11-22 19:46:55,123] ERROR in app: Exception on / [GET]",
            "flask 2026-11-22T19:46:55.123 ERROR [app] Exception on / [GET]",
        ),
        (
            "[2026-11-22 19:46:55,123: INFO/MainProcess] Connected to redis",
            "brackets 2026-11-22T19:46:55.123 INFO [] Connected to redis | thread.name: MainProcess",
        ),
        (
            "[2026-11-22 19:56:36 +0000] [25003] [INFO] Starting gunicorn 27.0.1",
            "brackets 2026-11-22T19:56:36Z INFO [] Starting gunicorn 27.0.1 | process.pid: int 25003",
        ),
        (
            "[2026-11-22 19:56:36 +0000] [25003] Starting",
            "timestamp 2026-11-22T19:56:36Z - [] [25003] Starting",
        ),
        (
            "[I 2026-11-22 19:46:55.123 ServerApp] Serving notebooks",
            "tornado 2026-11-22T19:46:55.123 INFO [ServerApp] Serving notebooks",
        ),
        (
            "[W 261122 19:46:55 web:2250] 404 GET /x (127.0.0.1) 0.50ms",
            "tornado 2026-11-22T19:46:55 WARN [web] 404 GET /x (127.0.0.1) 0.50ms | code.line: int 2250",
        ),
        ("[I am here] text", "none"),
        ("foo - WARN - bar", "python - WARN [foo] bar"),
        ("server:ERROR:down", "python - ERROR [server] down"),
        ("mcp.server: [ERROR] down", "python - ERROR [mcp.server] down"),
        ("foo - bar - baz", "none"),
    ]);
}
