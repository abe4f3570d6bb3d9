//! Near misses: what someone meant who wrote something else.

/// The candidate that `word` is most likely a slip of, if any is near enough.
///
/// Case, `_`, `-` and `.` do not count; else a third of the letters may be wrong.
pub fn near_miss<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |s: &str| -> String {
        s.chars().filter(|c| !matches!(c, '_' | '-' | '.')).flat_map(char::to_lowercase).collect()
    };
    let word = plain(word);
    let allowed = (word.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let distance = strsim::osa_distance(&word, &plain(candidate));
        // One wrong letter of one or two is another word.
        let near = distance == 0 || (distance <= allowed && distance * 2 <= word.chars().count());
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Help for an unknown word: the near miss, else all that there is (if it is few).
pub fn help<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(near) = near_miss(word, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    (!all.is_empty()).then(|| format!("there are: {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let all = ["level", "message", "tool.name", "tool.duration", "stream"];
        for (word, near) in [
            ("levle", Some("level")),
            ("Level", Some("level")),
            ("tool_name", Some("tool.name")),
            ("tool.nmae", Some("tool.name")),
            ("mesage", Some("message")),
            ("status", None),
            ("x", None),
        ] {
            assert_eq!(near_miss(word, all), near, "{word}");
        }
    }
}
