//! Short names for deployments and files.
//!
//! * A name is at most [`WIDEST`] columns, and two deployments never have the same one.
//! * It is the template; where a template has several deployments, the template and the end of the deployment's name.
//! * A name grows longer when it has to, and its colour never changes.

use rustc_hash::FxHashMap;
use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::label;
use crate::event::template_of;

/// Columns of the widest name.
pub(super) const WIDEST: usize = 16;

/// More names than this are not told apart any more.
const MOST: usize = 2_000;

/// Colours for names: no red, which means error, and no yellow, which means warning.
pub(super) const COLOURS: [u8; 8] = [36, 32, 34, 35, 96, 92, 94, 95];

/// One name.
#[derive(Debug)]
pub(super) struct Name {
    kind: u8,
    full: String,
    base: String,
    /// What is shown.
    pub(super) short: String,
    /// Number of the colour.
    pub(super) colour: u8,
}

/// The names seen so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: FxHashMap<String, usize>,
    names: Vec<Name>,
    last: usize,
    /// Columns of the widest one.
    pub(super) width: usize,
}

impl Names {
    /// Takes note of a name; all short names may change. Returns its number.
    pub(super) fn add(&mut self, kind: u8, full: &str, template: &str) -> usize {
        if self.names.get(self.last).is_some_and(|name| name.full == full && name.kind == kind) {
            return self.last;
        }
        if let Some(&at) = self.known.get(full) {
            self.last = at;
            return at;
        }
        let base = match kind {
            label::DEPLOYMENT if !template.is_empty() => template.to_owned(),
            label::DEPLOYMENT => template_of(full).unwrap_or(full).to_owned(),
            _ => tail_of(full, 1),
        };
        let hash = BuildHasherDefault::<rustc_hash::FxHasher>::default().hash_one(full);
        // The low bits of this hash are its weak ones.
        let colour = COLOURS[(hash >> 32) as usize % COLOURS.len()];
        let at = self.names.len();
        let short = cut(&base);
        self.names.push(Name { kind, full: full.to_owned(), base, short, colour });
        self.known.insert(full.to_owned(), at);
        self.last = at;
        if at < MOST {
            self.tell_apart();
        }
        self.width = self.shown_width();
        at
    }

    /// A name by its number; `None` while there is nothing to tell apart.
    pub(super) fn get(&self, at: usize) -> Option<&Name> {
        if self.width == 0 { None } else { self.names.get(at) }
    }

    /// A lone file needs no name.
    fn shown_width(&self) -> usize {
        let alone = self.names.len() < 2 && self.names.iter().all(|name| name.kind != label::DEPLOYMENT);
        if alone { 0 } else { self.names.iter().map(|name| name.short.width()).max().unwrap_or(0) }
    }

    /// The short name for a full one that was added.
    fn short(&self, full: &str) -> Option<&str> {
        self.known.get(full).map(|at| self.names[*at].short.as_str())
    }

    fn tell_apart(&mut self) {
        let mut groups: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
        for (at, name) in self.names.iter().enumerate() {
            groups.entry(&name.base).or_default().push(at);
        }
        let mut shorts: Vec<String> = self.names.iter().map(|name| cut(&name.base)).collect();
        for group in groups.values().filter(|group| group.len() > 1) {
            for more in 2..WIDEST {
                let longer = |&at: &usize| longer(&self.names[at], more);
                let distinct: HashSet<String> = group.iter().map(longer).collect();
                if distinct.len() == group.len() {
                    for at in group {
                        shorts[*at] = longer(at);
                    }
                    break;
                }
            }
        }
        // Whatever is still equal gets its number.
        let mut taken = HashSet::new();
        for (at, short) in shorts.iter_mut().enumerate() {
            if !taken.insert(short.clone()) {
                *short = with_end(&self.names[at].base, '~', &at.to_string());
                taken.insert(short.clone());
            }
        }
        for (name, short) in self.names.iter_mut().zip(shorts) {
            name.short = short;
        }
    }
}

/// Short names for those who show deployments elsewhere: a table.
#[derive(Debug, Default)]
pub struct ShortNames(Names);

impl ShortNames {
    /// Takes note of a deployment, or of a file.
    pub fn add(&mut self, is_file: bool, full: &str, template: &str) {
        self.0.add(if is_file { label::FILE } else { label::DEPLOYMENT }, full, template);
    }

    /// Its short name, once all are added.
    pub fn get(&self, full: &str) -> String {
        super::clean(self.0.short(full).unwrap_or(full).as_bytes(), true).replace('\n', "␤")
    }
}

/// A name with `more` of what tells it from others of its base.
fn longer(name: &Name, more: usize) -> String {
    if name.kind == label::FILE {
        return cut_left(&tail_of(&name.full, more));
    }
    let letters = name.full.chars().count();
    let end: String = name.full.chars().skip(letters.saturating_sub(more)).collect();
    with_end(&name.base, '-', &end)
}

/// `BASE-END` in [`WIDEST`] columns; the base gives way.
fn with_end(base: &str, joint: char, end: &str) -> String {
    let room = WIDEST.saturating_sub(end.width() + 1);
    if base.width() <= room {
        return format!("{base}{joint}{end}");
    }
    let mut text = String::new();
    for c in base.chars() {
        if text.width() + c.width().unwrap_or(0) > room {
            break;
        }
        text.push(c);
    }
    format!("{text}…{end}")
}

fn cut(base: &str) -> String {
    if base.width() <= WIDEST {
        base.to_owned()
    } else {
        with_end(base, '-', "").replacen('…', "", 1) + "…"
    }
}

fn cut_left(text: &str) -> String {
    if text.width() <= WIDEST {
        return text.to_owned();
    }
    let mut kept: Vec<char> = Vec::new();
    let mut width = 1;
    for c in text.chars().rev() {
        width += c.width().unwrap_or(0);
        if width > WIDEST {
            break;
        }
        kept.push(c);
    }
    std::iter::once('…').chain(kept.into_iter().rev()).collect()
}

/// The last `parts` parts of a path, without what only says how it is stored.
fn tail_of(path: &str, parts: usize) -> String {
    let mut path = path.trim_end_matches('/');
    for suffix in [".gz", ".zst", ".log", ".txt", ".json", ".ndjson", ".jsonl"] {
        path = path.strip_suffix(suffix).filter(|shorter| !shorter.is_empty()).unwrap_or(path);
    }
    let starts = path.rmatch_indices('/').map(|(at, _)| at + 1);
    path[starts.take(parts).nth(parts - 1).unwrap_or(0)..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shorts(names: &[(&str, &str)]) -> Vec<String> {
        let mut all = Names::default();
        for (full, template) in names {
            all.add(label::DEPLOYMENT, full, template);
        }
        all.names.into_iter().map(|name| name.short).collect()
    }

    #[test]
    fn a_deployment_is_called_by_its_template_while_it_is_the_only_one() {
        assert_eq!(shorts(&[("mcp-demo-0127-164730-0a1b2c3d", "demo")]), ["demo"]);
        assert_eq!(shorts(&[("mcp-demo-0127-164730-0a1b2c3d", "")]), ["demo"]);
        assert_eq!(shorts(&[("my-server", "")]), ["my-server"]);
        assert_eq!(
            shorts(&[("mcp-demo-0127-164730-0a1b2c3d", "demo"), ("web", "github")]),
            ["demo", "github"]
        );
    }

    #[test]
    fn several_of_one_template_get_as_much_of_their_hash_as_they_need() {
        assert_eq!(
            shorts(&[
                ("mcp-demo-0127-164730-0a1b2c3d", "demo"),
                ("mcp-demo-0127-164731-0a1b2c4d", "demo"),
                ("mcp-demo-0127-164732-0a1bff4d", "demo"),
            ]),
            ["demo-c3d", "demo-c4d", "demo-f4d"]
        );
    }

    #[test]
    fn names_fit_sixteen_columns_and_stay_distinct() {
        let long = "a-template-with-a-very-long-name";
        let names: Vec<String> = (0..300).map(|n| format!("mcp-{long}-0127-164730-{n:08x}")).collect();
        let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), long)).collect();
        for all in [
            shorts(&pairs),
            shorts(&[("an-extremely-long-name-1", ""), ("an-extremely-long-name-2", "")]),
            shorts(&[("x", "same"), ("y", "same-x"), ("zx", "same")]),
        ] {
            assert!(all.iter().all(|short| short.width() <= WIDEST), "{all:?}");
            assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "{all:?}");
        }
    }

    #[test]
    fn files_are_called_by_the_end_of_their_path() {
        let mut all = Names::default();
        all.add(label::FILE, "logs/a/app.log.gz", "");
        assert_eq!((all.width, all.names[0].short.as_str()), (0, "app"));
        all.add(label::FILE, "logs/b/app.log", "");
        all.add(label::FILE, "logs/b/other.log", "");
        let shorts: Vec<_> = all.names.iter().map(|name| name.short.as_str()).collect();
        assert_eq!((all.width, shorts), (5, vec!["a/app", "b/app", "other"]));
    }

    #[test]
    fn a_colour_belongs_to_the_name() {
        let (mut one, mut other) = (Names::default(), Names::default());
        let first = one.add(label::DEPLOYMENT, "b", "");
        other.add(label::DEPLOYMENT, "a", "");
        let second = other.add(label::DEPLOYMENT, "b", "");
        assert_eq!(one.names[first].colour, other.names[second].colour);
        assert!(COLOURS.iter().all(|colour| ![31, 91].contains(colour)));
    }
}
