//! Lines and what is read of them.

use super::table;

#[test]
fn lines_of_layouts() {
    table(&[
        ("2026/11/22 19:46:55 INFO msg key=value", "slog 2026-11-22T19:46:55 INFO [] msg | key=value"),
        ("INFO msg key=value", "leveled - INFO [] msg key=value | key=value"),
        ("DEBU msg key=value", "zerolog - DEBUG [] msg | key=value"),
        ("ERRO failed err=\"a b\"", "zerolog - ERROR [] failed | err=a b"),
        ("FATA boom", "zerolog - FATAL [] boom"),
        (
            "2026-11-22T19:46:55.123Z [INFO]  core.runner: started: key=value",
            "brackets 2026-11-22T19:46:55.123Z INFO [core.runner] started: key=value | key=value",
        ),
        (
            "2026-11-22T19:46:55.123Z [ERROR] plugin: exited: error=\"exit status 1\"",
            "brackets 2026-11-22T19:46:55.123Z ERROR [plugin] exited: error=\"exit status 1\" | error=exit status 1",
        ),
        (
            "2026-11-22T19:46:55.123Z INFO  [my_target] msg",
            "python 2026-11-22T19:46:55.123Z INFO [my_target] [my_target] msg",
        ),
        ("INFO [my::target] msg", "leveled - INFO [my::target] msg"),
        (" INFO  my_target > msg", "env_logger - INFO [my_target] msg"),
        (
            "[19:46:55 ERR] HTTP GET / responded 500 in 12 ms",
            "serilog 19:46:55 ERROR [] HTTP GET / responded 500 in 12 ms",
        ),
        (
            "2026-11-22 19:46:55.123 +00:00 [INF] Application started",
            "brackets 2026-11-22T19:46:55.123Z INFO [] Application started",
        ),
        (
            "2026-11-22 19:46:55.1234 INFO Application started",
            "python 2026-11-22T19:46:55.1234 INFO [] Application started",
        ),
        (
            "info: Acme.Server[0] Application started",
            "dotnet - INFO [Acme.Server] Application started | event.code: int 0",
        ),
        ("<6>Acme.Server[0] Application started", "syslog - INFO [] Acme.Server[0] Application started"),
        (
            "19:46:55.123 [info] Running Endpoint with cowboy",
            "brackets 19:46:55.123 INFO [] Running Endpoint with cowboy",
        ),
        (
            "2026-11-22T19:46:55+0000 info my.label : [Source] msg",
            "python 2026-11-22T19:46:55Z INFO [my.label] [Source] msg",
        ),
        (
            "2026-11-22T19:46:55+0000 error my.label : tool=x [Source] msg",
            "python 2026-11-22T19:46:55Z ERROR [my.label] tool=x [Source] msg",
        ),
        (
            "[2026-11-22 19:46:55 +0000] [1] [INFO] Running on http://0.0.0.0:8000 (CTRL + C to quit)",
            "brackets 2026-11-22T19:46:55Z INFO [] Running on http://0.0.0.0:8000 (CTRL + C to quit) | process.pid: int 1",
        ),
        ("2026-11-22T19:46:55+0000 [-] Log opened.", "timestamp 2026-11-22T19:46:55Z - [] [-] Log opened."),
        (
            "2026-11-22T19:46:55+0000 [stdout#info] hello",
            "timestamp 2026-11-22T19:46:55Z - [] [stdout#info] hello",
        ),
        (
            "[2026-11-22 19:46:55,123: WARNING/ForkPoolWorker-1] careful",
            "brackets 2026-11-22T19:46:55.123 WARN [] careful | thread.name: ForkPoolWorker-1",
        ),
        (
            "2026-11-22 19:46:55,123 [INFO] mcp.server: started",
            "brackets 2026-11-22T19:46:55.123 INFO [mcp.server] started",
        ),
        (
            "2026-11-22 19:46:55,123 [INFO] started server",
            "brackets 2026-11-22T19:46:55.123 INFO [] started server",
        ),
        (
            "2026-11-22 19:46:55,123 [MainThread] [INFO] started server",
            "brackets 2026-11-22T19:46:55.123 INFO [] started server | thread.name: MainThread",
        ),
        (
            "2026-11-22 19:46:55,123 mcp.server INFO started server",
            "python 2026-11-22T19:46:55.123 INFO [mcp.server] started server",
        ),
        (
            "2026-11-22 19:46:55,123 mcp.server [INFO] started server",
            "brackets 2026-11-22T19:46:55.123 INFO [mcp.server] started server",
        ),
        (
            "2026-11-22 19:46:55,123 INFO mcp.server started server",
            "python 2026-11-22T19:46:55.123 INFO [] mcp.server started server",
        ),
        (
            "2026-11-22 19:46:55,123 - INFO - started server - ok",
            "python 2026-11-22T19:46:55.123 INFO [] started server - ok",
        ),
        ("2026-11-22 19:46:55,123 - root - ERROR - boom", "python 2026-11-22T19:46:55.123 ERROR [root] boom"),
        ("2026-11-22 19:46:55,123 - INFO: started", "python 2026-11-22T19:46:55.123 INFO [] started"),
        (
            "2026-11-22 19:46:55 INFO:mcp.server:started",
            "python 2026-11-22T19:46:55 INFO [mcp.server] started",
        ),
        (
            "2026-11-22 19:46:55,123 [12345] INFO mcp.server: started",
            "python 2026-11-22T19:46:55.123 INFO [mcp.server] started | process.pid: int 12345",
        ),
        (
            "2026-11-22 19:46:55,123 - mcp.server - INFO - server.py:42 - started",
            "python 2026-11-22T19:46:55.123 INFO [mcp.server] started | code.file: server.py | code.line: int 42",
        ),
        (
            "2026-11-22 19:46:55,123 - mcp.server - [INFO] - started",
            "python 2026-11-22T19:46:55.123 INFO [mcp.server] started",
        ),
        (
            "2026-11-22 19:46:55,123 INFO [mcp.server:42] started",
            "python 2026-11-22T19:46:55.123 INFO [mcp.server] started | code.line: int 42",
        ),
        (
            "2026-11-22 19:46:55,123 INFO server.py:42 started",
            "python 2026-11-22T19:46:55.123 INFO [] started | code.file: server.py | code.line: int 42",
        ),
        (
            "2026-11-22 19:46:55,123 INFO server.py:42: started",
            "python 2026-11-22T19:46:55.123 INFO [] started | code.file: server.py | code.line: int 42",
        ),
        (
            "[INFO] 2026-11-22 19:46:55,123 mcp.server: started",
            "brackets 2026-11-22T19:46:55.123 INFO [mcp.server] started",
        ),
        ("[INFO] [2026-11-22T19:46:55.123Z] started", "brackets 2026-11-22T19:46:55.123Z INFO [] started"),
        ("[INFO][mcp.server] started", "brackets - INFO [mcp.server] started"),
        ("[INFO] mcp.server: started", "brackets - INFO [mcp.server] started"),
        ("[INFO]: started", "winston - INFO [] started"),
        ("[2026-11-22 19:46:55] INFO: started", "python 2026-11-22T19:46:55 INFO [] started"),
        ("[2026-11-22 19:46:55] INFO - started", "python 2026-11-22T19:46:55 INFO [] started"),
        (
            "[2026-11-22 19:46:55] mcp.server INFO: started",
            "python 2026-11-22T19:46:55 INFO [mcp.server] started",
        ),
        (
            "[2026-11-22T19:46:55.123Z] [INFO] mcp - started",
            "brackets 2026-11-22T19:46:55.123Z INFO [mcp] started",
        ),
        (
            "[2026-11-22T19:46:55.123Z] INFO (server/123 on host): started",
            "pino-pretty 2026-11-22T19:46:55.123Z INFO [server] started | process.pid: int 123",
        ),
        ("[19:46:55.123] ERROR (123): boom", "pino-pretty 19:46:55.123 ERROR [] boom | process.pid: int 123"),
        ("19:46:55 INFO started", "logback 19:46:55 INFO [] started"),
        (
            "19:46:55.123 INFO  [main] org.acme.Main - started",
            "logback 19:46:55.123 INFO [org.acme.Main] started | thread.name: main",
        ),
        (
            "19:46:55.123 [main] INFO  o.a.Main - started",
            "logback 19:46:55.123 INFO [o.a.Main] started | thread.name: main",
        ),
        (
            "2026-11-22 19:46:55.123  INFO 1 --- [           main] o.a.Main : started",
            "spring-boot 2026-11-22T19:46:55.123 INFO [o.a.Main] started | process.pid: int 1 | thread.name: main",
        ),
        (
            "2026-11-22 19:46:55 [main] INFO:  started",
            "python 2026-11-22T19:46:55 INFO [] started | thread.name: main",
        ),
        (
            "[2026-11-22T19:46:55.123+0000] [INFO] [server] started",
            "brackets 2026-11-22T19:46:55.123Z INFO [server] [server] started",
        ),
        ("2026-11-22T19:46:55.123Z info: started", "winston 2026-11-22T19:46:55.123Z INFO [] started"),
        ("2026-11-22T19:46:55.123Z - info: started", "winston 2026-11-22T19:46:55.123Z INFO [] started"),
        ("2026-11-22T19:46:55.123Z [info] started", "brackets 2026-11-22T19:46:55.123Z INFO [] started"),
        (
            "2026-11-22T19:46:55.123Z [info]: started {\"service\":\"x\"}",
            "winston 2026-11-22T19:46:55.123Z INFO [] started {\"service\":\"x\"} | service=x",
        ),
        ("2026-11-22T19:46:55.123Z info started", "python 2026-11-22T19:46:55.123Z INFO [] started"),
        ("2026-11-22 19:46:55 info: started", "winston 2026-11-22T19:46:55 INFO [] started"),
        ("[info] started", "brackets - INFO [] started"),
        ("[Server] INFO: started", "brackets - INFO [Server] started"),
        ("[server] started", "tagged - - [server] [server] started"),
        ("(info) started", "none"),
        ("ℹ started", "none"),
        ("✖ boom", "none"),
        ("DEBUG - started", "python - DEBUG [] started"),
        ("INFO - mcp.server - started", "python - INFO [mcp.server] started"),
        ("INFO | mcp.server | started", "bars - INFO [mcp.server] started"),
        ("INFO     root: started", "leveled - INFO [root] started"),
        ("CRITICAL:root:down", "python - FATAL [root] down"),
        (
            "INFO  [2026-11-22 19:46:55,123] org.acme: started",
            "python 2026-11-22T19:46:55.123 INFO [org.acme] started",
        ),
        ("Sun Nov 22 19:46:55 UTC 2026: started", "timestamp 2026-11-22T19:46:55Z - [] started"),
        ("[Sun Nov 22 19:46:55 2026] [notice] Apache", "brackets 2026-11-22T19:46:55 INFO [] Apache"),
        (
            "1:M 22 Nov 2026 19:46:55.123 * Ready to accept connections",
            "redis 2026-11-22T19:46:55.123 INFO [] Ready to accept connections | process.pid: int 1",
        ),
        (
            "2026-11-22 19:46:55.123 UTC [12] ERROR:  relation does not exist",
            "python 2026-11-22T19:46:55.123Z ERROR [] relation does not exist | process.pid: int 12",
        ),
        ("Traceback (most recent call last):", "none"),
        ("  File \"x.py\", line 1", "none"),
        ("goroutine 1 [running]:", "none"),
        ("Exception in thread \"main\" java.lang.Error", "none"),
        ("Caused by: x", "none"),
        (
            "2026-11-22 19:46:55 info: Acme.Server[0]",
            "dotnet 2026-11-22T19:46:55 INFO [Acme.Server]  | event.code: int 0",
        ),
        (
            "2026-11-22 19:46:55 fail: Acme.Server[0]",
            "dotnet 2026-11-22T19:46:55 ERROR [Acme.Server]  | event.code: int 0",
        ),
        ("123 [main] INFO demo.Main - msg", "slf4j-simple - INFO [demo.Main] msg | thread.name: main"),
        ("0 [main] DEBUG org.acme.X  - msg", "slf4j-simple - DEBUG [org.acme.X] msg | thread.name: main"),
        ("123 [foo] bar", "none"),
        (
            "1:M 22 Nov 2026 19:46:55.123 * Ready to accept connections",
            "redis 2026-11-22T19:46:55.123 INFO [] Ready to accept connections | process.pid: int 1",
        ),
        ("INFO:2026-11-22 19:46:55,123:msg", "python 2026-11-22T19:46:55.123 INFO [] msg"),
        (
            "2026-11-22 19:46:55,123 server.py:42 INFO msg",
            "python 2026-11-22T19:46:55.123 INFO [] msg | code.file: server.py | code.line: int 42",
        ),
        (
            "2026-11-22 14:41:20,239 - mcp.server - INFO - handle_call - msg",
            "python 2026-11-22T14:41:20.239 INFO [mcp.server] handle_call - msg",
        ),
        ("   0.001234567s  INFO rmcp_server: listening a=b", "tracing - INFO [rmcp_server] listening | a=b"),
        (
            "[19:46:55.123] INFO (123): msg {\"a\":1}",
            "pino-pretty 19:46:55.123 INFO [] msg {\"a\":1} | a=int 1 | process.pid: int 123",
        ),
        (
            "[2026-11-22 19:46:55.123][1][info][main] [source/server/server.cc:404] initializing epoch 0",
            "brackets 2026-11-22T19:46:55.123 INFO [main] initializing epoch 0 | process.pid: int 1 | code.file: source/server/server.cc | code.line: int 404",
        ),
        (
            "[2026-11-22 19:46:55,123] INFO [GroupCoordinator 1]: Preparing (kafka.coordinator.group.GroupCoordinator)",
            "python 2026-11-22T19:46:55.123 INFO [] [GroupCoordinator 1]: Preparing (kafka.coordinator.group.GroupCoordinator)",
        ),
        (
            "2026-11-22 19:46:55,123 [myid:1] - INFO  [main:QuorumPeer@1] - msg",
            "python 2026-11-22T19:46:55.123 INFO [main:QuorumPeer@1] msg | thread.name: myid:1",
        ),
        (
            "2026-11-22 19:46:55:123 +0000 [main] INFO demo.Main - msg",
            "python 2026-11-22T19:46:55.123Z INFO [demo.Main] msg | thread.name: main",
        ),
        (
            "2026-11-22T19:46:55.123+01:00  INFO 1 --- [app] [nio-8080-exec-1] [abc-def] c.e.Main : msg",
            "spring-boot 2026-11-22T18:46:55.123Z INFO [c.e.Main] msg | process.pid: int 1 | thread.name: nio-8080-exec-1",
        ),
        (
            "2026-11-22T19:46:55.123+01:00 ERROR 1 --- [nio-8080-exec-1] c.e.Main                                 : tool failed",
            "spring-boot 2026-11-22T18:46:55.123Z ERROR [c.e.Main] tool failed | process.pid: int 1 | thread.name: nio-8080-exec-1",
        ),
        (
            "2026-11-22T19:46:55.123Z [mcp-server] info: started",
            "winston 2026-11-22T19:46:55.123Z INFO [] started | thread.name: mcp-server",
        ),
        (
            "2026-11-22T19:46:55.123Z mcp-server info started",
            "timestamp 2026-11-22T19:46:55.123Z - [] mcp-server info started",
        ),
        (
            "2026-11-22 19:46:55 [mcp-server] [INFO] started",
            "brackets 2026-11-22T19:46:55 INFO [] started | thread.name: mcp-server",
        ),
        (
            "[mcp-server] [INFO] 2026-11-22T19:46:55.123Z started",
            "brackets 2026-11-22T19:46:55.123Z INFO [mcp-server] started",
        ),
        ("[INFO] [mcp-server] started", "brackets - INFO [mcp-server] [mcp-server] started"),
        ("mcp-server | INFO | started", "bars - INFO [mcp-server] started"),
        ("[12345] ERROR text", "brackets - ERROR [] text | process.pid: int 12345"),
        ("[error] [tool] broken", "brackets - ERROR [tool] [tool] broken"),
        (
            "[2026-11-22T19:46:55.123Z] ERROR tool failed: x",
            "python 2026-11-22T19:46:55.123Z ERROR [] tool failed: x",
        ),
        (
            "[2026-11-22T19:46:55.123Z] tool failed: ERROR",
            "timestamp 2026-11-22T19:46:55.123Z - [] tool failed: ERROR",
        ),
        (
            "[2026-11-22T19:46:55.123Z] [tools/call] read_file",
            "timestamp 2026-11-22T19:46:55.123Z - [] [tools/call] read_file",
        ),
        (
            "2026-11-22T19:46:55.123Z ERROR Error: boom",
            "python 2026-11-22T19:46:55.123Z ERROR [] Error: boom",
        ),
        (
            "2026-11-22T19:46:55.123Z WARN  [tools] slow",
            "python 2026-11-22T19:46:55.123Z WARN [tools] [tools] slow",
        ),
        (
            "2026-11-22T19:46:55Z\tINFO\tcontroller-runtime.metrics\tMetrics server is starting to listen\t{\"addr\": \":8080\"}",
            "zap 2026-11-22T19:46:55Z INFO [controller-runtime.metrics] Metrics server is starting to listen | addr=:8080",
        ),
        (
            "2026-11-22T19:46:55Z\tERROR\tsetup\tproblem\t{\"error\": \"x\"}",
            "zap 2026-11-22T19:46:55Z ERROR [setup] problem | error=x",
        ),
        (
            "2026-11-22 19:46:55.123456 I | etcdmain: msg",
            "timestamp 2026-11-22T19:46:55.123456 - [] I | etcdmain: msg",
        ),
        ("ts=2026-11-22T19:46:55Z caller=main.go:12 level=info msg=x", "none"),
        ("level=info ts=2026 msg=x", "none"),
        ("2026-11-22T19:46:55.123Z|INFO|mcp|started", "bars 2026-11-22T19:46:55.123Z INFO [mcp] started"),
        ("19:46:55 | INFO | started", "bars 19:46:55 INFO [] started"),
        ("19:46:55 - mcp - INFO - started", "python 19:46:55 INFO [mcp] started"),
        ("19:46:55 INFO mcp.server: started", "logback 19:46:55 INFO [mcp.server] started"),
        ("19:46:55.123 INFO  mcp.server started", "logback 19:46:55.123 INFO [] mcp.server started"),
        ("INFO  mcp.server: started", "leveled - INFO [mcp.server] started"),
        ("INFO  mcp.server - started", "leveled - INFO [mcp.server] started"),
        ("INFO: mcp.server: started", "python - INFO [] mcp.server: started"),
        ("INFO - started", "python - INFO [] started"),
        (
            "WARNING  root:server.py:12 careful",
            "leveled - WARN [root] careful | code.file: server.py | code.line: int 12",
        ),
        ("Info: started", "none"),
        (
            "INFO started tool=read_file duration_ms=12",
            "leveled - INFO [] started tool=read_file duration_ms=12 | tool=read_file | duration_ms=int 12",
        ),
        ("ERROR    [tool] failed", "leveled - ERROR [tool] [tool] failed"),
        (
            "10.0.0.1 - alice [22/Nov/2026:20:00:21 +0000] \"POST /mcp HTTP/1.1\" 200 12 \"-\" \"x\" 0.012 rt=0.1",
            "access 2026-11-22T20:00:21Z - [] \"POST /mcp HTTP/1.1\" 200 12 \"-\" \"x\" 0.012 rt=0.1 | http.method: POST | http.path: /mcp | http.version: 1.1 | http.status: int 200 | http.bytes: int 12 | user_agent: x | client.ip: 10.0.0.1 | user.name: alice",
        ),
        (
            "2026-11-22T19:46:55.123456789+00:00 stdout F hello",
            "timestamp 2026-11-22T19:46:55.123456789Z - [] stdout F hello",
        ),
        ("[INFO] 10:12:13 started", "brackets 10:12:13 INFO [] started"),
        ("[10:12:13] started", "timestamp 10:12:13 - [] started"),
        ("[10:12:13] ERROR started", "logback 10:12:13 ERROR [] started"),
        ("10:12:13 ERROR: started", "logback 10:12:13 ERROR [] started"),
        (
            "2026-11-22 19:46:55 +0000 UTC m=+0.001 started",
            "timestamp 2026-11-22T19:46:55Z - [] m=+0.001 started",
        ),
        ("2026-11-22 19:46:55 +0100 CET error x", "timestamp 2026-11-22T18:46:55Z - [] CET error x"),
        (
            "2026-11-22 19:46:55.123 [http-nio-8080-exec-1] [trace=abc,span=def] INFO  c.e.Main - msg",
            "python 2026-11-22T19:46:55.123 INFO [c.e.Main] msg | thread.name: http-nio-8080-exec-1",
        ),
        (
            "2026-11-22 19:46:55.123 [INFO ] [main] c.e.Main - msg",
            "brackets 2026-11-22T19:46:55.123 INFO [c.e.Main] msg | thread.name: main",
        ),
        (
            "2026-11-22 19:46:55.123 INFO  [main] [c.e.Main] - msg",
            "python 2026-11-22T19:46:55.123 INFO [c.e.Main] msg | thread.name: main",
        ),
        (
            "2026-11-22 19:46:55.123 [main] INFO  c.e.Main [Main.java:42] - msg",
            "python 2026-11-22T19:46:55.123 INFO [c.e.Main] msg | thread.name: main",
        ),
        (
            "2026-11-22 19:46:55.123 [main] INFO  c.e.Main.method(Main.java:42) - msg",
            "python 2026-11-22T19:46:55.123 INFO [] c.e.Main.method(Main.java:42) - msg | thread.name: main",
        ),
        (
            "2026-11-22 19:46:55.123 INFO c.e.Main:42 msg",
            "python 2026-11-22T19:46:55.123 INFO [] c.e.Main:42 msg",
        ),
        (
            "ERROR StatusLogger No Log4j 2 configuration file found",
            "leveled - ERROR [] StatusLogger No Log4j 2 configuration file found",
        ),
        ("SLF4J: No SLF4J providers were found.", "none"),
        (
            "WARNING: A terminally deprecated method in sun.misc.Unsafe has been called",
            "python - WARN [] A terminally deprecated method in sun.misc.Unsafe has been called",
        ),
        ("2026-11-22 19:46:55 ERROR", "python 2026-11-22T19:46:55 ERROR [] "),
        ("2026-11-22 19:46:55", "none"),
    ]);
}
