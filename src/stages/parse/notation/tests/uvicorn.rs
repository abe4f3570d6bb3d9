//! Lines and what is read of them.

use super::table;

#[test]
fn lines_of_uvicorn() {
    table(&[
        (
            "INFO:     127.0.0.1:59444 - \"POST /mcp HTTP/1.1\" 200 OK",
            "uvicorn - INFO [] 127.0.0.1:59444 - \"POST /mcp HTTP/1.1\" 200 OK | http.method: POST | http.path: /mcp | http.version: 1.1 | http.status: int 200 | client.ip: 127.0.0.1 | client.port: int 59444",
        ),
        (
            "INFO:     [::1]:59444 - \"GET /x?a=b HTTP/1.1\" 404 Not Found",
            "uvicorn - INFO [] [::1]:59444 - \"GET /x?a=b HTTP/1.1\" 404 Not Found | http.method: GET | http.path: /x?a=b | http.version: 1.1 | http.status: int 404 | client.ip: ::1 | client.port: int 59444",
        ),
        ("WARNING:  Invalid HTTP request received.", "uvicorn - WARN [] Invalid HTTP request received."),
        (
            "ERROR:    Cancel 0 running task(s), timeout graceful shutdown exceeded",
            "uvicorn - ERROR [] Cancel 0 running task(s), timeout graceful shutdown exceeded",
        ),
        ("CRITICAL:     down", "uvicorn - FATAL [] down"),
        ("INFO    :     not uvicorn", "leveled - INFO [] not uvicorn"),
        (
            "127.0.0.1:51356 - \"POST /mcp HTTP/1.1\" 200",
            "access - - [] \"POST /mcp HTTP/1.1\" 200 | http.method: POST | http.path: /mcp | http.version: 1.1 | http.status: int 200 | client.ip: 127.0.0.1 | client.port: int 51356",
        ),
        ("127.0.0.1:51356 - \"POST /mcp HTTP/1.1\" OK", "none"),
        ("127.0.0.1:51356 is here", "none"),
    ]);
}
