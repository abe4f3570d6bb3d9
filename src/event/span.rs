//! Pieces of a batch's text.
//!
//! * A span never owns bytes; it is meaningful only with the [`Text`] of its own batch.
//! * An *escaped* span holds the inside of a valid JSON string in UTF-8, as the source wrote it: whoever marks it has
//!   checked that. JSON encoders copy it verbatim; whoever reads it asks for [`Text::plain`].
//! * `buf` is what the source read; `side` is what had to be made (joined, unescaped, stripped).

use std::sync::Arc;

use super::escape;

/// A piece of a batch's text: 8 bytes, `Copy`.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    start: u32,
    /// Length in the low 29 bits, then [`SIDE`], [`ESCAPED`].
    bits: u32,
}

const SIDE: u32 = 1 << 31;
const ESCAPED: u32 = 1 << 30;
const LEN: u32 = (1 << 29) - 1;

impl Span {
    /// The empty span.
    pub const EMPTY: Span = Span { start: 0, bits: 0 };

    /// Bytes `start..end` of what the source read.
    pub fn in_buf(start: usize, end: usize) -> Span {
        Self::new(start, end, 0)
    }

    /// Bytes `start..end` of the side buffer.
    pub fn in_side(start: usize, end: usize) -> Span {
        Self::new(start, end, SIDE)
    }

    fn new(start: usize, end: usize, flags: u32) -> Span {
        debug_assert!(start <= end && end - start <= LEN as usize && end <= u32::MAX as usize);
        Span { start: start as u32, bits: (end - start) as u32 & LEN | flags }
    }

    /// The same bytes, marked as the inside of a JSON string (or not).
    pub fn escaped(self, yes: bool) -> Span {
        Span { start: self.start, bits: if yes { self.bits | ESCAPED } else { self.bits & !ESCAPED } }
    }

    /// Whether the bytes are the inside of a JSON string and may hold escapes.
    pub fn is_escaped(self) -> bool {
        self.bits & ESCAPED != 0
    }

    /// Whether the bytes lie in the side buffer.
    pub fn is_side(self) -> bool {
        self.bits & SIDE != 0
    }

    /// Offset of the first byte in its buffer.
    pub fn start(self) -> usize {
        self.start as usize
    }

    /// Length in bytes, as stored.
    pub fn len(self) -> usize {
        (self.bits & LEN) as usize
    }

    /// Whether there is no byte.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// A part of this span: bytes `from..to` of it, with the same marks.
    ///
    /// Of escaped text only cuts that do not split an escape make sense.
    pub fn slice(self, from: usize, to: usize) -> Span {
        debug_assert!(from <= to && to <= self.len());
        Span { start: self.start + from as u32, bits: (to - from) as u32 | (self.bits & !LEN) }
    }
}

impl std::fmt::Debug for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}{}..{}{}",
            if self.is_side() { "side " } else { "" },
            self.start,
            self.start as usize + self.len(),
            if self.is_escaped() { " escaped" } else { "" }
        )
    }
}

/// The bytes of a batch as its source read them. Shared by the branches of a pipeline.
#[derive(Debug, Default)]
pub struct Buffer {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Where the memory returns to and what it holds of the budget; given back on drop.
    pub lease: Option<Arc<dyn Lease>>,
}

/// Gives a buffer's memory and its share of the budget back.
pub trait Lease: Send + Sync + std::fmt::Debug {
    /// Takes the emptied memory for the next read.
    fn recycle(&self, bytes: Vec<u8>);
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.recycle(std::mem::take(&mut self.bytes));
        }
    }
}

/// All text of a batch.
#[derive(Debug, Clone, Default)]
pub struct Text {
    buf: Arc<Buffer>,
    /// Text that had to be made.
    pub side: Vec<u8>,
}

impl Text {
    /// Text over what a source read.
    pub fn new(buf: Buffer) -> Text {
        Text { buf: Arc::new(buf), side: Vec::new() }
    }

    /// What the source read.
    pub fn buf(&self) -> &[u8] {
        &self.buf.bytes
    }

    /// The lease of the buffer, for an encoder's output that takes over its share of the budget.
    pub fn lease(&self) -> Option<Arc<dyn Lease>> {
        self.buf.lease.clone()
    }

    /// The bytes of a span as stored: escaped ones stay escaped.
    pub fn stored(&self, span: Span) -> &[u8] {
        let all: &[u8] = if span.is_side() { &self.side } else { &self.buf.bytes };
        &all[span.start()..span.start() + span.len()]
    }

    /// The bytes of a span without escapes. `scratch` is used only where there are some.
    pub fn plain<'a>(&'a self, span: Span, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let stored = self.stored(span);
        if !span.is_escaped() || memchr::memchr(b'\\', stored).is_none() {
            return stored;
        }
        scratch.clear();
        escape::unescape_into(stored, scratch);
        scratch
    }

    /// Appends to the side buffer.
    pub fn push(&mut self, bytes: &[u8]) -> Span {
        let start = self.side.len();
        self.side.extend_from_slice(bytes);
        Span::in_side(start, self.side.len())
    }

    /// Marks a span whose source says that it is the inside of a JSON string: escaped if that is so, else its meaning as
    /// plain text in the side buffer.
    pub fn mark_escaped(&mut self, span: Span) -> Span {
        if escape::is_escaped(self.stored(span)) {
            return span.escaped(true);
        }
        self.make_plain(span.escaped(true))
    }

    /// A span without escapes: the same one if it has none, else a copy in the side buffer.
    pub fn make_plain(&mut self, span: Span) -> Span {
        if !span.is_escaped() {
            return span;
        }
        if memchr::memchr(b'\\', self.stored(span)).is_none() {
            return span.escaped(false);
        }
        let start = self.side.len();
        if span.is_side() {
            let copy = self.stored(span).to_vec();
            escape::unescape_into(&copy, &mut self.side);
        } else {
            let stored = &self.buf.bytes[span.start()..span.start() + span.len()];
            escape::unescape_into(stored, &mut self.side);
        }
        Span::in_side(start, self.side.len())
    }

    /// The bytes of a span for overwriting in place. Text shared with another branch is copied first.
    pub fn stored_mut(&mut self, span: Span) -> &mut [u8] {
        let range = span.start()..span.start() + span.len();
        if span.is_side() {
            return &mut self.side[range];
        }
        if Arc::get_mut(&mut self.buf).is_none() {
            self.buf = Arc::new(Buffer { bytes: self.buf.bytes.clone(), lease: self.buf.lease.clone() });
        }
        let buf = Arc::get_mut(&mut self.buf).expect("just made unique");
        &mut buf.bytes[range]
    }
}
