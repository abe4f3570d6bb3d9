//! Lines and what is read of them.

use super::table;

#[test]
fn lines_of_servers() {
    table(&[
        (
            "127.0.0.1 - - [22/Nov/2026:20:00:21 +0000] \"POST /mcp HTTP/1.1\" 400 105 \"-\" \"python-httpx2/2.16.2\"",
            "access 2026-11-22T20:00:21Z - [] \"POST /mcp HTTP/1.1\" 400 105 \"-\" \"python-httpx2/2.16.2\" | http.method: POST | http.path: /mcp | http.version: 1.1 | http.status: int 400 | http.bytes: int 105 | user_agent: python-httpx2/2.16.2 | client.ip: 127.0.0.1",
        ),
        (
            "::1 - alice [22/Nov/2026:20:00:21 +0100] \"GET /a?b=c HTTP/2.0\" 200 - \"https://example.com/\" \"Mozilla/5.0 (\\\"x\\\")\"",
            "access 2026-11-22T19:00:21Z - [] \"GET /a?b=c HTTP/2.0\" 200 - \"https://example.com/\" \"Mozilla/5.0 (\\\"x\\\")\" | http.method: GET | http.path: /a?b=c | http.version: 2.0 | http.status: int 200 | http.referrer: https://example.com/ | user_agent: escaped Mozilla/5.0 (\\\"x\\\") | client.ip: ::1 | user.name: alice",
        ),
        (
            "example.com:443 10.0.0.1 - - [22/Nov/2026:20:00:21 +0000] \"GET / HTTP/1.1\" 200 12",
            "access 2026-11-22T20:00:21Z - [] \"GET / HTTP/1.1\" 200 12 | http.method: GET | http.path: / | http.version: 1.1 | http.status: int 200 | http.bytes: int 12 | client.ip: 10.0.0.1",
        ),
        (
            "127.0.0.1 - - [22/Nov/2026 20:00:21] \"GET / HTTP/1.1\" 200 -",
            "access 2026-11-22T20:00:21 - [] \"GET / HTTP/1.1\" 200 - | http.method: GET | http.path: / | http.version: 1.1 | http.status: int 200 | client.ip: 127.0.0.1",
        ),
        (
            "127.0.0.1 - - [22/Nov/2026:20:00:21 +0000] \"-\" 408 0",
            "access 2026-11-22T20:00:21Z - [] \"-\" 408 0 | http.status: int 408 | http.bytes: int 0 | client.ip: 127.0.0.1",
        ),
        ("127.0.0.1 - - [22/Nov/2026:20:00:21 +0000] no request", "none"),
        (
            "POST /mcp 200 12.345 ms - 45",
            "access - - [] POST /mcp 200 12.345 ms - 45 | http.method: POST | http.path: /mcp | http.status: int 200 | http.duration_ms: float 12.345 | http.bytes: int 45",
        ),
        (
            "GET /health 200 2 - 0.411 ms",
            "access - - [] GET /health 200 2 - 0.411 ms | http.method: GET | http.path: /health | http.status: int 200 | http.bytes: int 2 | http.duration_ms: float 0.411",
        ),
        ("POST /mcp took 200 ms", "none"),
        (
            "2026/11/22 19:46:55 [error] 12#13: *1 open() \"/x\" failed, client: 10.0.0.1, server: _, request: \"GET /x HTTP/1.1\"",
            "nginx-error 2026-11-22T19:46:55 ERROR [] open() \"/x\" failed, client: 10.0.0.1, server: _, request: \"GET /x HTTP/1.1\" | process.pid: int 12 | thread.id: int 13 | client.ip: 10.0.0.1",
        ),
        (
            "2026/11/22 19:46:55 [notice] 1#1: start worker process 29",
            "nginx-error 2026-11-22T19:46:55 INFO [] start worker process 29 | process.pid: int 1 | thread.id: int 1",
        ),
        (
            "[Sun Nov 22 19:46:55.123456 2026] [core:error] [pid 12:tid 34] [client 1.2.3.4:5] AH00124: x",
            "brackets 2026-11-22T19:46:55.123456 ERROR [core] AH00124: x | process.pid: int 12 | thread.id: int 34 | client.ip: 1.2.3.4 | client.port: int 5",
        ),
        (
            "<34>Oct 11 22:14:15 mymachine su[230]: 'su root' failed for lonvick",
            "syslog 10-11T22:14:15 FATAL [su] 'su root' failed for lonvick | syslog.facility: int 4 | process.pid: int 230 | syslog.host: mymachine",
        ),
        (
            "<13>Oct  1 22:14:15 host app: started",
            "syslog 10-1T22:14:15 INFO [app] started | syslog.facility: int 1 | syslog.host: host",
        ),
        (
            "<165>1 2026-10-11T22:14:15.003Z mymachine.example.com evntslog 12 ID47 [exampleSDID@32473 iut=\"3\" eventSource=\"App \\\"x\\\"\"] An application event",
            "syslog 2026-10-11T22:14:15.003Z INFO [evntslog] An application event | iut=3 | eventSource=escaped App \\\"x\\\" | syslog.host: mymachine.example.com | process.pid: int 12 | syslog.msgid: ID47 | syslog.facility: int 20",
        ),
        (
            "<165>1 2026-10-11T22:14:15.003+02:00 - - - - - text",
            "syslog 2026-10-11T20:14:15.003Z INFO [] text | syslog.facility: int 20",
        ),
        ("<999>Oct 11 22:14:15 host su: text", "none"),
        ("<34 text", "none"),
        (
            "Nov 22 19:46:55 host app[12]: ERROR: text",
            "syslog 11-22T19:46:55 ERROR [app] text | process.pid: int 12 | syslog.host: host",
        ),
        (
            "Nov 22 19:46:55 host app[12]: started",
            "syslog 11-22T19:46:55 - [app] started | process.pid: int 12 | syslog.host: host",
        ),
        ("Nov 22 19:46:55 is when it began", "timestamp 11-22T19:46:55 - [] is when it began"),
        (
            "2026-11-22T19:46:55.123456+00:00 host app[12]: started",
            "syslog 2026-11-22T19:46:55.123456Z - [app] started | process.pid: int 12 | syslog.host: host",
        ),
        (
            "I, [2026-11-22T19:46:55.123456 #1234]  INFO -- prog: msg",
            "ruby 2026-11-22T19:46:55.123456 INFO [prog] msg | process.pid: int 1234",
        ),
        (
            "[2026-11-22T19:46:55.123456+00:00] app.ERROR: boom {\"a\":1} []",
            "monolog 2026-11-22T19:46:55.123456Z ERROR [app] boom | a=int 1",
        ),
        (
            "2026-11-22 19:46:55.123 UTC [12] LOG:  database ready",
            "python 2026-11-22T19:46:55.123Z INFO [] database ready | process.pid: int 12",
        ),
        (
            "2026-11-22 19:46:55.123 UTC [12] ERROR:  relation \"x\" does not exist",
            "python 2026-11-22T19:46:55.123Z ERROR [] relation \"x\" does not exist | process.pid: int 12",
        ),
        (
            "2026-11-22T19:46:55.123456Z 0 [Warning] [MY-010068] [Server] CA certificate",
            "brackets 2026-11-22T19:46:55.123456Z WARN [MY-010068] [Server] CA certificate | process.pid: int 0",
        ),
        (
            "info: Microsoft.Hosting.Lifetime[14]",
            "dotnet - INFO [Microsoft.Hosting.Lifetime]  | event.code: int 14",
        ),
        ("fail: Acme.Server[3]\n      boom", "dotnet - ERROR [Acme.Server] boom | event.code: int 3"),
        ("crit: no category", "winston - FATAL [] no category"),
        ("[19:46:55 INF] Application started", "serilog 19:46:55 INFO [] Application started"),
        ("2026-11-22 19:46:55.123 +00:00 [ERR] boom", "brackets 2026-11-22T19:46:55.123Z ERROR [] boom"),
        (
            "2026-11-22 19:46:55.1234|INFO|Acme.Server|Application started",
            "bars 2026-11-22T19:46:55.1234 INFO [Acme.Server] Application started",
        ),
        ("19:46:55.123 request_id=abc [info] GET /", "brackets 19:46:55.123 INFO [] GET / | request_id=abc"),
    ]);
}
