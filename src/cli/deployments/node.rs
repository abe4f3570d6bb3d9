//! Values on their way out, written as JSON or YAML.
//!
//! * Keys stand in the order in which they were added, and a value that is not known adds none.
//! * The YAML is block style with every text that could be read as something else in double quotes, escaped as in JSON.

use std::fmt::Write;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cli) enum Node {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number with decimals.
    Decimal(f64),
    /// True or false.
    Flag(bool),
    /// A list.
    List(Vec<Node>),
    /// Names with values, in order.
    Object(Object),
}

/// Names with values, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::cli) struct Object(Vec<(String, Node)>);

impl From<&str> for Node {
    fn from(text: &str) -> Node {
        Node::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Node {
        Node::Text(text)
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Node {
        Node::Whole(number)
    }
}

impl From<u64> for Node {
    fn from(number: u64) -> Node {
        Node::Whole(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Node {
    fn from(number: f64) -> Node {
        Node::Decimal(number)
    }
}

impl From<bool> for Node {
    fn from(flag: bool) -> Node {
        Node::Flag(flag)
    }
}

impl From<Object> for Node {
    fn from(object: Object) -> Node {
        Node::Object(object)
    }
}

impl Object {
    /// Adds a value.
    pub(in crate::cli) fn add(mut self, key: &str, value: impl Into<Node>) -> Object {
        self.0.push((key.to_owned(), value.into()));
        self
    }

    /// Adds a value if it is known.
    pub(in crate::cli) fn maybe(self, key: &str, value: Option<impl Into<Node>>) -> Object {
        match value {
            Some(value) => self.add(key, value),
            None => self,
        }
    }

    /// Adds a list unless it is empty.
    pub(in crate::cli) fn list(self, key: &str, values: impl IntoIterator<Item = impl Into<Node>>) -> Object {
        let values: Vec<Node> = values.into_iter().map(Into::into).collect();
        if values.is_empty() { self } else { self.add(key, Node::List(values)) }
    }
}

impl Node {
    /// As JSON on one line, without an end of line.
    pub(in crate::cli) fn to_json_line(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, None);
        out
    }

    /// As JSON for people, with an end of line.
    pub(in crate::cli) fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out, Some(0));
        out.push('\n');
        out
    }

    /// As a YAML document, with an end of line.
    pub(in crate::cli) fn to_yaml(&self) -> String {
        let mut out = String::new();
        match self {
            Node::List(all) if !all.is_empty() => self.write_yaml(&mut out, 0),
            Node::Object(object) if !object.0.is_empty() => self.write_yaml(&mut out, 0),
            other => {
                other.write_json(&mut out, None);
                out.push('\n');
            }
        }
        out
    }

    /// `depth`: how far to indent; `None` = all on one line.
    fn write_json(&self, out: &mut String, depth: Option<usize>) {
        let inner = depth.map(|depth| depth + 1);
        let line = |out: &mut String, depth: Option<usize>| {
            if let Some(depth) = depth {
                out.push('\n');
                out.extend(std::iter::repeat_n("  ", depth));
            }
        };
        match self {
            Node::Text(text) => write_quoted(text, out),
            Node::Whole(number) => out.push_str(&number.to_string()),
            Node::Decimal(number) => write_decimal(*number, out),
            Node::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Node::List(all) => {
                out.push('[');
                for (at, one) in all.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    line(out, inner);
                    one.write_json(out, inner);
                }
                if !all.is_empty() {
                    line(out, depth);
                }
                out.push(']');
            }
            Node::Object(Object(all)) => {
                out.push('{');
                for (at, (key, value)) in all.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    line(out, inner);
                    write_quoted(key, out);
                    out.push_str(if depth.is_some() { ": " } else { ":" });
                    value.write_json(out, inner);
                }
                if !all.is_empty() {
                    line(out, depth);
                }
                out.push('}');
            }
        }
    }

    /// Writes lines that begin at a column; what stands before the first one is written already.
    fn write_yaml(&self, out: &mut String, column: usize) {
        let indent = |out: &mut String, first: bool| {
            if !first {
                out.extend(std::iter::repeat_n(' ', column));
            }
        };
        match self {
            Node::List(all) if !all.is_empty() => {
                for (at, one) in all.iter().enumerate() {
                    indent(out, at == 0);
                    out.push_str("- ");
                    one.write_yaml(out, column + 2);
                }
            }
            Node::Object(Object(all)) if !all.is_empty() => {
                for (at, (key, value)) in all.iter().enumerate() {
                    indent(out, at == 0);
                    write_plain(key, out);
                    out.push(':');
                    let nested = match value {
                        Node::List(inside) => !inside.is_empty(),
                        Node::Object(inside) => !inside.0.is_empty(),
                        _ => false,
                    };
                    if nested {
                        out.push('\n');
                        out.extend(std::iter::repeat_n(' ', column + 2));
                        value.write_yaml(out, column + 2);
                    } else {
                        out.push(' ');
                        value.write_yaml(out, column + 2);
                    }
                }
            }
            Node::Text(text) => {
                write_plain(text, out);
                out.push('\n');
            }
            other => {
                other.write_json(out, None);
                out.push('\n');
            }
        }
    }
}

fn write_decimal(number: f64, out: &mut String) {
    // JSON has neither; there is no figure to show then.
    let number = if number.is_finite() { number } else { 0.0 };
    let rounded = (number * 100.0).round() / 100.0;
    // Infallible: a String takes everything.
    let _ = if rounded.fract() == 0.0 { write!(out, "{rounded:.1}") } else { write!(out, "{rounded}") };
}

fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // C1 controls and the byte order mark are not printable in YAML.
            c if c.is_control() || c == '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Without quotes if no reader of YAML takes it for anything but text.
fn write_plain(text: &str, out: &mut String) {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let inside = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'));
    let is_word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    if starts && inside && !is_word {
        out.push_str(text);
    } else {
        write_quoted(text, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Node {
        let inner = Object::default().add("name", "yes").maybe("gone", None::<i64>).add("cpu", 12.345);
        let odd =
            Object::default().add("odd: key", "a\n\"b\"\u{85}").list("empty", [""; 0]).list("l", ["1", "x"]);
        Object::default()
            .add("z", inner)
            .add("list", Node::List(vec![odd.into(), Node::List(Vec::new()), 3i64.into()]))
            .add("flag", true)
            .add("big", u64::MAX)
            .add("whole", 2.0)
            .into()
    }

    #[test]
    fn json_is_read_back_and_keeps_the_order() {
        let (line, pretty) = (sample().to_json_line(), sample().to_json());
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read, serde_json::from_str::<serde_json::Value>(&pretty).unwrap());
        assert_eq!(read["list"][0]["odd: key"], "a\n\"b\"\u{85}");
        assert_eq!((&read["z"]["cpu"], &read["whole"]), (&12.35.into(), &2.0.into()));
        assert!(line.starts_with(r#"{"z":{"name":"yes","cpu":12.35},"list":[{"#), "{line}");
        assert!(!line.contains("null") && !line.contains("gone") && !line.contains("empty"), "{line}");
    }

    #[test]
    fn yaml_is_block_style_with_quotes_where_needed() {
        let expected = "\
z:
  name: \"yes\"
  cpu: 12.35
list:
  - \"odd: key\": \"a\\n\\\"b\\\"\\u0085\"
    l:
      - \"1\"
      - x
  - []
  - 3
flag: true
big: 9223372036854775807
whole: 2.0
";
        assert_eq!(sample().to_yaml(), expected);
        assert_eq!(Node::List(Vec::new()).to_yaml(), "[]\n");
        assert_eq!(Node::from(Object::default()).to_yaml(), "{}\n");
    }
}
