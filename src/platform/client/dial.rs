//! Opening connections: unix socket, TCP, TLS.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::super::address::{Address, TlsFiles};
use super::ClientError;

/// A stream of any kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Opens connections to one address.
pub(super) struct Dialer {
    address: Address,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Dialer {
    /// Reads the certificates; opens nothing.
    pub(super) fn new(address: &Address) -> Result<Dialer, ClientError> {
        let tls = match address {
            Address::Tls { host, files, .. } => {
                let made = connector(files).and_then(|connector| {
                    let name = ServerName::try_from(host.clone())
                        .map_err(|_| format!("'{host}' is no name that a certificate can be for"))?;
                    Ok((connector, name))
                });
                Some(made.map_err(|why| ClientError::Certificates { host: address.to_string(), why })?)
            }
            _ => None,
        };
        Ok(Dialer { address: address.clone(), tls })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Opens a connection, within a time.
    pub(super) async fn dial(&self, limit: Duration) -> Result<Box<dyn Stream>, ClientError> {
        let opened = tokio::time::timeout(limit, self.open()).await;
        opened
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|cause| ClientError::Unreachable { host: self.address.to_string(), cause })
    }

    async fn open(&self) -> io::Result<Box<dyn Stream>> {
        match &self.address {
            Address::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
            Address::Tcp { host, port } => Ok(Box::new(tcp(host, *port).await?)),
            Address::Tls { host, port, .. } => {
                let stream = tcp(host, *port).await?;
                let (connector, name) = self.tls.as_ref().expect("made with the address");
                Ok(Box::new(connector.connect(name.clone(), stream).await?))
            }
        }
    }
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn connector(files: &TlsFiles) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    match &files.ca {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|cause| format!("{}: {cause}", path.display()))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| cause.to_string())?
        .with_root_certificates(roots);
    let config = match &files.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates(certificate)?;
            let private =
                PrivateKeyDer::from_pem_file(key).map_err(|cause| format!("{}: {cause}", key.display()))?;
            builder
                .with_client_auth_cert(chain, private)
                .map_err(|cause| format!("{}: {cause}", certificate.display()))?
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |cause: rustls::pki_types::pem::Error| format!("{}: {cause}", path.display());
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)?;
    if found.is_empty() {
        return Err(format!("{}: it holds no certificate", path.display()));
    }
    Ok(found)
}
