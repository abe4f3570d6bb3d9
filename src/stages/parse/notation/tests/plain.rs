//! Lines and what is read of them.

use super::table;

#[test]
fn lines_of_plain() {
    table(&[
        ("[ERROR] foo", "brackets - ERROR [] foo"),
        ("[Error] foo", "brackets - ERROR [] foo"),
        ("[error]: foo", "winston - ERROR [] foo"),
        ("[config] foo", "tagged - - [config] [config] foo"),
        ("[WARNING][mcp.server] careful", "brackets - WARN [mcp.server] careful"),
        ("ERROR: foo", "python - ERROR [] foo"),
        ("ERROR foo", "leveled - ERROR [] foo"),
        ("error: foo", "winston - ERROR [] foo"),
        ("Error: foo", "none"),
        ("Status: ERROR", "none"),
        ("Sending ERROR to client", "none"),
        ("DEBUG Sending ERROR to client", "leveled - DEBUG [] Sending ERROR to client"),
        ("onError: ping, 2, request error", "none"),
        ("tool_error: broken Error calling tool 'broken': no such key", "none"),
        ("Tool 'read_file' completed in 12.3ms", "none"),
        ("Warning: careful", "none"),
        ("WARNING! careful", "none"),
        ("panic: runtime error: index out of range", "none"),
        ("fatal error: all goroutines are asleep - deadlock!", "none"),
        ("ValueError: bad", "none"),
        (
            "request done level=warn status=500",
            "pairs - WARN [] request done level=warn status=500 | level=warn | status=int 500",
        ),
        ("request done status=500", "none"),
        ("level=warn msg=\"logfmt throughout\"", "none"),
        ("2026-11-22 19:46:55 text a=b", "timestamp 2026-11-22T19:46:55 - [] text a=b | a=b"),
        ("2026-11-22 text", "none"),
        ("Sun Nov 22 19:46:55 2026 started", "timestamp 2026-11-22T19:46:55 - [] started"),
        ("Sunday is a day", "none"),
        ("1795377555.870 text", "none"),
        ("1795377555 apples", "none"),
        ("12 apples", "none"),
        ("[2026-11-22 19:46:55 Error: x", "none"),
        ("2026-11-22 19:46:55 Error: x", "timestamp 2026-11-22T19:46:55 - [] Error: x"),
        ("2026-11-22 19:46:55 | Error | x", "bars 2026-11-22T19:46:55 ERROR [] x"),
        ("{\"a\":1}", "none"),
        ("    at x (y.js:1:2)", "none"),
    ]);
}
