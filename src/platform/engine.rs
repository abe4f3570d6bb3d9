//! Finding a container engine: the places where its socket usually is, and what answers there.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long an engine may take to say who it is; a person waits for it.
const PATIENCE: Duration = Duration::from_millis(800);

/// Largest answer that is read.
const ANSWER: u64 = 64 * 1024;

/// An engine that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Its socket.
    pub socket: PathBuf,
    /// `Docker Engine` or `Podman Engine`.
    pub product: String,
    /// Its version, such as `20.10.24`.
    pub version: String,
    /// The newest API version it speaks.
    pub api: String,
}

/// A place that was tried, and why nothing came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The socket.
    pub socket: PathBuf,
    /// Why not, for people.
    pub why: String,
}

/// The sockets to try, first choice first. `env` reads an environment variable.
pub fn sockets(env: impl Fn(&str) -> Option<String>) -> Vec<PathBuf> {
    if let Some(host) = env("DOCKER_HOST").filter(|h| !h.is_empty()) {
        return host.strip_prefix("unix://").map(PathBuf::from).into_iter().collect();
    }
    let mut places = vec![PathBuf::from("/var/run/docker.sock")];
    let runtime = env("XDG_RUNTIME_DIR").map(PathBuf::from);
    places.extend(runtime.iter().map(|dir| dir.join("docker.sock")));
    places.push(PathBuf::from("/run/podman/podman.sock"));
    places.extend(runtime.iter().map(|dir| dir.join("podman/podman.sock")));
    places
}

/// The first engine that answers, or every place tried.
pub fn find(sockets: &[PathBuf]) -> Result<Engine, Vec<Tried>> {
    let mut tried = Vec::new();
    for socket in sockets {
        match ask(socket) {
            Ok(engine) => return Ok(engine),
            Err(why) => tried.push(Tried { socket: socket.clone(), why }),
        }
    }
    Err(tried)
}

fn ask(socket: &Path) -> Result<Engine, String> {
    let explain = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => "no such socket".to_owned(),
        std::io::ErrorKind::PermissionDenied => {
            "permission denied (is this user in the group docker?)".to_owned()
        }
        std::io::ErrorKind::ConnectionRefused => "nobody listens".to_owned(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => "no answer".to_owned(),
        _ => e.to_string(),
    };
    let mut stream = UnixStream::connect(socket).map_err(explain)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(explain)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(explain)?;
    stream.write_all(b"GET /version HTTP/1.0\r\nHost: engine\r\n\r\n").map_err(explain)?;
    let mut answer = Vec::new();
    stream.take(ANSWER).read_to_end(&mut answer).map_err(explain)?;
    read_version(&answer)
        .map(|(product, version, api)| Engine { socket: socket.to_owned(), product, version, api })
        .ok_or_else(|| "what answers is no container engine".to_owned())
}

fn read_version(answer: &[u8]) -> Option<(String, String, String)> {
    let head = memchr::memmem::find(answer, b"\r\n\r\n")?;
    let body = &answer[head + 4..];
    // A chunked body has its size before and behind it.
    let start = memchr::memchr(b'{', body)?;
    let end = memchr::memrchr(b'}', body)?;
    let json: serde_json::Value = serde_json::from_slice(body.get(start..=end)?).ok()?;
    let text = |key: &str| json.get(key)?.as_str().map(str::to_owned);
    let product = json.get("Components").and_then(|c| c.get(0)?.get("Name")?.as_str());
    let product = match product {
        Some(name) if name.contains("Podman") => "Podman",
        _ => "Docker",
    };
    Some((product.to_owned(), text("Version")?, text("ApiVersion")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn the_host_variable_comes_before_every_usual_place() {
        let env = |key: &str| (key == "DOCKER_HOST").then(|| "unix:///tmp/x.sock".to_owned());
        assert_eq!(sockets(env), [PathBuf::from("/tmp/x.sock")]);
        assert_eq!(sockets(|_| None)[0], PathBuf::from("/var/run/docker.sock"));
    }

    #[test]
    fn places_that_do_not_answer_say_why() {
        let dir = tempfile::tempdir().unwrap();
        let (missing, foreign) = (dir.path().join("a"), dir.path().join("b"));
        let listener = UnixListener::bind(&foreign).unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // All of the request: what is not read makes the system reset the connection.
            stream.read_exact(&mut [0; 39]).unwrap();
            stream.write_all(b"220 mail\r\n").unwrap();
        });
        let tried = find(&[missing, foreign]).unwrap_err();
        assert_eq!(tried[0].why, "no such socket");
        assert_eq!(tried[1].why, "what answers is no container engine");
    }

    #[test]
    fn an_engine_says_its_versions_chunked_or_not() {
        let json = r#"{"Components":[{"Name":"Podman Engine"}],"Version":"4.3.1","ApiVersion":"1.41"}"#;
        let plain = format!("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{json}");
        let chunked = format!("HTTP/1.1 200 OK\r\n\r\n{:x}\r\n{json}\r\n0\r\n\r\n", json.len());
        for answer in [plain, chunked] {
            let read = read_version(answer.as_bytes());
            assert_eq!(read, Some(("Podman".into(), "4.3.1".into(), "1.41".into())));
        }
    }
}
