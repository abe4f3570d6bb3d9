//! What settings of sources have in common: patterns of paths, the longest line.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::decode::{LONGEST, LONGEST_MAX, LONGEST_MIN};
use crate::config::units::Size;
use crate::config::{Diags, Settings};

/// `*` stays within a folder, `**` does not.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// The default longest line.
pub(super) fn longest() -> Size {
    Size(LONGEST as u64)
}

/// The longest line of the settings in bytes, if it is in its limits.
pub(super) fn read_longest(given: &Settings<'_>, diags: &mut Diags, size: Size) -> Option<usize> {
    let bytes = usize::try_from(size.0).unwrap_or(usize::MAX);
    if !(LONGEST_MIN..=LONGEST_MAX).contains(&bytes) {
        let help = Some("write 128KiB to 64MiB: a part that an engine cuts has up to 100 KiB".to_owned());
        diags.error(given.range_at(&["longest_line"]), "not a size for lines", "out of range", help);
        return None;
    }
    Some(bytes)
}

/// Which files are wanted.
#[derive(Debug)]
pub(super) struct Paths {
    include: Vec<String>,
    exclude: Vec<Pattern>,
    /// Folders that could not be read, said once.
    warned: HashSet<PathBuf>,
}

impl Paths {
    /// Reads the patterns in settings `include_key` and `exclude_key`; relative ones start from the pipeline's folder.
    pub(super) fn read(
        given: &Settings<'_>,
        diags: &mut Diags,
        (include_key, include): (&str, &[String]),
        (exclude_key, exclude): (&str, &[String]),
    ) -> Option<Paths> {
        let mut good = true;
        let mut absolute = |key: &str, at: usize, text: &String| {
            let path = given.folder.join(text);
            let full = std::path::absolute(&path).unwrap_or(path);
            let pattern = Pattern::new(&full.to_string_lossy());
            if let Err(error) = &pattern
                && !full.exists()
            {
                let range = given.range_at(&[key, &at.to_string()]);
                let label = format!("{} at character {}", error.msg, error.pos + 1);
                let help = "a literal `*`, `?` or `[` is written `[*]`, `[?]`, `[[]`";
                diags.error(range, "this is no pattern of paths", label, Some(help.to_owned()));
                good = false;
            }
            (full.to_string_lossy().into_owned(), pattern.ok())
        };
        let include: Vec<_> =
            include.iter().enumerate().map(|(at, text)| absolute(include_key, at, text).0).collect();
        let exclude: Vec<_> =
            exclude.iter().enumerate().filter_map(|(at, text)| absolute(exclude_key, at, text).1).collect();
        if include.is_empty() {
            let help = Some(format!("write {include_key}: [\"logs/*.log\"]"));
            diags.error(given.range(), "no files are named", "nothing to read", help);
            good = false;
        }
        good.then_some(Paths { include, exclude, warned: HashSet::new() })
    }

    /// The files that are there now, sorted; each once.
    pub(super) fn now(&mut self) -> Vec<PathBuf> {
        let mut found = std::collections::BTreeSet::new();
        for text in &self.include {
            // A name with a bracket is a name if such a file is there.
            if Path::new(text).is_file() {
                found.insert(PathBuf::from(text));
                continue;
            }
            let Ok(paths) = glob::glob_with(text, OPTIONS) else { continue };
            for path in paths {
                match path {
                    Ok(path) if path.is_file() => drop(found.insert(path)),
                    Ok(path) => {
                        if path.is_symlink() && !path.exists() && self.warned.insert(path.clone()) {
                            tracing::warn!(path = %path.display(), "leads nowhere; what it leads to is read once it is there");
                        }
                    }
                    Err(error) => {
                        if self.warned.insert(error.path().to_owned()) {
                            tracing::warn!(path = %error.path().display(), cause = %error.error(), "cannot read a folder");
                        }
                    }
                }
            }
        }
        found.retain(|path| !self.exclude.iter().any(|pattern| pattern.matches_path_with(path, OPTIONS)));
        found.into_iter().collect()
    }

    /// Whether a file at this path would be wanted.
    pub(super) fn wants(&self, path: &Path) -> bool {
        let named = |text: &String| {
            Path::new(text) == path || Pattern::new(text).is_ok_and(|p| p.matches_path_with(path, OPTIONS))
        };
        self.include.iter().any(named) && !self.exclude.iter().any(|p| p.matches_path_with(path, OPTIONS))
    }

    /// Names without wildcards behind which no file is.
    pub(super) fn missing(&self) -> Vec<&str> {
        let plain = |text: &&String| !text.contains(['*', '?', '[']);
        self.include
            .iter()
            .filter(plain)
            .map(String::as_str)
            .filter(|text| !Path::new(text).is_file())
            .collect()
    }

    /// As they were written, for messages.
    pub(super) fn shown(&self) -> String {
        self.include.join(", ")
    }
}
