//! The prefixes that people's tools put before lines: a name, a time, or both.
//!
//! | tool | a line |
//! |---|---|
//! | `docker logs -t`, `kubectl logs --timestamps` | `2025-01-27T16:47:30.124550668Z text` |
//! | `docker compose logs` | `name-1  \| text` |
//! | `docker service logs` | `name.1.id@host    \| text` |
//! | `kubectl logs --prefix` | `[pod/name/container] text` |
//! | `stern` | `pod container text` |
//!
//! Colours around a name are skipped. With both, the time stands behind the name.

use memchr::memchr;

use crate::event::time::{TimeReader, parse_rfc3339};
use crate::event::{Level, NO_TIME, Nanos};

/// How names stand before the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Naming {
    /// No names.
    #[default]
    None,
    /// `name-1  | text`
    Compose,
    /// `[pod/name/container] text`
    Kubectl,
    /// `pod container text`
    Stern,
}

/// What stands before every line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Layout {
    /// A name.
    pub naming: Naming,
    /// A time, behind the name.
    pub timed: bool,
}

/// The prefix of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix<'a> {
    /// Compose: the container. Kubernetes: the pod.
    pub(super) name: &'a [u8],
    /// Kubernetes: the container in the pod.
    pub(super) container: &'a [u8],
    /// [`NO_TIME`] without one.
    pub(super) time: Nanos,
    /// Offset of the text.
    pub(super) text: usize,
}

impl Layout {
    /// The prefix of a line of this layout; `None`: the line has none.
    pub(super) fn read<'a>(&self, line: &'a [u8], clock: &mut TimeReader) -> Option<Prefix<'a>> {
        let mut prefix = match self.naming {
            Naming::None => Prefix { name: b"", container: b"", time: NO_TIME, text: 0 },
            Naming::Compose => compose(line)?,
            Naming::Kubectl => kubectl(line)?,
            Naming::Stern => stern(line)?,
        };
        if self.timed {
            let rest = &line[prefix.text..];
            let end = memchr(b' ', &rest[..rest.len().min(40)]).unwrap_or(rest.len());
            let time = &rest[..end];
            if !time.first().is_some_and(u8::is_ascii_digit) {
                return None;
            }
            prefix.time = clock.read_utc(time).or_else(|| parse_rfc3339(time))?;
            prefix.text = (prefix.text + end + 1).min(line.len());
        }
        Some(prefix)
    }

    /// The layout of the first lines of a text: nearly all of them must have it.
    pub(super) fn sniff(lines: &[&[u8]]) -> Layout {
        let mut clock = TimeReader::default();
        for naming in [Naming::Kubectl, Naming::Compose, Naming::Stern, Naming::None] {
            let untimed = Layout { naming, timed: false };
            let found: Vec<(&[u8], Prefix<'_>)> =
                lines.iter().filter_map(|line| Some((*line, untimed.read(line, &mut clock)?))).collect();
            if !nearly_all(found.len(), lines.len()) || !is_plausible(naming, &found) {
                continue;
            }
            let digits: Vec<usize> =
                found.iter().filter_map(|(line, prefix)| engine_time_digits(&line[prefix.text..])).collect();
            let nine = digits.iter().filter(|&&n| n == 9).count();
            let timed = nearly_all(digits.len(), lines.len()) && nine * 2 >= digits.len();
            return Layout { naming, timed };
        }
        Layout::default()
    }
}

/// Some tools print a line of their own among the others.
fn nearly_all(some: usize, all: usize) -> bool {
    some > 0 && some * 10 >= all * 8
}

/// Whether these are names and not the first words of sentences.
fn is_plausible(naming: Naming, found: &[(&[u8], Prefix<'_>)]) -> bool {
    match naming {
        Naming::None | Naming::Kubectl => true,
        Naming::Compose => {
            // The bars stand below each other, and no name is a level (`INFO     | text`).
            let column = found[0].1.text;
            let aligned =
                found.iter().all(|(line, p)| p.text == column || line.contains(&0x1b) || is_bare(line));
            aligned && found.iter().all(|(_, p)| Level::parse(p.name).is_none())
        }
        // Two words at the start of one line prove nothing.
        Naming::Stern => found.len() >= 2,
    }
}

fn is_bare(line: &[u8]) -> bool {
    line.ends_with(b"|")
}

/// The digits of the fraction, if text starts with a time as engines write it: UTC, one blank behind. Engines write
/// nine digits (Kubernetes without zeros at the end); what programs write, mostly three or six, stays in their lines.
fn engine_time_digits(text: &[u8]) -> Option<usize> {
    let end = memchr(b' ', &text[..text.len().min(40)]).unwrap_or(text.len());
    let time = &text[..end];
    let is_time = (28..=30).contains(&time.len())
        && time[10] == b'T'
        && text.get(end + 1) != Some(&b' ')
        && TimeReader::default().read_utc(time).is_some();
    is_time.then(|| time.len() - 21)
}

/// Skips colours: `ESC [ … m`.
fn uncoloured(line: &[u8], mut at: usize) -> usize {
    while line[at..].starts_with(b"\x1b[") {
        let Some(end) = line[at..].iter().take(16).position(|&b| b == b'm') else {
            break;
        };
        at += end + 1;
    }
    at
}

fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@')
}

/// The longest name that is looked for: Kubernetes and DNS allow 253 bytes.
const NAME: usize = 253;

fn name_at(line: &[u8], at: usize) -> Option<&[u8]> {
    let rest = &line[at..line.len().min(at + NAME + 1)];
    let end = rest.iter().position(|&b| !is_name_byte(b)).unwrap_or(rest.len());
    (rest.first()?.is_ascii_alphanumeric() && end <= NAME).then_some(&rest[..end])
}

fn compose(line: &[u8]) -> Option<Prefix<'_>> {
    let start = uncoloured(line, 0);
    let name = name_at(line, start)?;
    let mut at = start + name.len();
    while line.get(at) == Some(&b' ') {
        at += 1;
    }
    at = uncoloured(line, at);
    if line.get(at) != Some(&b'|') || at == start + name.len() {
        return None;
    }
    at = uncoloured(line, at + 1);
    match line.get(at) {
        Some(b' ') => at += 1,
        None | Some(b'\r') => {}
        Some(_) => return None,
    }
    Some(Prefix { name, container: b"", time: NO_TIME, text: at })
}

fn kubectl(line: &[u8]) -> Option<Prefix<'_>> {
    let start = uncoloured(line, 0);
    let inside = line[start..].strip_prefix(b"[pod/")?;
    let end = memchr(b']', &inside[..inside.len().min(2 * NAME + 2)])?;
    let slash = memchr(b'/', &inside[..end])?;
    let (name, container) = (&inside[..slash], &inside[slash + 1..end]);
    if name.is_empty() || !name.iter().chain(container).all(|&b| is_name_byte(b)) {
        return None;
    }
    let mut at = uncoloured(line, start + 5 + end + 1);
    if line.get(at) == Some(&b' ') {
        at += 1;
    }
    Some(Prefix { name, container, time: NO_TIME, text: at })
}

fn stern(line: &[u8]) -> Option<Prefix<'_>> {
    let mut at = uncoloured(line, 0);
    let name = name_at(line, at)?;
    at = uncoloured(line, at + name.len());
    if !is_pod(name) || line.get(at) != Some(&b' ') {
        return None;
    }
    at = uncoloured(line, at + 1);
    let container = name_at(line, at)?;
    at = uncoloured(line, at + container.len());
    if container.iter().any(u8::is_ascii_uppercase) || !matches!(line.get(at), Some(b' ') | None) {
        return None;
    }
    Some(Prefix { name, container, time: NO_TIME, text: (at + 1).min(line.len()) })
}

/// The letters of hashes that Kubernetes appends to names (`rand.String`: no vowels, no 0, 1, 3).
fn is_hash(text: &[u8], length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.iter().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(b))
}

/// Whether a name ends as the names of pods do: `-x7k2p`, or the number in a set, `-0`.
fn is_pod(name: &[u8]) -> bool {
    let Some(dash) = memchr::memrchr(b'-', name) else { return false };
    let end = &name[dash + 1..];
    let lower = name.iter().all(|b| !b.is_ascii_uppercase() && !matches!(b, b'_' | b'@'));
    let number = (1..=4).contains(&end.len()) && end.iter().all(u8::is_ascii_digit);
    lower && (is_hash(end, 5..=5) || number)
}

/// The name of what made a pod: without the hashes of its replica set and its own, or its number in a set.
pub(crate) fn owner_of_pod(pod: &str) -> &str {
    let Some((rest, end)) = pod.rsplit_once('-') else { return pod };
    if is_hash(end.as_bytes(), 5..=5) {
        return match rest.rsplit_once('-') {
            Some((owner, hash)) if is_hash(hash.as_bytes(), 8..=10) => owner,
            _ => rest,
        };
    }
    if !end.is_empty() && end.len() <= 4 && end.bytes().all(|b| b.is_ascii_digit()) {
        return rest;
    }
    pod
}

#[cfg(test)]
mod tests;
