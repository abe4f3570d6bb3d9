//! Lines and what is read of them.

use super::table;

#[test]
fn lines_of_java() {
    table(&[
        (
            "19:53:44.348 [main] DEBUG io.modelcontextprotocol.server.McpAsyncServer -- Added tool handler: read_file",
            "logback 19:53:44.348 DEBUG [io.modelcontextprotocol.server.McpAsyncServer] Added tool handler: read_file | thread.name: main",
        ),
        (
            "19:53:44.348 [http-nio-8080-exec-2] ERROR demo.Main - tool failed: kind=zzz",
            "logback 19:53:44.348 ERROR [demo.Main] tool failed: kind=zzz | kind=zzz | thread.name: http-nio-8080-exec-2",
        ),
        (
            "19:53:44.348 INFO  [main] org.acme.Main - started",
            "logback 19:53:44.348 INFO [org.acme.Main] started | thread.name: main",
        ),
        ("19:53:44 is the time", "timestamp 19:53:44 - [] is the time"),
        (
            "2026-11-22T19:51:00.427Z  INFO 20837 --- [mcp-demo] [           main] demo.McpDemoApplication                  : Starting McpDemoApplication",
            "spring-boot 2026-11-22T19:51:00.427Z INFO [demo.McpDemoApplication] Starting McpDemoApplication | process.pid: int 20837 | thread.name: main",
        ),
        (
            "2026-11-22 19:51:00.427  WARN 1 --- [           main] o.a.Main : careful",
            "spring-boot 2026-11-22T19:51:00.427 WARN [o.a.Main] careful | process.pid: int 1 | thread.name: main",
        ),
        (
            "2026-11-22T19:48:03.243+01:00  INFO 19061 --- [mcp-demo] [main] .s.b.a.l.ConditionEvaluationReportLogger : ",
            "spring-boot 2026-11-22T18:48:03.243Z INFO [.s.b.a.l.ConditionEvaluationReportLogger]  | process.pid: int 19061 | thread.name: main",
        ),
        (
            "2026-11-22T19:51:00.427Z  INFO 20837 --- no thread",
            "python 2026-11-22T19:51:00.427Z INFO [] 20837 --- no thread",
        ),
        (
            "2026-11-22 19:46:55 [main] INFO  org.acme.Main:42 - started",
            "python 2026-11-22T19:46:55 INFO [org.acme.Main] started | thread.name: main | code.line: int 42",
        ),
        (
            "2026-11-22T19:46:55,123 [main] INFO  org.acme.Main [] - started",
            "python 2026-11-22T19:46:55.123 INFO [org.acme.Main] started | thread.name: main",
        ),
        (
            "2026-11-22 19:46:55,123 INFO  [org.acme.Main] (main) started",
            "python 2026-11-22T19:46:55.123 INFO [org.acme.Main] started | thread.name: main",
        ),
        (
            "22-Nov-2026 19:46:55.123 INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [123] milliseconds",
            "tomcat 2026-11-22T19:46:55.123 INFO [org.apache.catalina.startup.Catalina.start] Server startup in [123] milliseconds | thread.name: main",
        ),
        (
            "[2026-11-22T19:46:55,123][INFO ][o.e.n.Node               ] [node-1] started",
            "brackets 2026-11-22T19:46:55.123 INFO [o.e.n.Node] [node-1] started",
        ),
        (
            "INFO  [2026-11-22 19:46:55,123] org.acme.Main: started",
            "python 2026-11-22T19:46:55.123 INFO [org.acme.Main] started",
        ),
        (
            "[main] INFO demo.Main - server started on port 25403",
            "slf4j-simple - INFO [demo.Main] server started on port 25403 | thread.name: main",
        ),
        ("[main] WARN demo.Main - careful", "slf4j-simple - WARN [demo.Main] careful | thread.name: main"),
        ("[main] Starting ERROR reporter", "tagged - - [main] [main] Starting ERROR reporter"),
        (
            "Nov 22, 2026 7:54:28 PM org.apache.coyote.AbstractProtocol init\nINFO: Initializing ProtocolHandler",
            "jul 2026-11-22T19:54:28 INFO [org.apache.coyote.AbstractProtocol] Initializing ProtocolHandler | code.function: init",
        ),
        (
            "Nov 22, 2026 7:54:28 PM org.acme.Server start\nSEVERE: down",
            "jul 2026-11-22T19:54:28 ERROR [org.acme.Server] down | code.function: start",
        ),
        (
            "Nov 22, 2026 7:54:28 PM org.acme.Server start",
            "jul 2026-11-22T19:54:28 - [org.acme.Server]  | code.function: start",
        ),
        (
            "Nov 22, 2026 7:54:28 PM org.acme.Server start\nno level",
            "jul 2026-11-22T19:54:28 - [org.acme.Server] no level | code.function: start",
        ),
        ("Nov 22, 2026 at 7:54:28 PM it began", "none"),
        ("SEVERE: down", "python - ERROR [] down"),
        ("Exception in thread \"main\" java.lang.NumberFormatException: x", "none"),
        ("Caused by: java.io.IOException: ERROR: x", "none"),
    ]);
}
