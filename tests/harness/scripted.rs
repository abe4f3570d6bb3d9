//! A container engine that says what a test tells it to, over a unix socket.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// An answer.
pub enum Reply {
    /// A status with JSON.
    Json(u16, Value),
    /// These bytes, the head included, and the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes, then silence.
    Silence(Vec<u8>),
}

/// A running engine; its socket is gone when dropped.
pub struct Scripted {
    folder: tempfile::TempDir,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// Answers each path with what a function says, on a thread for each connection.
    pub fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Scripted {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("engine.sock")).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, heard) = (Arc::new(answer), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let (answer, heard) = (answer.clone(), heard.clone());
                std::thread::spawn(move || serve(stream, &*answer, &heard));
            }
        });
        Scripted { folder, asked }
    }

    /// One that lists these containers, and answers `/version` and `/info`; the rest is for `other`, without the version.
    pub fn with(
        containers: Value,
        other: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static,
    ) -> Scripted {
        Scripted::start(move |path| {
            let path = path.strip_prefix("/v1.41").unwrap_or(path);
            if let Some(reply) = other(path) {
                return reply;
            }
            match path.split('?').next().unwrap() {
                "/version" => Reply::Json(200, version()),
                "/info" => {
                    Reply::Json(200, json!({ "NCPU": 4, "MemTotal": 8_000_000_000u64, "Name": "there" }))
                }
                "/containers/json" => Reply::Json(200, containers.clone()),
                "/events" => Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()),
                _ => Reply::Json(404, json!({ "message": format!("no such path: {path}") })),
            }
        })
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("engine.sock")
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its address.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Every path that it was asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// What `/version` says of a Docker engine.
pub fn version() -> Value {
    json!({ "Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12",
        "Components": [{ "Name": "Engine" }] })
}

/// The path of a request, or nothing at the end of the connection.
pub fn read_path(stream: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    Some(String::from_utf8(head).unwrap().split(' ').nth(1)?.to_owned())
}

/// A whole answer.
pub fn to_bytes(status: u16, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

fn serve(mut stream: UnixStream, answer: &dyn Fn(&str) -> Reply, asked: &Mutex<Vec<String>>) {
    while let Some(path) = read_path(&mut stream) {
        asked.lock().unwrap().push(path.clone());
        // A client that has gone is no matter.
        match answer(&path) {
            Reply::Json(status, body) => {
                if stream.write_all(&to_bytes(status, &body)).is_err() {
                    return;
                }
            }
            Reply::Bytes(bytes) => {
                drop(stream.write_all(&bytes));
                return;
            }
            Reply::Silence(bytes) => {
                drop(stream.write_all(&bytes));
                // Until the client has enough of it.
                drop(stream.read(&mut [0]));
                return;
            }
        }
    }
}
