//! Lines and what is read of them.

use super::table;

#[test]
fn lines_of_warnings() {
    table(&[
        (
            "/srv/crash.py:57: DeprecationWarning: the 'old' option is deprecated, use 'new'",
            "python-warning - - [] DeprecationWarning: the 'old' option is deprecated, use 'new' | code.file: /srv/crash.py | code.line: int 57",
        ),
        (
            "<string>:1: UserWarning: careful",
            "python-warning - - [] UserWarning: careful | code.file: <string> | code.line: int 1",
        ),
        (
            "server.py:7: FutureWarning: soon",
            "python-warning - - [] FutureWarning: soon | code.file: server.py | code.line: int 7",
        ),
        (
            "(node:4242) ExperimentalWarning: VM Modules is an experimental feature",
            "node-warning - - [] ExperimentalWarning: VM Modules is an experimental feature | process.pid: int 4242",
        ),
        (
            "(node:4242) [DEP0040] DeprecationWarning: The `punycode` module is deprecated.",
            "node-warning - - [] [DEP0040] DeprecationWarning: The `punycode` module is deprecated. | process.pid: int 4242",
        ),
        ("Note: DeprecationWarning: is a class", "none"),
        ("/srv/crash.py:57: in broken", "none"),
    ]);
}
