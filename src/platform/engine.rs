//! Finding a container engine: the places where one may be, in order, and what is there.
//!
//! * Who chooses an engine gets that one or an error: only where nobody chose are the usual places tried in turn.
//! * The error names every place that was tried, why nothing came of it, and what to do.

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::address::{Address, TlsFiles};
use super::client::{Client, ClientError, Patience, Product};
use super::context;

/// How long an engine may take to say who it is; a person waits for it.
const PATIENCE: Patience = Patience { connect: Duration::from_secs(2), silence: Duration::from_secs(5) };

/// What the user asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// An address, as `DOCKER_HOST` writes it.
    pub host: Option<String>,
    /// Only an engine of this product.
    pub product: Option<Product>,
}

/// What the surroundings say: variables, folders, the user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// The user's number.
    pub user: Option<u32>,
}

impl Surroundings {
    /// Those of this process.
    pub fn here() -> Surroundings {
        let variables = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        let user = std::fs::metadata("/proc/self").ok().map(|meta| meta.uid());
        Surroundings { variables: variables.collect(), user }
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.variables.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Docker's folder of settings.
    fn docker_folder(&self) -> Option<PathBuf> {
        let told = self.get("DOCKER_CONFIG").map(PathBuf::from);
        told.or_else(|| self.get("HOME").map(|home| Path::new(home).join(".docker")))
    }

    /// The folder of the user's sockets.
    fn runtime_folder(&self) -> Option<PathBuf> {
        let told = self.get("XDG_RUNTIME_DIR").map(PathBuf::from);
        told.or_else(|| {
            self.user.filter(|user| *user != 0).map(|user| PathBuf::from(format!("/run/user/{user}")))
        })
    }

    /// The certificates for TCP, if TLS is asked for.
    fn tls(&self) -> Option<TlsFiles> {
        self.get("DOCKER_TLS_VERIFY")?;
        let folder = self.get("DOCKER_CERT_PATH").map(PathBuf::from).or_else(|| self.docker_folder());
        Some(folder.map(|folder| TlsFiles::in_folder(&folder)).unwrap_or_default())
    }
}

/// Who named a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The argument `--host`, or the setting `host`.
    Host,
    /// The variable `DOCKER_HOST`.
    DockerHost,
    /// A context of Docker's, chosen by the variable `DOCKER_CONTEXT`.
    DockerContext(String),
    /// Docker's current context.
    CurrentContext(String),
    /// Nobody: one usually is there.
    Usual,
}

impl fmt::Display for NamedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NamedBy::Host => f.write_str("--host"),
            NamedBy::DockerHost => f.write_str("DOCKER_HOST"),
            NamedBy::DockerContext(name) => write!(f, "DOCKER_CONTEXT={name}"),
            NamedBy::CurrentContext(name) => write!(f, "Docker's current context '{name}'"),
            NamedBy::Usual => f.write_str("the usual places"),
        }
    }
}

/// A place that was tried, and why nothing came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Its address, or what was written instead of one.
    pub place: String,
    /// Why not, for people.
    pub why: String,
    /// What can be done about it.
    pub advice: Option<String>,
}

/// No engine answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NotFound {
    /// Who named the places.
    pub by: NamedBy,
    /// Every place that was tried, in order.
    pub tried: Vec<Tried>,
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            NamedBy::Usual => f.write_str("no container engine answers")?,
            by => write!(f, "the container engine that {by} names does not answer")?,
        }
        for Tried { place, why, .. } in &self.tried {
            write!(f, "\n  {place}: {why}")?;
        }
        let mut advice: Vec<&str> = Vec::new();
        for line in self.tried.iter().filter_map(|tried| tried.advice.as_deref()) {
            if !advice.contains(&line) {
                advice.push(line);
            }
        }
        for line in advice {
            write!(f, "\n  try: {line}")?;
        }
        Ok(())
    }
}

/// The places to try, first choice first, and who named them.
pub fn places(wanted: &Wanted, around: &Surroundings) -> (NamedBy, Vec<Result<Address, Tried>>) {
    let one = |by: NamedBy, text: &str, read: Result<Address, String>| {
        let read = read.map_err(|why| Tried { place: text.to_owned(), why, advice: None });
        (by, vec![read])
    };
    for (by, text) in
        [(NamedBy::Host, wanted.host.as_deref()), (NamedBy::DockerHost, around.get("DOCKER_HOST"))]
    {
        if let Some(text) = text {
            return one(by, text, Address::parse(text, around.tls()));
        }
    }
    if let Some(folder) = around.docker_folder() {
        // `default` is what holds without contexts.
        let told = around.get("DOCKER_CONTEXT");
        if let Some(name) = told.filter(|name| *name != "default") {
            return one(NamedBy::DockerContext(name.to_owned()), name, context::address(&folder, name));
        }
        if let Some(name) = context::current(&folder).filter(|_| told.is_none()) {
            let read = context::address(&folder, &name);
            return one(NamedBy::CurrentContext(name.clone()), &name, read);
        }
    }
    let runtime = around.runtime_folder();
    let mut paths = vec![PathBuf::from("/var/run/docker.sock")];
    paths.extend(runtime.iter().map(|folder| folder.join("docker.sock")));
    paths.push(PathBuf::from("/run/podman/podman.sock"));
    paths.extend(runtime.iter().map(|folder| folder.join("podman/podman.sock")));
    (NamedBy::Usual, paths.into_iter().map(|path| Ok(Address::Unix(path))).collect())
}

/// The first engine that answers. Runs inside a tokio runtime.
pub async fn find(wanted: &Wanted, around: &Surroundings) -> Result<Client, NotFound> {
    let (by, places) = places(wanted, around);
    let mut tried = Vec::new();
    for place in places {
        let address = match place {
            Ok(address) => address,
            Err(not) => {
                tried.push(not);
                continue;
            }
        };
        match Client::connect(&address, PATIENCE).await {
            Ok(client) => {
                let product = client.product();
                match wanted.product {
                    Some(other) if other != product => tried.push(Tried {
                        place: address.to_string(),
                        why: format!("{product} answers there, not {other}"),
                        advice: None,
                    }),
                    _ => return Ok(client.with_patience(Patience::default())),
                }
            }
            Err(error) => tried.push(explain(&address, &error)),
        }
    }
    Err(NotFound { by, tried })
}

fn explain(address: &Address, error: &ClientError) -> Tried {
    let tried = |why: String, advice: Option<&str>| Tried {
        place: address.to_string(),
        why,
        advice: advice.map(str::to_owned),
    };
    let podman = matches!(address, Address::Unix(path) if path.ends_with("podman/podman.sock"));
    let rootless = matches!(address, Address::Unix(path) if path.starts_with("/run/user"));
    let start = match (address, podman, rootless) {
        (Address::Unix(_), true, true) => "systemctl --user start podman.socket",
        (Address::Unix(_), true, false) => "sudo systemctl start podman.socket",
        (Address::Unix(_), false, true) => "systemctl --user start docker",
        (Address::Unix(_), false, false) => "sudo systemctl start docker",
        _ => "ask who runs that engine, or name another one with --host",
    };
    match error {
        ClientError::Unreachable { cause, .. } => {
            let why = super::client::to_reason(cause);
            let advice = match cause.kind() {
                std::io::ErrorKind::PermissionDenied if podman => {
                    "systemctl --user start podman.socket (the user's own Podman), or run mcpp as root"
                }
                std::io::ErrorKind::PermissionDenied => "sudo usermod -aG docker $USER, then log in again",
                _ => start,
            };
            tried(why, Some(advice))
        }
        ClientError::Silent { after, .. } => {
            tried(format!("it takes the connection and says nothing for {} s", after.as_secs()), Some(start))
        }
        ClientError::Garbage { why, .. } => {
            tried(format!("what answers is no container engine: {why}"), None)
        }
        ClientError::Cut { .. } => tried("it cuts the connection".to_owned(), Some(start)),
        ClientError::Certificates { why, .. } => tried(why.clone(), None),
        ClientError::Version { theirs, oldest, .. } => {
            tried(format!("it speaks API {theirs}, and mcpp needs {oldest} or later"), None)
        }
        other => tried(other.to_string(), None),
    }
}

#[cfg(test)]
mod tests;
