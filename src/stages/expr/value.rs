//! Values in expressions: text, numbers, levels, durations, sizes, times, lists.

use nom::bytes::complete::take_while1;
use nom::character::complete::{char, digit1};
use nom::combinator::{opt, peek, recognize};
use nom::{IResult, Parser};

use super::parse::{Reader, blank, is_word, recover};
use super::{Literal, Literally, Name, Op};
use crate::config::{near, units};
use crate::event::{Field, Level};

type Read<'a, T> = IResult<&'a str, T>;

impl<'a> Reader<'a> {
    pub(super) fn list(&self, i: &'a str) -> (&'a str, Option<Vec<Literal>>) {
        let help = || Some("write a list, as in level in [WARN, ERROR]".to_owned());
        let Some(mut rest) = i.strip_prefix('[') else {
            let len = self.range(i, recover(i)).len();
            self.problem(i, len, "`in` takes a list", "expected `[`", help());
            return (recover(i), None);
        };
        let name = Name { field: Field::MESSAGE, text: "".into(), range: 0..0 };
        let (mut literals, mut good) = (Vec::new(), true);
        loop {
            rest = blank(rest);
            if let (Some(after), false) = (rest.strip_prefix(']'), literals.is_empty()) {
                return (after, good.then_some(literals));
            }
            if rest.is_empty() || rest.starts_with([']', ',']) {
                self.problem(rest, 0, "a value is missing", "expected here", help());
                return (rest.strip_prefix(']').unwrap_or(recover(rest)), None);
            }
            let (after, literal) = self.literal(rest, &name, Op::In);
            match literal {
                Some(literal) => literals.push(literal),
                None => good = false,
            }
            rest = blank(after);
            match rest.chars().next() {
                Some(',') => rest = &rest[1..],
                Some(']') if !good => return (&rest[1..], None),
                Some(']') => {}
                _ => {
                    self.problem(i, 1, "`[` is not closed", "opened here", help());
                    return (recover(rest), None);
                }
            }
        }
    }

    /// A value; `None` if there is none, which is reported.
    pub(super) fn literal(&self, i: &'a str, name: &Name, op: Op) -> (&'a str, Option<Literal>) {
        if let Some(quote @ ('"' | '\'')) = i.chars().next() {
            let Some((rest, text)) = quoted(i, quote) else {
                self.problem(
                    i,
                    i.trim_end().len(),
                    "a quote is not closed",
                    "opened here",
                    Some("close it".into()),
                );
                return ("", None);
            };
            let range = self.at(i)..self.at(rest);
            return (rest, Some(Literal { value: Literally::text(text), range }));
        }
        let bare: Read<'a, &str> = take_while1(|c| is_word(c) || matches!(c, ':' | '+' | 'µ')).parse(i);
        let Ok((rest, bare)) = bare else {
            if i.starts_with('[') {
                let past = i.find(']').map_or("", |end| &i[end + 1..]);
                let len = self.range(i, past).len();
                self.problem(i, len, "a list stands only behind `in`", "here", Some("write `in`".into()));
                return (past, None);
            }
            let len = self.range(i, recover(i)).len();
            let start = if i.is_empty() { &self.whole[self.whole.trim_end().len()..] } else { i };
            let help = Some("write text in quotes, or a number, level, duration, size or time".into());
            self.problem(start, len, "a value is missing", "expected here", help);
            return (recover(i), None);
        };
        let range = self.at(i)..self.at(rest);
        match self.bare(bare, name) {
            Ok(value) => (rest, Some(Literal { value, range })),
            Err((message, help)) => {
                let past = if op == Op::In { rest } else { recover(i) };
                let len = self.range(i, past).len();
                let whole = &i[..len];
                let help = help.unwrap_or_else(|| format!("quote it: \"{whole}\""));
                self.problem(i, len, message, "not known", Some(help));
                (past, None)
            }
        }
    }

    /// A value without quotes: a number with or without unit, a time, a level, true or false.
    fn bare(&self, text: &str, name: &Name) -> Result<Literally, (String, Option<String>)> {
        match text {
            "true" => return Ok(Literally::Bool(true)),
            "false" => return Ok(Literally::Bool(false)),
            _ => {}
        }
        if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            if let Some(level) = Level::parse(text.as_bytes()) {
                return Ok(Literally::Level(level));
            }
            if name.field == Field::LEVEL {
                let help = near::help(text, Level::ALL.map(Level::as_str));
                return Err((format!("`{text}` is no level"), help));
            }
            return Err((format!("`{text}` is text and needs quotes"), None));
        }
        let number =
            || recognize((opt(char('-')), digit1::<&str, nom::error::Error<&str>>, opt((char('.'), digit1))));
        let date: Read<'_, &str> = peek(recognize((digit1, char('-'), digit1))).parse(text);
        if date.is_ok() {
            let help = Some("write 2026-01-27 or 2026-01-27T16:47Z".into());
            return units::parse_time(text, true)
                .map(Literally::Time)
                .ok_or_else(|| (format!("`{text}` is no time"), help));
        }
        let Ok((unit, digits)) = number().parse(text) else {
            return Err((format!("`{text}` is text and needs quotes"), None));
        };
        if unit.is_empty() {
            return match digits.parse() {
                Ok(n) => Ok(Literally::Int(n)),
                Err(_) => Ok(Literally::Float(digits.parse().unwrap_or(f64::MAX))),
            };
        }
        if let (true, Ok(n)) = (unit.starts_with(['e', 'E']), text.parse()) {
            return Ok(Literally::Float(n));
        }
        let scaled = |by| units::scale(digits, by).filter(|n| i64::try_from(*n).is_ok());
        let value = match units::unit(unit) {
            Some(units::Unit::Nanos(by)) => scaled(by).map(|n| Literally::Duration(n as i64)),
            Some(units::Unit::Bytes(by)) => scaled(by).map(Literally::Size),
            None => match units::Interval::parse(text) {
                Ok(several) => i64::try_from(several.0.as_nanos()).ok().map(Literally::Duration),
                Err(_) => {
                    let help = Some("write 500ms, 30s, 5m, 24h or 512KiB, 4MiB; quote text".into());
                    return Err((format!("unknown unit '{unit}'"), help));
                }
            },
        };
        value.ok_or_else(|| (format!("`{text}` is out of range"), Some("write a smaller one".into())))
    }
}

/// Text in quotes: `\"` `\'` `\\` `\n` `\t`; before anything else a backslash stays, so that patterns need no doubling.
fn quoted(i: &str, quote: char) -> Option<(&str, String)> {
    let mut text = String::new();
    let mut chars = i.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c == quote => return Some((&i[at + 1..], text)),
            '\\' => match chars.next()?.1 {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                plain @ ('"' | '\'' | '\\') => text.push(plain),
                other => text.extend(['\\', other]),
            },
            other => text.push(other),
        }
    }
    None
}

impl Literally {
    fn text(text: String) -> Literally {
        Literally::Text {
            level: Level::parse(text.as_bytes()),
            time: units::parse_time(&text, true),
            number: text.parse().ok().filter(|n: &f64| n.is_finite()),
            text: text.into_bytes().into(),
        }
    }
}

/// What a regular expression's compiler says, in one line.
pub fn regex_error(error: &regex::Error) -> (String, Option<String>) {
    match error {
        regex::Error::CompiledTooBig(_) => {
            ("the pattern is too large".into(), Some("use smaller repetitions".into()))
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
            let help = text.contains("look-around").then(|| "write it without, or use exclude:".to_owned());
            (format!("not a regular expression: {last}"), help)
        }
    }
}
