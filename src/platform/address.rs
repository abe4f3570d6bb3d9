//! Addresses of container engines, as `DOCKER_HOST` and `--host` write them.

use std::fmt;
use std::path::{Path, PathBuf};

/// Port of an engine on plain TCP.
const PLAIN_PORT: u16 = 2375;

/// Port of an engine behind TLS.
const TLS_PORT: u16 = 2376;

/// Where an engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A unix socket.
    Unix(PathBuf),
    /// Plain TCP.
    Tcp {
        /// Name or address; an IPv6 address without brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// TCP with TLS.
    Tls {
        /// Name or address, which the certificate must be for.
        host: String,
        /// Port.
        port: u16,
        /// Certificates.
        files: TlsFiles,
    },
}

/// Files with certificates, each in PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Who signs the engine's certificate; `None` = those that this machine trusts.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key, where the engine asks for one.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl TlsFiles {
    /// `ca.pem`, `cert.pem` and `key.pem` of a folder, those that are there.
    pub fn in_folder(folder: &Path) -> TlsFiles {
        let there = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
        TlsFiles { ca: there("ca.pem"), client: there("cert.pem").zip(there("key.pem")) }
    }
}

impl Address {
    /// Reads `unix:///path`, `/path`, `tcp://host:port`, `host:port`, `http://…`, `https://…`. With `tls` a TCP address
    /// is one behind TLS. The error is a sentence.
    pub fn parse(text: &str, tls: Option<TlsFiles>) -> Result<Address, String> {
        let text = text.trim();
        if text.starts_with('/') {
            return Ok(Address::Unix(PathBuf::from(text)));
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("tcp", text));
        match scheme {
            "unix" if rest.starts_with('/') => Ok(Address::Unix(PathBuf::from(rest))),
            "unix" => {
                Err(format!("'{text}' is no unix socket: write unix:///run/docker.sock, with three slashes"))
            }
            "tcp" | "http" => match tls {
                Some(files) => to_tls(text, rest, files),
                None => {
                    let (host, port) = host_and_port(text, rest, PLAIN_PORT)?;
                    Ok(Address::Tcp { host, port })
                }
            },
            "https" => to_tls(text, rest, tls.unwrap_or_default()),
            "ssh" => Err(format!(
                "'{text}' goes through SSH, which mcpp does not speak: forward the socket \
                 (ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST) and use unix:///tmp/engine.sock"
            )),
            "npipe" => Err(format!("'{text}' is a named pipe of Windows, which mcpp does not read")),
            _ => Err(format!(
                "'{text}' is no address of an engine: write unix:///path, tcp://host:port or https://host:port"
            )),
        }
    }
}

fn to_tls(text: &str, rest: &str, files: TlsFiles) -> Result<Address, String> {
    let (host, port) = host_and_port(text, rest, TLS_PORT)?;
    Ok(Address::Tls { host, port, files })
}

fn host_and_port(text: &str, rest: &str, default: u16) -> Result<(String, u16), String> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let wrong = |what: &str| format!("'{text}' is no address of an engine: {what}");
    if rest.contains('/') {
        return Err(wrong("it has a path behind the port"));
    }
    let (host, port) = if let Some(inside) = rest.strip_prefix('[') {
        let (host, port) = inside.split_once(']').ok_or_else(|| wrong("`]` is missing"))?;
        (host, port.strip_prefix(':'))
    } else {
        match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        }
    };
    let port = match port {
        None => default,
        Some(port) => port.parse().map_err(|_| wrong("its port is no number up to 65535"))?,
    };
    // tcp://:2375 is this machine.
    let host = if host.is_empty() { "localhost" } else { host };
    if host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(wrong("it has blanks"));
    }
    Ok((host.to_owned(), port))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, port) = match self {
            Address::Unix(path) => return write!(f, "unix://{}", path.display()),
            Address::Tcp { host, port } => ("tcp", host, port),
            Address::Tls { host, port, .. } => ("https", host, port),
        };
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_docker_writes_them() {
        for (text, tls, shown) in [
            ("unix:///var/run/docker.sock", false, "unix:///var/run/docker.sock"),
            ("/run/x.sock", false, "unix:///run/x.sock"),
            ("tcp://10.0.0.1:2375", false, "tcp://10.0.0.1:2375"),
            ("tcp://10.0.0.1", false, "tcp://10.0.0.1:2375"),
            ("tcp://engine", true, "https://engine:2376"),
            ("https://engine/", false, "https://engine:2376"),
            ("tcp://[::1]:99", false, "tcp://[::1]:99"),
            (":2375", false, "tcp://localhost:2375"),
            ("engine:1234", false, "tcp://engine:1234"),
        ] {
            let address = Address::parse(text, tls.then(TlsFiles::default)).unwrap();
            assert_eq!(address.to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, part) in [
            ("ssh://me@host", "forward the socket"),
            ("npipe:////./pipe/x", "Windows"),
            ("unix://var/run", "three slashes"),
            ("tcp://a:99999", "port"),
            ("tcp://a:1/b", "path"),
            ("tcp://[::1", "`]`"),
            ("tcp://a b:1", "blanks"),
            ("ftp://x", "unix:///path"),
        ] {
            let error = Address::parse(text, None).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
