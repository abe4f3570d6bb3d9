//! Talking to a container engine: HTTP/1.1 over a unix socket, TCP or TLS.
//!
//! * The version of the API is agreed once, from `/version`: the newest that both sides speak.
//! * Connecting is limited in time; so is silence of an answer, except of one that is followed.
//! * Answers that are read whole are limited in size; the others are handed over piece by piece.
//! * Every request has a connection of its own, which is closed when its answer is dropped.
//! * Nothing is tried again here: whoever asks knows whether that makes sense.

mod dial;
mod error;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;

use super::address::Address;
use super::answers::{Complaint, Info, Version};

use dial::Dialer;
pub use error::ClientError;
pub(crate) use error::to_reason;

/// Oldest version of the API that we speak.
const OLDEST: Api = Api { major: 1, minor: 24 };

/// Newest version of the API whose answers we know.
const NEWEST: Api = Api { major: 1, minor: 47 };

/// Largest `/version` and `/info`.
const SMALL: usize = 1 << 20;

/// Largest text of an error.
const COMPLAINT: usize = 16 << 10;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// Until an answer begins, and between two pieces of it.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        // An engine under load lists thousands of containers in seconds, sizes of layers in tens of them.
        Patience { connect: Duration::from_secs(5), silence: Duration::from_secs(60) }
    }
}

/// Whether an answer may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It comes as soon as the engine can: silence of [`Patience::silence`] is an error.
    Answer,
    /// It is followed (`follow=1`, `/events`) and may be silent for ever, before its head too.
    Endless,
}

/// A version of the engine's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Api {
    /// Always 1 so far.
    pub major: u32,
    /// Such as 41.
    pub minor: u32,
}

impl Api {
    /// Reads `1.41`.
    pub fn parse(text: &str) -> Option<Api> {
        let (major, minor) = text.trim().trim_start_matches('v').split_once('.')?;
        Some(Api { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Whose engine it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// Docker, or what looks like it.
    Docker,
    /// Podman.
    Podman,
}

impl Product {
    /// As flags and output write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Product::Docker => "docker",
            Product::Podman => "podman",
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Product::Docker => "Docker",
            Product::Podman => "Podman",
        })
    }
}

/// A connection to one engine. Cloning is cheap; all methods may run at the same time.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    patience: Patience,
}

struct Inner {
    dialer: Dialer,
    product: Product,
    version: String,
    api: Api,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (API {}) at {}", self.product(), self.version(), self.api(), self.address())
    }
}

impl Client {
    /// Reaches an engine and agrees on a version of the API. Runs inside a tokio runtime, as all methods here.
    pub async fn connect(address: &Address, patience: Patience) -> Result<Client, ClientError> {
        let dialer = Dialer::new(address)?;
        let answer = ask(&dialer, patience, "/version", Wait::Answer).await?.checked().await?;
        let (asked, host) = (answer.body.asked.clone(), answer.body.host.clone());
        let said: Version = decode(&answer.read_all(SMALL).await?, &host, &asked)?;
        let no_engine = |why: &str| ClientError::Garbage { host, asked, why: why.to_owned() };
        let api = said.api_version.as_deref().and_then(Api::parse);
        let Some(api) = api else { return Err(no_engine("it names no version of the API")) };
        let least = said.min_api_version.as_deref().and_then(Api::parse).unwrap_or(OLDEST);
        let Some(api) = agree(api, least) else {
            return Err(ClientError::Version { host: address.to_string(), theirs: api, oldest: OLDEST });
        };
        let podman = said.components.iter().filter_map(|c| c.name.as_deref()).any(|n| n.contains("Podman"));
        let inner = Inner {
            dialer,
            product: if podman { Product::Podman } else { Product::Docker },
            version: said.version.unwrap_or_default(),
            api,
        };
        Ok(Client { inner: Arc::new(inner), patience })
    }

    /// The same engine with other time-outs.
    pub fn with_patience(self, patience: Patience) -> Client {
        Client { patience, ..self }
    }

    /// Where the engine is.
    pub fn address(&self) -> &Address {
        self.inner.dialer.address()
    }

    /// Docker or Podman.
    pub fn product(&self) -> Product {
        self.inner.product
    }

    /// The engine's version, such as `20.10.24`.
    pub fn version(&self) -> &str {
        &self.inner.version
    }

    /// The version of the API that is spoken.
    pub fn api(&self) -> Api {
        self.inner.api
    }

    /// Asks for a path such as `/containers/ID/logs?stdout=1`, without the version. The answer may have any status; see
    /// [`Answer::checked`].
    pub async fn get(&self, path: &str, wait: Wait) -> Result<Answer, ClientError> {
        let path = format!("/v{}{path}", self.inner.api);
        ask(&self.inner.dialer, self.patience, &path, wait).await
    }

    /// Asks for a path and decodes the answer, of at most `limit` bytes.
    pub async fn get_json<T: DeserializeOwned>(&self, path: &str, limit: usize) -> Result<T, ClientError> {
        let answer = self.get(path, Wait::Answer).await?.checked().await?;
        let (asked, host) = (answer.body.asked.clone(), answer.body.host.clone());
        decode(&answer.read_all(limit).await?, &host, &asked)
    }

    /// What the engine says of its machine.
    pub async fn info(&self) -> Result<Info, ClientError> {
        self.get_json("/info", SMALL).await
    }
}

/// The newest version that both sides speak, if any. An engine that has become too new for us is spoken to in the
/// oldest version that it still knows: what we read has been the same in all of them.
fn agree(theirs: Api, least: Api) -> Option<Api> {
    (theirs >= OLDEST).then(|| theirs.min(NEWEST).max(least))
}

fn decode<T: DeserializeOwned>(bytes: &[u8], host: &str, asked: &str) -> Result<T, ClientError> {
    let garbage = |cause: serde_json::Error| ClientError::Garbage {
        host: host.to_owned(),
        asked: asked.to_owned(),
        why: cause.to_string(),
    };
    if let Err(first) = std::str::from_utf8(bytes) {
        tracing::debug!(asked, at = first.valid_up_to(), "the engine's answer is not all UTF-8");
        return serde_json::from_str(&String::from_utf8_lossy(bytes)).map_err(garbage);
    }
    serde_json::from_slice(bytes).map_err(garbage)
}

async fn ask(dialer: &Dialer, patience: Patience, path: &str, wait: Wait) -> Result<Answer, ClientError> {
    let host = dialer.address().to_string();
    let broken = |cause: hyper::Error| ClientError::from_http(&host, path, cause);
    let request = hyper::Request::get(path)
        // Engines do not look at it, but HTTP wants one.
        .header(HOST, "engine")
        .header(USER_AGENT, concat!("mcpp/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())
        .map_err(|cause| ClientError::Garbage {
            host: host.clone(),
            asked: path.to_owned(),
            why: format!("it cannot be asked: {cause}"),
        })?;
    let stream = dialer.dial(patience.connect).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = Running(tokio::spawn(async move {
        // Whoever reads the answer is told the same.
        if let Err(cause) = connection.await {
            tracing::debug!(%cause, "a connection to the engine ended");
        }
    }));
    let silence = (wait == Wait::Answer).then_some(patience.silence);
    let answer = limited(silence, sender.send_request(request)).await;
    let Some(answer) = answer else {
        return Err(ClientError::Silent { host, asked: path.to_owned(), after: patience.silence });
    };
    let answer = answer.map_err(broken)?;
    let status = answer.status().as_u16();
    let body =
        Body { incoming: answer.into_body(), _connection: connection, silence, host, asked: path.to_owned() };
    Ok(Answer { status, body })
}

/// Waits for at most `limit`, if there is one.
async fn limited<T>(limit: Option<Duration>, future: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, future).await.ok(),
        None => Some(future.await),
    }
}

/// A task that ends with its owner.
struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An engine's answer.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// What follows the head.
    pub body: Body,
}

impl Answer {
    /// The answer if its status is one of success, else the error it stands for, with the engine's message.
    pub async fn checked(self) -> Result<Answer, ClientError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let (status, host, asked) = (self.status, self.body.host.clone(), self.body.asked.clone());
        let text = self.read_start(COMPLAINT).await;
        let complaint: Complaint = serde_json::from_slice(&text).unwrap_or_default();
        let message = complaint.message.unwrap_or_else(|| String::from_utf8_lossy(&text).trim().to_owned());
        Err(ClientError::from_status(host, asked, status, message))
    }

    /// The whole body, of at most `limit` bytes.
    pub async fn read_all(mut self, limit: usize) -> Result<Vec<u8>, ClientError> {
        let mut all = Vec::new();
        while let Some(piece) = self.body.next().await? {
            if all.len() + piece.len() > limit {
                let Body { host, asked, .. } = self.body;
                return Err(ClientError::TooLarge { host, asked, limit });
            }
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }

    /// The beginning of the body, as far as it comes.
    async fn read_start(mut self, limit: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < limit {
            let Ok(Some(piece)) = self.body.next().await else { break };
            let rest = limit - all.len();
            all.extend_from_slice(&piece[..piece.len().min(rest)]);
        }
        all
    }
}

/// The body of an answer, piece by piece. Dropping it closes the connection.
pub struct Body {
    incoming: Incoming,
    _connection: Running,
    silence: Option<Duration>,
    host: String,
    asked: String,
}

impl Body {
    /// The next piece; `None` at the end. May be cancelled.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            let frame = match limited(self.silence, self.incoming.frame()).await {
                Some(frame) => frame,
                None => {
                    let (host, asked) = (self.host.clone(), self.asked.clone());
                    let after = self.silence.unwrap_or_default();
                    return Err(ClientError::Silent { host, asked, after });
                }
            };
            match frame {
                None => return Ok(None),
                Some(Err(cause)) => return Err(ClientError::from_http(&self.host, &self.asked, cause)),
                Some(Ok(frame)) => {
                    // Trailers are no data.
                    let Ok(data) = frame.into_data() else { continue };
                    if !data.is_empty() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// A text as a segment or a value of a query: what is not unreserved is percent-encoded.
pub fn to_url(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests;
