//! The expression language: conditions on events, for filters, `logs --where` and offline analysis.
//!
//! * Pure: the same event gives the same answer; nothing is changed.
//! * A missing field makes a comparison false, `!=` and `not in` too; `not` turns what it gets around.
//! * Parsing goes on behind a mistake, so that one run shows all of them.
//! * Evaluating a row allocates nothing.
//!
//! `docs/pipeline.md` holds the grammar. [`parse`] reads it, [`check`] compares it with a schema, [`eval`] answers,
//! [`literals`] says what a record must hold to matter at all.

pub mod check;
pub mod eval;
pub mod literals;
pub mod parse;
mod value;

use std::ops::Range;

use regex::bytes::Regex;

use crate::config::diagnostic::Severity;
use crate::config::{Diags, Settings};
use crate::event::{Field, Level};

pub use crate::stages::needles::Needles;
pub use eval::Scratch;
pub use value::regex_error;

/// A condition on events.
#[derive(Clone, Debug)]
pub struct Expr {
    pub(crate) root: Node,
    text: String,
}

impl Expr {
    /// Reads a condition; on mistakes all of them.
    pub fn parse(text: &str) -> Result<Expr, Vec<Problem>> {
        let (root, problems) = parse::parse(text);
        if problems.is_empty() { Ok(Expr { root, text: text.to_owned() }) } else { Err(problems) }
    }

    /// Reads a condition from a setting; mistakes are reported at their place in the file.
    pub fn from_setting(
        text: &str,
        settings: &Settings<'_>,
        path: &[&str],
        diags: &mut Diags,
    ) -> Option<Expr> {
        match Expr::parse(text) {
            Ok(expr) => Some(expr),
            Err(problems) => {
                report(problems, settings, path, diags);
                None
            }
        }
    }

    /// The condition as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Reports what is wrong with an expression in a setting, at its place in the file.
pub fn report(problems: Vec<Problem>, settings: &Settings<'_>, path: &[&str], diags: &mut Diags) {
    for problem in problems {
        let range = settings.range_in(path, problem.range);
        match problem.severity {
            Severity::Error => diags.error(range, problem.message, problem.label, problem.help),
            Severity::Warning => diags.warning(range, problem.message, problem.label, problem.help),
        }
    }
}

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether it can be evaluated all the same.
    pub severity: Severity,
    /// Bytes of the expression.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What stands under the line.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// A part of a condition.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    /// `exists(field)`.
    Exists(Name),
    /// A field alone: it is there and true.
    Is(Name),
    Compare(Box<Compare>),
    /// A mistake, already reported.
    Bad,
}

/// A field, with its place.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub field: Field,
    pub text: Box<str>,
    pub range: Range<usize>,
}

/// A field compared with something.
#[derive(Clone, Debug)]
pub(crate) struct Compare {
    pub name: Name,
    pub op: Op,
    pub op_range: Range<usize>,
    /// One; any number for `in`.
    pub literals: Vec<Literal>,
    pub regex: Option<Regex>,
    pub finder: Option<memchr::memmem::Finder<'static>>,
}

/// How a field is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
    Contains,
    Matches,
    StartsWith,
    EndsWith,
}

impl Op {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Op::Eq => "==",
            Op::Ne => "!=",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::In => "in",
            Op::NotIn => "not in",
            Op::Contains => "contains",
            Op::Matches => "matches",
            Op::StartsWith => "starts_with",
            Op::EndsWith => "ends_with",
        }
    }

    /// Whether it looks inside text.
    pub fn is_textual(self) -> bool {
        matches!(self, Op::Contains | Op::Matches | Op::StartsWith | Op::EndsWith)
    }
}

/// A value that a field is compared with.
#[derive(Clone, Debug)]
pub(crate) struct Literal {
    pub value: Literally,
    pub range: Range<usize>,
}

/// What a literal says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literally {
    /// Text, and what else it may be read as where the field is no text.
    Text {
        text: Box<[u8]>,
        level: Option<Level>,
        time: Option<i64>,
        number: Option<f64>,
    },
    Level(Level),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// Nanoseconds.
    Duration(i64),
    /// Bytes.
    Size(u64),
    /// Nanoseconds since the epoch.
    Time(i64),
}

#[cfg(test)]
mod tests;
