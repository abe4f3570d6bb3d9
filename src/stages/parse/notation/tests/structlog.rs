//! Lines and what is read of them.

use super::table;

#[test]
fn lines_of_structlog() {
    table(&[
        (
            "2026-11-22 19:58:54 [error    ] tool call failed               duration_ms=92.15 tool=broken",
            "structlog 2026-11-22T19:58:54 ERROR [] tool call failed | duration_ms=float 92.15 | tool=broken",
        ),
        (
            "2026-11-22T19:58:54.123456Z [info     ] event          [my.logger] path='/a b' n=3 ok=True",
            "structlog 2026-11-22T19:58:54.123456Z INFO [my.logger] event | path=/a b | n=int 3 | ok=True",
        ),
        ("2026-11-22 19:58:54 [warning  ] careful", "structlog 2026-11-22T19:58:54 WARN [] careful"),
        (
            "2026-11-22 19:58:54 [info     ] reading {'a': 1}  arguments={'path': '/etc hosts'}",
            "structlog 2026-11-22T19:58:54 INFO [] reading {'a': 1} | arguments={'path': '/etc hosts'}",
        ),
        (
            "[info     ] started                        port=8000",
            "structlog - INFO [] started | port=int 8000",
        ),
        (
            "2026-11-22 19:58:54 [info] started                        port=8000",
            "structlog 2026-11-22T19:58:54 INFO [] started | port=int 8000",
        ),
        (
            "2026-11-22 19:58:54 [info] started on port=8000",
            "brackets 2026-11-22T19:58:54 INFO [] started on port=8000 | port=int 8000",
        ),
        (
            "2026-11-22 19:58:54 [note     ] no level",
            "timestamp 2026-11-22T19:58:54 - [] [note     ] no level",
        ),
    ]);
}
