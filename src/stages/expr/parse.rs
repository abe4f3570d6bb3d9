//! Reads expressions. The grammar, tightest last:
//!
//! ```text
//! expression = and-chain { "or" and-chain }
//! and-chain  = negation { "and" negation }
//! negation   = "not" negation | condition
//! condition  = "(" expression ")" | "exists" "(" field ")" | field [ comparison ]
//! comparison = op value | [ "not" ] "in" "[" value { "," value } "]"
//! ```
//!
//! A condition that cannot be read is reported and skipped up to the next `and`, `or` or `)`.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, one_of, satisfy};
use nom::combinator::{not, recognize, value};
use nom::multi::separated_list1;
use nom::sequence::{delimited, pair, preceded, terminated};
use nom::{IResult, Parser};

use super::value::regex_error;
use super::{Compare, Literally, Name, Node, Op, Problem};
use crate::config::diagnostic::Severity;
use crate::config::near;
use crate::event::Field;

/// Deepest nesting of parentheses and `not`.
const DEPTH: usize = 64;

type Read<'a, T> = IResult<&'a str, T>;

/// Reads an expression, with every mistake in it.
pub(super) fn parse(text: &str) -> (Node, Vec<Problem>) {
    let reader = Reader { whole: text, problems: RefCell::default(), depth: Cell::new(0) };
    let mut nodes = Vec::new();
    let mut rest = text;
    loop {
        let (after, node) = reader.chain(rest);
        nodes.push(node);
        rest = after;
        if rest.is_empty() {
            break;
        }
        // Only a `)` that nothing opened ends a chain early.
        reader.problem(rest, 1, "`)` without `(`", "nothing is open here", Some("leave it out".into()));
        rest = blank(&rest[1..]);
        if let Ok((after, _)) = alt((keyword("and"), keyword("or"))).parse(rest) {
            rest = after;
        } else if rest.is_empty() {
            break;
        }
    }
    let root = if nodes.len() == 1 { nodes.remove(0) } else { Node::Bad };
    (root, reader.problems.into_inner())
}

pub(super) struct Reader<'a> {
    pub(super) whole: &'a str,
    problems: RefCell<Vec<Problem>>,
    depth: Cell<usize>,
}

pub(super) fn blank(i: &str) -> &str {
    i.trim_start()
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '@' | '$')
}

fn word(i: &str) -> Read<'_, &str> {
    recognize(pair(satisfy(|c| is_word(c) && c != '-' && c != '.'), take_while(is_word))).parse(blank(i))
}

fn keyword<'a>(name: &'static str) -> impl Parser<&'a str, Output = (), Error = nom::error::Error<&'a str>> {
    move |i: &'a str| {
        let (rest, found) = word(i)?;
        if found == name { Ok((rest, ())) } else { fail(i) }
    }
}

fn fail<T>(i: &str) -> Read<'_, T> {
    Err(nom::Err::Error(nom::error::Error::new(i, nom::error::ErrorKind::Verify)))
}

impl<'a> Reader<'a> {
    pub(super) fn at(&self, rest: &str) -> usize {
        self.whole.len() - rest.len()
    }

    pub(super) fn range(&self, from: &str, to: &str) -> Range<usize> {
        let (start, end) = (self.at(from), self.at(to));
        start..start + self.whole[start..end].trim_end().len()
    }

    pub(super) fn problem(
        &self,
        rest: &str,
        len: usize,
        message: impl Into<String>,
        label: &str,
        help: Option<String>,
    ) {
        let start = self.at(rest);
        let range = start..start + len;
        let (message, label) = (message.into(), label.to_owned());
        self.problems.borrow_mut().push(Problem { severity: Severity::Error, range, message, label, help });
    }

    /// Skips what cannot be read and reports it.
    fn skip(
        &self,
        i: &'a str,
        message: impl Into<String>,
        label: &str,
        help: Option<String>,
    ) -> (&'a str, Node) {
        let rest = recover(i);
        self.problem(i, self.range(i, rest).len(), message, label, help);
        (rest, Node::Bad)
    }

    /// An expression; what stands behind it and does not belong there is reported. Ends at `)` or the end.
    fn chain(&self, i: &'a str) -> (&'a str, Node) {
        let (mut i, mut node) = self.or(i);
        loop {
            i = blank(i);
            if i.is_empty() || i.starts_with(')') {
                return (i, node);
            }
            let (rest, _) =
                self.skip(i, "this does not belong here", "expected `and`, `or` or the end", None);
            node = Node::Bad;
            i = rest;
            if let Ok((rest, _)) = alt((|i| self.joiner("and", i), |i| self.joiner("or", i))).parse(i) {
                i = self.or(rest).0;
            }
        }
    }

    fn or(&self, i: &'a str) -> (&'a str, Node) {
        let read: Read<'a, Vec<Node>> =
            separated_list1(|i| self.joiner("or", i), |i| Ok(self.and(i))).parse(i);
        let (i, mut nodes) = read.expect("every condition is read, if only as a mistake");
        (i, if nodes.len() == 1 { nodes.remove(0) } else { Node::Or(nodes) })
    }

    fn and(&self, i: &'a str) -> (&'a str, Node) {
        let read: Read<'a, Vec<Node>> =
            separated_list1(|i| self.joiner("and", i), |i| Ok(self.negation(i))).parse(i);
        let (i, mut nodes) = read.expect("every condition is read, if only as a mistake");
        (i, if nodes.len() == 1 { nodes.remove(0) } else { Node::And(nodes) })
    }

    /// `and` or `or`; other spellings are reported.
    fn joiner(&self, name: &'static str, i: &'a str) -> Read<'a, ()> {
        let start = blank(i);
        if let Ok(read) = keyword(name).parse(start) {
            return Ok(read);
        }
        let sign = if name == "and" { "&&" } else { "||" };
        let found: Read<'a, &str> = alt((tag(sign), word)).parse(start);
        let (rest, found) = found?;
        if found != sign && !(found.eq_ignore_ascii_case(name)) {
            return fail(i);
        }
        let help = Some(format!("write `{name}`"));
        self.problem(start, found.len(), format!("`{found}` is no operator"), "not known", help);
        Ok((rest, ()))
    }

    fn negation(&self, i: &'a str) -> (&'a str, Node) {
        let i = blank(i);
        let sign: Read<'a, ()> = alt((keyword("not"), value((), keyword("NOT")))).parse(i);
        let rest = match sign {
            Ok((rest, ())) if i.starts_with("not") => rest,
            Ok((rest, ())) => {
                self.problem(i, 3, "`NOT` is no operator", "not known", Some("write `not`".into()));
                rest
            }
            Err(_) if i.starts_with('!') => {
                self.problem(i, 1, "`!` is no operator", "not known", Some("write `not`".into()));
                &i[1..]
            }
            Err(_) => return self.condition(i),
        };
        let Some((rest, node)) = self.deeper(rest, |i| self.negation(i)) else {
            return self.skip(i, "too deeply nested", "here", None);
        };
        (rest, Node::Not(Box::new(node)))
    }

    fn deeper(&self, i: &'a str, f: impl FnOnce(&'a str) -> (&'a str, Node)) -> Option<(&'a str, Node)> {
        if self.depth.get() == DEPTH {
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        let read = f(i);
        self.depth.set(self.depth.get() - 1);
        Some(read)
    }

    fn condition(&self, i: &'a str) -> (&'a str, Node) {
        let i = blank(i);
        if let Some(inside) = i.strip_prefix('(') {
            let Some((rest, node)) = self.deeper(inside, |i| self.chain(i)) else {
                return self.skip(i, "too deeply nested", "here", None);
            };
            if let Some(rest) = rest.strip_prefix(')') {
                return (rest, node);
            }
            self.problem(i, 1, "`(` is not closed", "opened here", Some("close it".into()));
            return (rest, Node::Bad);
        }
        if let Ok((rest, ())) = keyword("exists").parse(i) {
            let read: Read<'a, Name> =
                delimited(|i| char('(')(blank(i)), |i| self.name(i), |i| char(')')(blank(i))).parse(rest);
            return match read {
                Ok((rest, name)) => (rest, Node::Exists(name)),
                Err(_) => {
                    let past = rest.find(')').map_or(recover(rest), |end| &rest[end + 1..]);
                    let len = self.range(i, past).len();
                    self.problem(
                        i,
                        len,
                        "`exists` names one field",
                        "here",
                        Some("write exists(tool.name)".into()),
                    );
                    (past, Node::Bad)
                }
            };
        }
        match self.name(i) {
            Ok((rest, name)) if !is_keyword(&name.text) || i.starts_with('`') => self.comparison(rest, name),
            _ if recover(i) == i => {
                let start = if i.is_empty() { &self.whole[self.whole.trim_end().len()..] } else { i };
                let help = Some("a condition is `field op value`, such as level >= WARN".into());
                let len = self.name(i).map_or(0, |(_, name)| name.text.len());
                self.problem(start, len, "a condition is missing", "expected here", help);
                (i, Node::Bad)
            }
            _ => {
                let help = Some("write the field on the left, as in level >= WARN".into());
                self.skip(i, "a condition begins with a field", "this is none", help)
            }
        }
    }

    /// A field: a word with dots, or anything in back quotes.
    fn name(&self, i: &'a str) -> Read<'a, Name> {
        let i = blank(i);
        let quoted = delimited(char('`'), take_while1(|c| c != '`'), char('`'));
        let (rest, text) = alt((quoted, word)).parse(i)?;
        if text.starts_with(|c: char| c.is_ascii_digit()) && !i.starts_with('`') {
            return fail(i);
        }
        let range = self.at(i)..self.at(rest);
        Ok((rest, Name { field: Field::named(text), text: text.into(), range }))
    }

    fn comparison(&self, i: &'a str, name: Name) -> (&'a str, Node) {
        let i = blank(i);
        let Ok((rest, op)) = self.op(i) else {
            return (i, Node::Is(name));
        };
        let op_range = self.range(i, rest);
        let Some(op) = op else {
            return (recover(rest), Node::Bad);
        };
        let rest = blank(rest);
        let (after, literals) = match op {
            Op::In | Op::NotIn => self.list(rest),
            _ => {
                let (after, literal) = self.literal(rest, &name, op);
                (after, literal.map(|literal| vec![literal]))
            }
        };
        let Some(literals) = literals else {
            return (after, Node::Bad);
        };
        let mut compare = Compare { name, op, op_range, literals, regex: None, finder: None };
        match self.prepare(&mut compare) {
            true => (after, Node::Compare(Box::new(compare))),
            false => (after, Node::Bad),
        }
    }

    /// Compiles what `matches` and `contains` search.
    fn prepare(&self, compare: &mut Compare) -> bool {
        let literal = &compare.literals[0];
        let Literally::Text { text, .. } = &literal.value else {
            return true;
        };
        if compare.op == Op::Contains {
            compare.finder = Some(memchr::memmem::Finder::new(text).into_owned());
        }
        if compare.op == Op::Matches {
            match regex::bytes::Regex::new(&String::from_utf8_lossy(text)) {
                Ok(regex) => compare.regex = Some(regex),
                Err(error) => {
                    let start = &self.whole[literal.range.start..];
                    let (message, help) = regex_error(&error);
                    self.problem(start, literal.range.len(), message, "this pattern", help);
                    return false;
                }
            }
        }
        true
    }

    /// An operator; `None` if it is one that others know, which is reported.
    fn op(&self, i: &'a str) -> Read<'a, Option<Op>> {
        let signs = alt((
            value(Op::Eq, terminated(tag("=="), not(one_of("=~")))),
            value(Op::Ne, terminated(tag("!="), not(char('=')))),
            value(Op::Le, tag("<=")),
            value(Op::Ge, tag(">=")),
            value(Op::Lt, terminated(tag("<"), not(char('>')))),
            value(Op::Gt, tag(">")),
            value(Op::Eq, terminated(tag("="), not(one_of("=~<>")))),
        ));
        let words = alt((
            value(Op::Contains, keyword("contains")),
            value(Op::Matches, keyword("matches")),
            value(Op::StartsWith, keyword("starts_with")),
            value(Op::EndsWith, keyword("ends_with")),
            value(Op::In, keyword("in")),
            value(Op::NotIn, preceded(keyword("not"), keyword("in"))),
        ));
        if let Ok((rest, op)) = alt((signs, words)).parse(i) {
            return Ok((rest, Some(op)));
        }
        let sign: Read<'a, &str> = take_while1(|c| "=!<>~^*+%:".contains(c)).parse(i);
        if let Ok((rest, sign)) = sign {
            let help = if sign.contains('~') { "write `matches`" } else { "write == != < <= > >=" };
            self.problem(i, sign.len(), format!("`{sign}` is no operator"), "not known", Some(help.into()));
            return Ok((rest, None));
        }
        let (rest, found) = word(i)?;
        if matches!(found.to_ascii_lowercase().as_str(), "and" | "or") {
            return fail(i);
        }
        let known = ["contains", "matches", "starts_with", "ends_with", "in", "and", "or", "not in"];
        let help = match found.to_ascii_lowercase().as_str() {
            "like" | "has" | "includes" => Some("did you mean `contains`?".into()),
            "is" | "eq" | "equals" => Some("write ==".into()),
            _ => near::help(found, known),
        };
        self.problem(i, found.len(), format!("`{found}` is no operator"), "not known", help);
        Ok((rest, None))
    }
}

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "and"
            | "or"
            | "not"
            | "in"
            | "contains"
            | "matches"
            | "starts_with"
            | "ends_with"
            | "AND"
            | "OR"
            | "NOT"
    )
}

/// The place of the next `and`, `or`, `&&`, `||` or `)` outside quotes, where reading can go on.
pub(super) fn recover(i: &str) -> &str {
    let mut rest = i;
    let mut quote = None;
    let mut boundary = true;
    while let Some(c) = rest.chars().next() {
        if quote.is_none() {
            let joined =
                boundary && (keyword("and").parse(rest).is_ok() || keyword("or").parse(rest).is_ok());
            if joined || c == ')' || rest.starts_with("&&") || rest.starts_with("||") {
                return rest;
            }
        }
        match quote {
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if open == c => quote = None,
            _ => {}
        }
        boundary = !is_word(c);
        rest = &rest[c.len_utf8()..];
    }
    rest
}
