//! A dry run: everything is read and encoded, nothing is sent or saved.

use std::io::Write;

use serde_json::Value;

use crate::config::{Diags, Settings};
use crate::event::{BoxFuture, Schema};
use crate::sinks::{Built, Chunk, Event, From, SendError, Sink, Verdicts};

/// A sink that shows on stdout what another one would send.
struct Shown {
    name: String,
    inner: Box<dyn Sink>,
}

/// The same sink, shown instead of sent. Folds stay as they are: they only show their sum.
pub(super) fn shown(name: &str, sink: Built) -> Built {
    match sink {
        Built::Sink(inner) => Built::Sink(Box::new(Shown { name: name.to_owned(), inner })),
        fold @ Built::Fold(_) => fold,
    }
}

impl Shown {
    fn write(&self, chunk: &Chunk) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        for at in 0..chunk.frames.len() {
            write!(out, "{} <- ", self.name)?;
            let body = chunk.body(at);
            out.write_all(body)?;
            if !body.ends_with(b"\n") {
                out.write_all(b"\n")?;
            }
        }
        out.flush()
    }
}

impl Sink for Shown {
    fn check(&self, input: &Schema, settings: &Settings<'_>, diags: &mut Diags) {
        self.inner.check(input, settings, diags);
    }

    fn encode(&self, event: Event<'_>, chunk: &mut Chunk) {
        self.inner.encode(event, chunk);
    }

    fn open(&self, _saved: Option<&Value>) -> Result<(), SendError> {
        Ok(())
    }

    fn send<'a>(&'a self, _from: &'a From, chunk: &'a Chunk) -> BoxFuture<'a, Result<Verdicts, SendError>> {
        let result = match self.write(chunk) {
            Ok(()) => Ok(Verdicts::AllStored),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                Err(SendError::Closed { destination: "stdout".to_owned() })
            }
            Err(cause) => Err(SendError::Unreachable { destination: "stdout".to_owned(), cause }),
        };
        Box::pin(std::future::ready(result))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), SendError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
