//! A counting HTTP sink: every POST is answered with 200, its bytes and lines are counted. One thread.
//!
//! usage: sink PORT
//!
//! GET /count answers `LINES BYTES REQUESTS`; GET /reset starts again from zero. A body that does not end in a newline has one line more.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;

static LINES: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static REQUESTS: AtomicU64 = AtomicU64::new(0);

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    if request.method() != Method::POST {
        if request.uri().path() == "/reset" {
            for count in [&LINES, &BYTES, &REQUESTS] {
                count.store(0, Relaxed);
            }
        }
        let counts = [&LINES, &BYTES, &REQUESTS].map(|count| count.load(Relaxed));
        let text = format!("{} {} {}\n", counts[0], counts[1], counts[2]);
        return Ok(Response::new(Full::new(Bytes::from(text))));
    }
    let mut body = request.into_body();
    let (mut bytes, mut lines, mut last) = (0u64, 0u64, b'\n');
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref()
            && let Some(end) = data.last()
        {
            bytes += data.len() as u64;
            lines += memchr::memchr_iter(b'\n', data).count() as u64;
            last = *end;
        }
    }
    LINES.fetch_add(lines + u64::from(last != b'\n'), Relaxed);
    BYTES.fetch_add(bytes, Relaxed);
    REQUESTS.fetch_add(1, Relaxed);
    Ok(Response::new(Full::new(Bytes::new())))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse::<u16>().ok());
    let port = port.ok_or_else(|| std::io::Error::other("usage: sink PORT"))?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            // A client that goes away in the middle is its own trouble.
            let served = http1::Builder::new().max_buf_size(1 << 20).serve_connection(TokioIo::new(stream), service_fn(answer));
            drop(served.await);
        });
    }
}
