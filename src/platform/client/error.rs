//! Why an engine did not answer.

use std::io;
use std::time::Duration;

use super::Api;

/// Why an engine did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection came about.
    #[error("cannot reach {host}: {}", to_reason(cause))]
    Unreachable {
        /// The engine's address.
        host: String,
        /// Why.
        cause: io::Error,
    },
    /// The certificates cannot be used.
    #[error("cannot use the certificates for {host}: {why}")]
    Certificates {
        /// The engine's address.
        host: String,
        /// Which file, and why.
        why: String,
    },
    /// It took the connection or the request, and says nothing.
    #[error("{host} said nothing for {after:?} when asked for {asked}")]
    Silent {
        /// The engine's address.
        host: String,
        /// What was asked for.
        asked: String,
        /// How long was waited.
        after: Duration,
    },
    /// The connection was cut before the answer was complete.
    #[error("{host} cut the connection when asked for {asked}")]
    Cut {
        /// The engine's address.
        host: String,
        /// What was asked for.
        asked: String,
        /// Why.
        #[source]
        cause: hyper::Error,
    },
    /// What came is not what an engine answers.
    #[error("what {host} answers when asked for {asked} is not understood: {why}")]
    Garbage {
        /// The engine's address.
        host: String,
        /// What was asked for.
        asked: String,
        /// What is wrong with it.
        why: String,
    },
    /// The answer is longer than any that makes sense.
    #[error("the answer of {host} to {asked} is longer than {limit} bytes")]
    TooLarge {
        /// The engine's address.
        host: String,
        /// What was asked for.
        asked: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The engine is too old.
    #[error("{host} speaks API {theirs}, and mcpp needs {oldest} or later")]
    Version {
        /// The engine's address.
        host: String,
        /// What it speaks.
        theirs: Api,
        /// What we need.
        oldest: Api,
    },
    /// There is no such thing (404): a container that is gone.
    #[error("{host} knows nothing of {asked}: {message}")]
    NotFound {
        /// The engine's address.
        host: String,
        /// What was asked for.
        asked: String,
        /// The engine's message.
        message: String,
    },
    /// It is in a state that does not allow this (409).
    #[error("{host} cannot do {asked} now: {message}")]
    Conflict {
        /// The engine's address.
        host: String,
        /// What was asked for.
        asked: String,
        /// The engine's message.
        message: String,
    },
    /// It cannot do this ever (501): a log driver that cannot be read.
    #[error("{host} cannot do {asked}: {message}")]
    Unsupported {
        /// The engine's address.
        host: String,
        /// What was asked for.
        asked: String,
        /// The engine's message.
        message: String,
    },
    /// Any other status.
    #[error("{host} answered {status} when asked for {asked}: {message}")]
    Refused {
        /// The engine's address.
        host: String,
        /// What was asked for.
        asked: String,
        /// The HTTP status.
        status: u16,
        /// The engine's message.
        message: String,
    },
}

impl ClientError {
    pub(super) fn from_status(host: String, asked: String, status: u16, message: String) -> ClientError {
        match status {
            404 => ClientError::NotFound { host, asked, message },
            409 => ClientError::Conflict { host, asked, message },
            501 => ClientError::Unsupported { host, asked, message },
            _ => ClientError::Refused { host, asked, status, message },
        }
    }

    pub(super) fn from_http(host: &str, asked: &str, cause: hyper::Error) -> ClientError {
        let (host, asked) = (host.to_owned(), asked.to_owned());
        if cause.is_parse() {
            return ClientError::Garbage { host, asked, why: format!("it is no HTTP ({cause})") };
        }
        ClientError::Cut { host, asked, cause }
    }

    /// The engine's own words, if it said some.
    pub fn message(&self) -> Option<&str> {
        match self {
            ClientError::NotFound { message, .. }
            | ClientError::Conflict { message, .. }
            | ClientError::Unsupported { message, .. }
            | ClientError::Refused { message, .. } => Some(message),
            _ => None,
        }
    }

    /// Whether the engine itself is away, so that asking again later makes sense: not what it refused for good.
    pub fn is_passing(&self) -> bool {
        match self {
            ClientError::Unreachable { .. } | ClientError::Silent { .. } | ClientError::Cut { .. } => true,
            ClientError::Refused { status, .. } => *status >= 500 || *status == 429,
            _ => false,
        }
    }
}

/// A few words for the usual reasons.
pub(crate) fn to_reason(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::NotFound => "no such socket".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
        io::ErrorKind::TimedOut => "no connection in time".to_owned(),
        _ => cause.to_string(),
    }
}
