//! What the tests of the whole program share: the binary as a user starts it, files that grow and rotate, and waiting
//! for what must come without measuring how long it takes.
#![allow(dead_code, reason = "each test uses another part")]

pub mod export;
pub mod script;
pub mod scripted;
pub mod services;
pub mod writer;

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Only something that hangs takes that long.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Ends the test if the binary was built without its fault points.
pub fn needs_faults() {
    if !cfg!(feature = "faults") {
        panic!("built without fault points: run `cargo test --features faults`");
    }
}

/// Waits until something is there.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until something holds.
pub fn wait_until(what: &str, mut look: impl FnMut() -> bool) {
    wait_for(what, || look().then_some(()));
}

/// A command line of mcpp.
pub struct Mcpp {
    command: Command,
    stdin: Option<Vec<u8>>,
}

/// `mcpp ARGS…` in a neutral environment: UTC, no colours, no settings of the user.
pub fn mcpp<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Mcpp {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcpp"));
    command.args(args).env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
        .env("TZ", "UTC")
        .env("HOME", "/nonexistent")
        .env("DOCKER_HOST", "unix:///nonexistent/engine.sock");
    Mcpp { command, stdin: None }
}

impl Mcpp {
    /// Sets a variable.
    pub fn env(mut self, key: &str, value: &str) -> Mcpp {
        self.command.env(key, value);
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<std::ffi::OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Mcpp {
        self.command.args(args);
        self
    }

    /// Sets the folder it runs in.
    pub fn at(mut self, folder: &Path) -> Mcpp {
        self.command.current_dir(folder);
        self
    }

    /// Ends the process at the N-th passing of a named point.
    pub fn fault(self, point: &str, count: u32) -> Mcpp {
        needs_faults();
        self.env("MCPP_FAULT", &format!("{point}:{count}"))
    }

    /// What it reads from standard input.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Mcpp {
        self.stdin = Some(bytes.into());
        self
    }

    /// Starts it; standard input is what was given and then ends.
    pub fn start(mut self) -> Life {
        let bytes = self.stdin.take();
        let mut life = self.start_open(bytes.is_some());
        if let Some(bytes) = bytes {
            let mut input = life.child.stdin.take().unwrap();
            // A process that ends without reading everything is judged by what it says.
            life.feeder = Some(std::thread::spawn(move || drop(input.write_all(&bytes))));
        }
        life
    }

    /// Starts it with a standard input that stays open for [`Life::feed`].
    pub fn start_open(mut self, piped: bool) -> Life {
        let stdin = if piped { Stdio::piped() } else { Stdio::null() };
        let mut child =
            self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Life {
            stdout: Some(std::thread::spawn(move || read_all(stdout))),
            stderr: Some(std::thread::spawn(move || read_all(stderr))),
            feeder: None,
            child,
        }
    }

    /// Runs it to its end.
    pub fn done(self) -> Done {
        self.start().wait()
    }
}

fn read_all(mut from: impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    from.read_to_end(&mut all).unwrap();
    all
}

/// A running process; killed when dropped.
pub struct Life {
    child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    feeder: Option<JoinHandle<()>>,
}

impl Life {
    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input, which stays open.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.child.stdin.as_mut().expect("started open").write_all(bytes).unwrap();
    }

    /// Ends its standard input.
    pub fn end_input(&mut self) {
        self.child.stdin.take();
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// `kill -9`.
    pub fn kill(mut self) -> Done {
        self.child.kill().unwrap();
        self.wait()
    }

    /// Sends a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.pid();
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {pid}")).status().unwrap();
        assert!(sent.success());
    }

    /// Sends a signal unless it has ended meanwhile.
    pub fn signal_if_running(&mut self, name: &str) {
        // It is not reaped before `is_running` says so, and its number is not given to another before that.
        if self.is_running() {
            self.signal(name);
        }
    }

    /// SIGTERM, and its end.
    pub fn stop(self) -> Done {
        self.signal("TERM");
        self.wait()
    }

    /// Most memory it has had so far, in KiB; `None` once it has ended.
    pub fn peak(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Done {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if since.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                let error = self.stderr.take().map(|thread| thread.join().unwrap()).unwrap_or_default();
                panic!("mcpp hangs; it said: {}", String::from_utf8_lossy(&error));
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let stdout = self.stdout.take().unwrap().join().unwrap();
        let stderr = self.stderr.take().unwrap().join().unwrap();
        if let Some(feeder) = self.feeder.take() {
            feeder.join().unwrap();
        }
        Done { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// How a process ended, and what it said.
pub struct Done {
    /// Code or signal.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Done {
    /// Checks the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Done {
        assert_eq!(
            self.status.code(),
            Some(code),
            "{}\nstdout: {}\nstderr: {}",
            self.status,
            String::from_utf8_lossy(&self.stdout[..self.stdout.len().min(2000)]),
            self.stderr
        );
        self
    }

    /// Checks that it ended at a fault point.
    #[track_caller]
    pub fn ends_at_a_point(&self, point: &str) {
        let aborted = self.status.signal() == Some(6);
        assert!(aborted, "{point} was not the end, but {}\nstderr: {}", self.status, self.stderr);
    }

    /// Checks that standard error holds a text.
    #[track_caller]
    pub fn says(self, part: &str) -> Done {
        assert!(self.stderr.contains(part), "{part:?} is not in what it said:\n{}", self.stderr);
        self
    }

    /// Checks that nothing was said on standard error.
    #[track_caller]
    pub fn quietly(self) -> Done {
        assert_eq!(self.stderr, "");
        self
    }

    /// Standard output as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("output for people is UTF-8")
    }

    /// Standard output as lines of JSON.
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        export::parse(&self.stdout)
    }

    /// The messages of standard output as lines of JSON.
    #[track_caller]
    pub fn messages(&self) -> Vec<String> {
        self.json().iter().map(|event| export::message(event).to_owned()).collect()
    }
}

/// A folder for one test; kept for looking at if `MCPP_TEST_KEEP` is set and the test fails.
pub struct Folder(Option<tempfile::TempDir>);

/// A new folder.
pub fn folder() -> Folder {
    Folder(Some(tempfile::tempdir().unwrap()))
}

impl Folder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.as_ref().unwrap().path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() && std::env::var_os("MCPP_TEST_KEEP").is_some() {
            println!("kept: {}", self.0.take().unwrap().keep().display());
        }
    }
}

/// Writes a file and names it.
pub fn put(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Appends to a file.
pub fn append(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    let mut file = std::fs::File::options().append(true).create(true).open(path).unwrap();
    file.write_all(bytes.as_ref()).unwrap();
}
