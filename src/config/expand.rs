//! `${VAR}`, `${VAR:-default}` and `${file:/path}` in text values.
//!
//! * Replaced after the document is read, so a value can never change the document's shape.
//! * Every replaced byte points at its `${…}`, every other byte keeps its place.
//! * What was put in is remembered only to be masked: it appears in no message and no output of `check`.
//! * `$${` stands for `${`.

use std::io::Read;
use std::ops::Range;
use std::path::Path;

use super::Diags;
use super::document::{Node, NodeValue};

/// Largest file that `${file:…}` reads.
const LARGEST_FILE: u64 = 1 << 20;

/// Shortest value that is masked inside longer text: shorter ones are in every sentence.
const SHORTEST_MASKED: usize = 3;

/// The values that were put in, with what stands in the file for each.
#[derive(Clone, Default)]
pub struct Secrets {
    values: Vec<(String, String)>,
    places: Vec<Range<usize>>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({} hidden)", self.values.len())
    }
}

impl Secrets {
    /// Whether the value at this place was wholly put in, as in `port: ${PORT}`.
    pub fn is_expanded(&self, range: &Range<usize>) -> bool {
        self.places.contains(range)
    }

    /// The text with every value that was put in replaced by what stands for it in the file.
    pub fn mask(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for (value, written) in &self.values {
            if value.len() < SHORTEST_MASKED {
                continue;
            }
            for form in [value.clone(), value.escape_debug().to_string(), value.escape_default().to_string()]
            {
                masked = masked.replace(&form, written);
            }
        }
        self.mask_quoted(&masked)
    }

    /// Masks quoted words that are a part of a value: messages quote what they complain of.
    fn mask_quoted(&self, text: &str) -> String {
        if self.values.is_empty() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['`', '\'', '"']) {
            let quote = rest[at..].chars().next().unwrap_or('`');
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            let Some(end) = rest.find(quote) else { break };
            let word = &rest[..end];
            let hidden =
                self.values.iter().find(|(value, _)| word.len() >= SHORTEST_MASKED && value.contains(word));
            let Some((_, written)) = hidden else {
                continue;
            };
            out.push_str(written);
            out.push(quote);
            rest = &rest[end + 1..];
        }
        out.push_str(rest);
        out
    }
}

/// Where variables come from.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces in every text value of a tree.
pub fn expand(
    node: &mut Node,
    folder: &Path,
    variables: Lookup<'_>,
    secrets: &mut Secrets,
    diags: &mut Diags,
) {
    match &mut node.value {
        NodeValue::List(items) => {
            for item in items {
                expand(item, folder, variables, secrets, diags);
            }
        }
        NodeValue::Map(entries) => {
            for (_, _, value) in entries {
                expand(value, folder, variables, secrets, diags);
            }
        }
        NodeValue::Text { text, offsets } if text.contains("${") => {
            let before = secrets.values.len();
            let whole = text.starts_with("${") && text.find('}') == Some(text.len() - 1);
            let (new_text, new_offsets) = expand_text(text, offsets, folder, variables, secrets, diags);
            if whole && secrets.values.len() > before {
                secrets.places.push(node.range.clone());
            }
            node.value = NodeValue::Text { text: new_text, offsets: new_offsets };
        }
        _ => {}
    }
}

fn expand_text(
    text: &str,
    offsets: &[usize],
    folder: &Path,
    variables: Lookup<'_>,
    secrets: &mut Secrets,
    diags: &mut Diags,
) -> (String, Vec<usize>) {
    let mut out = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(offsets.len());
    let mut at = 0;
    while let Some(found) = text[at..].find("${") {
        let start = at + found;
        if text[..start].ends_with('$') && start > at {
            // `$${`: one dollar goes, nothing is replaced.
            out.push_str(&text[at..start - 1]);
            places.extend_from_slice(&offsets[at..start - 1]);
            out.push_str("${");
            places.extend_from_slice(&offsets[start..start + 2]);
            at = start + 2;
            continue;
        }
        out.push_str(&text[at..start]);
        places.extend_from_slice(&offsets[at..start]);
        let Some(length) = text[start..].find('}') else {
            diags.error(
                offsets[start]..offsets[text.len()],
                "`${` is not closed",
                "no `}` follows",
                Some("write ${VAR}; for a plain `${` write $${".into()),
            );
            at = start;
            break;
        };
        let end = start + length + 1;
        let place = offsets[start]..offsets[end];
        match value_of(&text[start + 2..end - 1], folder, variables) {
            Ok(value) => {
                places.extend(std::iter::repeat_n(place.start, value.len()));
                out.push_str(&value);
                if !value.is_empty() {
                    secrets.values.push((value, text[start..end].to_owned()));
                    // Longer values first, so that one that holds another is hidden whole.
                    secrets.values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
                }
            }
            Err((message, label, help)) => diags.error(place, message, label, Some(help)),
        }
        at = end;
    }
    out.push_str(&text[at..]);
    places.extend_from_slice(&offsets[at..]);
    (out, places)
}

fn value_of(inside: &str, folder: &Path, variables: Lookup<'_>) -> Result<String, (String, String, String)> {
    if let Some(path) = inside.strip_prefix("file:") {
        return read_secret(&folder.join(path)).map_err(|error| {
            (
                format!("cannot read {path}: {error}"),
                "read from here".into(),
                "check the path and its rights".into(),
            )
        });
    }
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let fits = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !fits {
        return Err((
            format!("`{name}` is no name of a variable"),
            "here".into(),
            "write ${VAR}, ${VAR:-default} or ${file:/path}; for a plain `${` write $${".into(),
        ));
    }
    match (variables(name), default) {
        (Some(value), Some(default)) if value.is_empty() => Ok(default.to_owned()),
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err((
            format!("the variable {name} is not set"),
            "not in the environment".into(),
            format!("set it, or write ${{{name}:-default}}"),
        )),
    }
}

/// A file's text without the line end that editors add.
fn read_secret(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let mut text = String::new();
    file.take(LARGEST_FILE + 1).read_to_string(&mut text).map_err(|e| e.to_string())?;
    if text.len() as u64 > LARGEST_FILE {
        return Err("it is larger than 1MiB".into());
    }
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::document;

    fn run(text: &str) -> (Node, Secrets, Diags) {
        let mut diags = Diags::default();
        let mut node = document::parse(text, 0, &mut diags).unwrap();
        let mut secrets = Secrets::default();
        let variables = |name: &str| match name {
            "USER" => Some("anna".to_owned()),
            "EMPTY" => Some(String::new()),
            "PW" => Some("hunter2 \"x\"".to_owned()),
            _ => None,
        };
        expand(&mut node, Path::new("."), &variables, &mut secrets, &mut diags);
        (node, secrets, diags)
    }

    #[test]
    fn variables_are_replaced_and_places_survive() {
        let text = "a: x ${USER} y\nb: '${NONE:-dflt}'\nc: ${EMPTY:-e}\nd: $${USER}\ne: plain";
        let (node, _, diags) = run(text);
        assert_eq!(diags.findings, []);
        assert_eq!(
            node.to_json(),
            serde_json::json!({"a": "x anna y", "b": "dflt", "c": "e", "d": "${USER}", "e": "plain"})
        );
        let NodeValue::Text { offsets, .. } = &node.get("a").unwrap().value else { panic!() };
        assert_eq!(offsets.len(), "x anna y".len() + 1);
        assert_eq!(&text[offsets[2]..offsets[6]], "${USER}");
        assert_eq!(&text[offsets[7]..offsets[8]], "y");
    }

    #[test]
    fn what_cannot_be_replaced_is_reported_in_place() {
        for (text, message) in [
            ("a: ${NONE}", "the variable NONE is not set"),
            ("a: ${1x}", "`1x` is no name of a variable"),
            ("a: ${USER", "`${` is not closed"),
            ("a: ${file:/none/such}", "cannot read /none/such: No such file or directory (os error 2)"),
        ] {
            let (_, _, diags) = run(text);
            assert_eq!(diags.findings[0].message, message);
            assert_eq!(&text[diags.findings[0].range.clone()], &text[3..]);
        }
    }

    #[test]
    fn values_are_masked_whole_and_in_part() {
        let (_, secrets, _) = run("a: ${PW}");
        assert_eq!(secrets.mask("bad hunter2 \"x\" here"), "bad ${PW} here");
        assert_eq!(secrets.mask("bad \"hunter2 \\\"x\\\"\" here"), "bad \"${PW}\" here");
        assert_eq!(secrets.mask("unknown field `hunter2`, don't"), "unknown field `${PW}`, don't");
        assert_eq!(format!("{secrets:?}"), "Secrets(1 hidden)");
    }

    #[test]
    fn a_file_gives_its_text_without_the_last_line_end() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("s"), "top secret\n").unwrap();
        let mut diags = Diags::default();
        let mut node = document::parse("a: ${file:s}", 0, &mut diags).unwrap();
        let mut secrets = Secrets::default();
        expand(&mut node, dir.path(), &|_| None, &mut secrets, &mut diags);
        assert_eq!(node.to_json(), serde_json::json!({"a": "top secret"}));
    }
}
