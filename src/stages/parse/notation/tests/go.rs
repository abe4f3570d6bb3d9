//! Lines and what is read of them.

use super::table;

#[test]
fn lines_of_go() {
    table(&[
        (
            "2026/11/22 19:45:24 HTTP server listening on :21234/mcp",
            "go-log 2026-11-22T19:45:24 - [] HTTP server listening on :21234/mcp",
        ),
        (
            "2026/11/22 19:45:24 ERROR: ping failed: request error: \"ping\" was removed",
            "go-log 2026-11-22T19:45:24 ERROR [] ping failed: request error: \"ping\" was removed",
        ),
        (
            "2026/11/22 19:45:24 Error: cannot connect",
            "go-log 2026-11-22T19:45:24 - [] Error: cannot connect",
        ),
        (
            "2026/11/22 19:45:24 error handling request",
            "go-log 2026-11-22T19:45:24 - [] error handling request",
        ),
        ("2026/11/22 19:45:24 [ERROR] boom", "brackets 2026-11-22T19:45:24 ERROR [] boom"),
        (
            "2026/11/22 19:45:24 [REQUEST] Session: X | Method: tools/call",
            "go-log 2026-11-22T19:45:24 - [] [REQUEST] Session: X | Method: tools/call",
        ),
        (
            "2026/11/22 19:45:24 [RESPONSE] Session: X | Status: ERROR",
            "go-log 2026-11-22T19:45:24 - [] [RESPONSE] Session: X | Status: ERROR",
        ),
        (
            "2026/11/22 19:45:53.640372 main.go:118: tool broken failed after 941ns: no such key",
            "go-log 2026-11-22T19:45:53.640372 - [] tool broken failed after 941ns: no such key | code.file: main.go | code.line: int 118",
        ),
        (
            "[mcp-server] 2026/11/22 19:45:53.640372 main.go:118: tool broken failed",
            "go-log 2026-11-22T19:45:53.640372 - [mcp-server] tool broken failed | code.file: main.go | code.line: int 118",
        ),
        ("mcp: 2026/11/22 19:45:53 started", "go-log 2026-11-22T19:45:53 - [mcp] started"),
        (
            "ERROR: 2026/11/22 19:45:53 main.go:12: boom",
            "go-log 2026-11-22T19:45:53 ERROR [] boom | code.file: main.go | code.line: int 12",
        ),
        ("v2 of 2026/11/22 19:45:53 is out", "none"),
        ("2026/11/22 is a date", "none"),
        (
            "2026/11/22 19:46:04 INFO mcp.tool mcp.tool.name=read_file duration_s=2.043e-06 outcome=ok",
            "slog 2026-11-22T19:46:04 INFO [] mcp.tool | mcp.tool.name=read_file | duration_s=float 0.000002043 | outcome=ok",
        ),
        (
            "2026/11/22 19:46:04 ERROR call failed error=\"no such key\\nsecond line\" ok=false id=007",
            "slog 2026-11-22T19:46:04 ERROR [] call failed | error=escaped no such key\\nsecond line | ok=json false | id=007",
        ),
        ("2026/11/22 19:46:04 INFO+2 odd level a=b", "slog 2026-11-22T19:46:04 INFO [] odd level | a=b"),
        ("2026/11/22 19:46:04 INFO a=b c is text", "slog 2026-11-22T19:46:04 INFO [] a=b c is text"),
        (
            "2026/11/22 19:46:04 INFORMATION about a=b",
            "go-log 2026-11-22T19:46:04 - [] INFORMATION about a=b | a=b",
        ),
        (
            "2026/11/22 - 19:46:55 | 200 |     1.234ms |       127.0.0.1 | POST     \"/mcp\"",
            "access 2026-11-22T19:46:55 - [] 200 |     1.234ms |       127.0.0.1 | POST     \"/mcp\" | http.method: POST | http.path: /mcp | http.status: int 200 | client.ip: 127.0.0.1",
        ),
        (
            "[GIN] 2026/11/22 - 19:46:55 | 404 |     1.234ms |       127.0.0.1 | GET      \"/x\"",
            "access 2026-11-22T19:46:55 - [GIN] 404 |     1.234ms |       127.0.0.1 | GET      \"/x\" | http.method: GET | http.path: /x | http.status: int 404 | client.ip: 127.0.0.1",
        ),
        (
            "[GIN-debug] [WARNING] Running in \"debug\" mode",
            "brackets - WARN [GIN-debug] Running in \"debug\" mode",
        ),
        (
            "2026-11-22T19:46:55.898Z\tINFO\tsdk/main.go:208\tserver started\t{\"addr\": \"127.0.0.1:21839\", \"n\": 3, \"nested\": {\"a\": [1]}}",
            "zap 2026-11-22T19:46:55.898Z INFO [] server started | addr=127.0.0.1:21839 | n=int 3 | nested=json {\"a\": [1]} | code.file: sdk/main.go | code.line: int 208",
        ),
        (
            "2026-11-22T19:46:55.898Z\tERROR\tmy.logger\tsdk/main.go:212\ttool call failed\t{\"error\": \"a\\nb\"}",
            "zap 2026-11-22T19:46:55.898Z ERROR [my.logger] tool call failed | error=escaped a\\nb | code.file: sdk/main.go | code.line: int 212",
        ),
        ("2026-11-22T19:46:55.898Z\tWARN\tcareful", "zap 2026-11-22T19:46:55.898Z WARN [] careful"),
        (
            "2026-11-22T19:46:55.898Z\tLEVEL\tcareful",
            "timestamp 2026-11-22T19:46:55.898Z - [] LEVEL\tcareful",
        ),
        ("1.7953775578e+09\tinfo\ttext", "zap 2026-11-22T19:59:17.8Z INFO [] text"),
        (
            "1795377557.8\tinfo\tserver/main.go:3\ttext",
            "zap 2026-11-22T19:59:17.8Z INFO [] text | code.file: server/main.go | code.line: int 3",
        ),
        (
            "2026-11-22T19:47:14Z ERR tool call failed error=\"no such key\\nsecond line: zzz\" elapsed=0.079869 tool=broken",
            "zerolog 2026-11-22T19:47:14Z ERROR [] tool call failed | error=escaped no such key\\nsecond line: zzz | elapsed=float 0.079869 | tool=broken",
        ),
        (
            "7:46PM INF server/main.go:12 > started addr=:8080",
            "zerolog 19:46:00 INFO [] started | addr=:8080 | code.file: server/main.go | code.line: int 12",
        ),
        ("7:46PM WRN careful", "zerolog 19:46:00 WARN [] careful"),
        ("INF started addr=:8080", "zerolog - INFO [] started | addr=:8080"),
        ("<nil> INF started addr=:8080", "zerolog - INFO [] started | addr=:8080"),
        ("7:46PM is late", "none"),
        (
            "INFO[0000] server started                                addr=\":8080\"",
            "logrus - INFO [] server started | addr=:8080",
        ),
        ("WARN[2026-11-22T19:46:55Z] slow tool=x", "logrus 2026-11-22T19:46:55Z WARN [] slow | tool=x"),
        ("ERRO[0012] boom", "logrus - ERROR [] boom"),
        ("INFO[abc] not logrus", "leveled - INFO [abc] [abc] not logrus"),
        (
            "I1122 19:46:55.123456       1 file.go:12] msg here",
            "klog 11-22T19:46:55.123456 INFO [] msg here | process.pid: int 1 | code.file: file.go | code.line: int 12",
        ),
        (
            "E1122 19:46:55.123456   12345 controller.go:114] \"Reconcile failed\" err=\"not found\" pod=\"a/b\"",
            "klog 11-22T19:46:55.123456 ERROR [] Reconcile failed | err=not found | pod=a/b | process.pid: int 12345 | code.file: controller.go | code.line: int 114",
        ),
        (
            "W20261122 19:46:55.123456 140 file.cc:12] msg here",
            "klog 2026-11-22T19:46:55.123456 WARN [] msg here | process.pid: int 140 | code.file: file.cc | code.line: int 12",
        ),
        ("I1322 19:46:55.123456       1 file.go:12] no month", "none"),
        ("I1122 19:46:55.123456       1 file.go] no line", "none"),
    ]);
}
