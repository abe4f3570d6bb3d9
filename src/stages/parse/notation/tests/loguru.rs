//! Lines and what is read of them.

use super::table;

#[test]
fn lines_of_loguru() {
    table(&[
        (
            "2026-11-22 14:42:09.530 | INFO     | __main__:app_log:69 - reading file",
            "loguru 2026-11-22T14:42:09.53 INFO [__main__] reading file | code.function: app_log | code.line: int 69",
        ),
        (
            "2026-11-22 14:42:09.530 | SUCCESS  | mod.sub:<module>:7 - done - well",
            "loguru 2026-11-22T14:42:09.53 INFO [mod.sub] done - well | code.function: <module> | code.line: int 7",
        ),
        (
            "2026-11-22 14:42:09.530 | ERROR    | fastmcp.server.server:call_tool:1546 - Error calling tool 'broken'",
            "loguru 2026-11-22T14:42:09.53 ERROR [fastmcp.server.server] Error calling tool 'broken' | code.function: call_tool | code.line: int 1546",
        ),
        ("2026-11-22 14:42:09.530 | WARNING  | careful", "bars 2026-11-22T14:42:09.53 WARN [] careful"),
        (
            "2026-11-22 14:42:09.530 | INFO     | a:b:c - no line",
            "bars 2026-11-22T14:42:09.53 INFO [a:b:c] no line",
        ),
        ("2026-11-22 14:42:09.530 | hello | world", "timestamp 2026-11-22T14:42:09.53 - [] hello | world"),
    ]);
}
