//! Reaching the container engine that the flags name.

use clap::{Args, ValueEnum};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::platform::engine::{self, Surroundings, Wanted};
use crate::platform::{Client, Product};

use super::{DONE, INTERRUPTED, USAGE, fail, signals};

/// Flags of every command that talks to a container engine.
#[derive(Clone, Debug, Default, Args)]
pub struct Engine {
    /// The container engine: unix:///path, tcp://host:port or https://host:port; else DOCKER_HOST, Docker's context, and the usual sockets of Docker and Podman.
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Only an engine of this kind.
    #[arg(long, value_enum)]
    pub backend: Option<Backend>,
}

/// A kind of container engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// Docker.
    Docker,
    /// Podman.
    Podman,
    /// Not read yet; says so.
    #[value(hide = true)]
    Kubernetes,
}

impl Backend {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Backend::Docker => "docker",
            Backend::Podman => "podman",
            Backend::Kubernetes => "kubernetes",
        }
    }
}

impl Engine {
    /// What the flags ask for; the error is a sentence about wrong usage.
    pub fn to_wanted(&self) -> Result<Wanted, String> {
        let product = match self.backend {
            None => None,
            Some(Backend::Docker) => Some(Product::Docker),
            Some(Backend::Podman) => Some(Product::Podman),
            Some(Backend::Kubernetes) => {
                return Err("--backend kubernetes: mcpp reads Docker and Podman; for Kubernetes pipe \
                            `kubectl logs --prefix --timestamps …` into `mcpp logs -`"
                    .to_owned());
            }
        };
        Ok(Wanted { host: self.host.clone(), product })
    }

    /// Reaches it, or says why not and gives the exit code.
    pub async fn connect(&self) -> Result<Client, u8> {
        let wanted = self.to_wanted().map_err(|sentence| {
            fail(&sentence);
            USAGE
        })?;
        engine::find(&wanted, &Surroundings::here()).await.map_err(|error| fail(&error.to_string()))
    }
}

/// Runs a command until its end or Ctrl-C, and gives its exit code.
pub(super) fn block_on(command: impl Future<Output = Result<u8, u8>>) -> u8 {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let (stop, mut stopped) = watch::channel(false);
    let caught = match signals::listen(stop, INTERRUPTED) {
        Ok(caught) => caught,
        Err(error) => return fail(&format!("cannot listen for signals: {error}")),
    };
    runtime.block_on(async {
        tokio::select! {
            ended = command => ended.unwrap_or_else(|code| code),
            // An error is a listener that is gone, which ends with the process only.
            _ = stopped.wait_for(|stop| *stop) => if caught.interrupted() { INTERRUPTED } else { DONE },
        }
    })
}

/// A runtime for talking to an engine, or the exit code.
pub(super) fn runtime() -> Result<Runtime, u8> {
    let made = tokio::runtime::Builder::new_current_thread().enable_all().build();
    made.map_err(|cause| fail(&format!("cannot start: {cause}")))
}
