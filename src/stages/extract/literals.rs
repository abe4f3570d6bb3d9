//! What is searched before a record is looked at.

use aho_corasick::{AhoCorasick, Input, MatchKind};

use crate::event::{Batch, Row, Span};

/// Texts of which a record must hold one to tell anything of a tool call. Only the first character of one may be a
/// quote: JSON puts a backslash before it, which leaves the text findable.
///
/// Vector code looks for the first four bytes of each, so these are the four that other lines rarely have: `ool_` of
/// `tool_`, for `tool` stands in every path of a stack trace; `.busy`, for `time` stands in every line.
pub const LITERALS: &[&str] = &[
    "onrpc",
    "s/call",
    "ool '",
    "ool_",
    "\"tool",
    "'tool",
    "ool=",
    "ool:",
    "oolName",
    "ool.name",
    ".tool",
    "pTool",
    "l_tool ",
    "lTool",
    "alling tool",
    "uting tool",
    "nse error",
    "te_tool",
    ".busy",
    "_inner",
];

/// Spellings that may hide one of the literals: colours inside `tool=`, quotes as numbers.
const DOUBTS: &[&str] = &["ool\u{1b}", "ool\\u001b", "ool\\u001B", "u0022", "u0027"];

/// Which families of notations a record can be of, by the literals in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Families(u16);

impl Families {
    /// JSON-RPC.
    pub const RPC: Families = Families(1);
    /// `tool_call: NAME`.
    pub const DOCUMENT: Families = Families(1 << 1);
    /// FastMCP's and the SDK's own lines.
    pub const FRAMEWORK: Families = Families(1 << 2);
    /// The method is named.
    pub const METHOD: Families = Families(1 << 3);
    /// A field may name a tool.
    pub const FIELD: Families = Families(1 << 4);
    /// Gateways.
    pub const GATEWAY: Families = Families(1 << 5);
    /// rmcp.
    pub const RMCP: Families = Families(1 << 6);
    /// Spans of `tracing`.
    pub const SPAN: Families = Families(1 << 7);
    /// Spans of OpenTelemetry.
    pub const OTEL: Families = Families(1 << 8);
    /// All of them.
    pub const ALL: Families = Families(u16::MAX);

    fn of(literal: &str) -> Families {
        match literal {
            "onrpc" => Families::RPC,
            "s/call" => Families::METHOD.and(Families::FRAMEWORK).and(Families::OTEL),
            "ool '" | "l_tool " | "uting tool" => Families::FRAMEWORK,
            "ool_" => Families::DOCUMENT.and(Families::FIELD),
            "ool:" => Families::FIELD.and(Families::GATEWAY),
            "ool.name" => Families::FIELD.and(Families::OTEL),
            "\"tool" | "'tool" | "ool=" | "oolName" | ".tool" | "pTool" => Families::FIELD,
            "lTool" => Families::FRAMEWORK.and(Families::RMCP),
            "alling tool" => Families::GATEWAY.and(Families::FIELD).and(Families::FRAMEWORK),
            "nse error" => Families::RMCP,
            "te_tool" => Families::OTEL.and(Families::SPAN),
            ".busy" | "_inner" => Families::SPAN,
            _ => Families::ALL,
        }
    }

    /// Both.
    pub fn and(self, other: Families) -> Families {
        Families(self.0 | other.0)
    }

    /// Whether they have one in common.
    pub fn any(self, other: Families) -> bool {
        self.0 & other.0 != 0
    }
}

/// Searches records for literals.
#[derive(Debug)]
pub struct Search {
    /// Finds where one stands.
    first: AhoCorasick,
    /// Finds every one of a record, and what each stands for.
    sort: AhoCorasick,
    families: Vec<Families>,
    /// Every record is looked at: a rule has no literal.
    all: bool,
}

impl Search {
    /// A search for what is known, if `tools`, and for the texts of rules.
    pub fn new(tools: bool, rules: &[String], all: bool) -> Search {
        let known = || LITERALS.iter().chain(DOUBTS).copied();
        let mut literals: Vec<&str> = rules.iter().map(String::as_str).collect();
        if tools {
            literals.extend(known());
        }
        // Searching for the leftmost is what vector code is made for.
        let first = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&literals);
        Search {
            first: first.expect("a few short literals make an automaton"),
            sort: AhoCorasick::new(known()).expect("a few short literals make an automaton"),
            families: known().map(Families::of).collect(),
            all,
        }
    }

    /// The hits of a batch.
    pub fn hits(&self) -> Hits<'_> {
        Hits { search: self, from: usize::MAX, next: 0 }
    }

    /// What the literals of a record say that it can be.
    pub fn families(&self, batch: &Batch, row: &Row) -> Families {
        if self.all {
            return Families::ALL;
        }
        let mut is = Families(0);
        for span in [row.raw, row.message] {
            for found in self.sort.find_overlapping_iter(batch.text.stored(span)) {
                is = is.and(self.families[found.pattern().as_usize()]);
            }
            if is_part(row.message, row.raw) {
                break;
            }
        }
        is
    }
}

/// Where the next literal stands in what the source read.
pub struct Hits<'a> {
    search: &'a Search,
    /// Searched from here on, and where the first one stands.
    from: usize,
    next: usize,
}

impl Hits<'_> {
    /// Whether a row may say anything: its raw text or its message, where that was made, holds a literal.
    pub fn any(&mut self, batch: &Batch, row: &Row) -> bool {
        if self.search.all || self.span(batch, row.raw) {
            return true;
        }
        !is_part(row.message, row.raw) && self.search.first.is_match(batch.text.stored(row.message))
    }

    fn span(&mut self, batch: &Batch, span: Span) -> bool {
        if span.is_side() {
            return self.search.first.is_match(batch.text.stored(span));
        }
        let start = span.start();
        if start < self.from || self.next < start {
            self.from = start;
            let found = self.search.first.find(Input::new(batch.text.buf()).range(start..));
            self.next = found.map_or(usize::MAX, |found| found.start());
        }
        self.next < start + span.len()
    }
}

/// Whether a span lies inside another.
fn is_part(part: Span, whole: Span) -> bool {
    part.is_side() == whole.is_side()
        && part.start() >= whole.start()
        && part.start() + part.len() <= whole.start() + whole.len()
}
