//! Go: `log`, slog's default handler, zap's console, logrus on a terminal, zerolog's console, klog.

use super::clock;
use super::finder::{Case, Finder, level_at, place};
use super::timed::{Tail, finish};
use super::{access, groups, json_tail};

/// Behind `2026/11/22 19:46:55 `: Go's `log`, slog's default, nginx errors.
pub(super) fn log(f: &mut Finder, at: usize) -> bool {
    let mut at = at;
    if f.at(at) == Some(b'[') {
        if let Some(close) = f.find(at, b']', 40)
            && groups::take_level(f, at + 1..close, true)
        {
            if let Some(message) = access::nginx_error(f, close + 1) {
                return f.done("nginx-error", message);
            }
            return groups::behind(f, close + 1);
        }
        return f.done("go-log", at);
    }
    let end = f.word_end(at);
    if end > at && f.line[end - 1] == b':' && place(f.line, at..end - 1).is_some() {
        f.code(at..end - 1);
        at = f.skip(end);
    }
    let Some(word) = level_at(f.line, at).filter(|_| !f.has_level()) else {
        return finish(f, "go-log", at, Tail::Keep);
    };
    let plain = !word.everyday;
    match f.at(word.end) {
        Some(b':') if plain && word.case != Case::Title => {
            f.level(at, word);
            finish(f, "go-log", word.end + 1, Tail::Keep)
        }
        Some(b' ') if plain && word.case == Case::Upper => {
            f.level(at, word);
            finish(f, "slog", word.end, Tail::Cut)
        }
        // slog writes levels between its own as `INFO+2`.
        Some(b'+' | b'-') if plain && word.case == Case::Upper && clock::run(f.line, word.end + 1, 3) > 0 => {
            f.level(at, word);
            let end = f.word_end(word.end);
            finish(f, "slog", end, Tail::Cut)
        }
        _ => finish(f, "go-log", at, Tail::Keep),
    }
}

/// zap's console behind the time and a tab: `LEVEL\tlogger\tfile.go:12\ttext\t{"key": …}`.
pub(super) fn zap(f: &mut Finder, at: usize) -> bool {
    let Some(word) = level_at(f.line, at).filter(|word| matches!(f.at(word.end), None | Some(b'\t'))) else {
        return false;
    };
    f.level(at, word);
    if f.at(word.end).is_none() {
        return f.done("zap", word.end);
    }
    zap_fields(f, word.end + 1)
}

/// zap's console behind the level and a tab.
pub(super) fn zap_fields(f: &mut Finder, at: usize) -> bool {
    let mut at = at;
    for _ in 0..2 {
        let Some(tab) = f.find(at, b'\t', 300) else { break };
        if place(f.line, at..tab).is_some() {
            f.code(at..tab);
            at = tab + 1;
            break;
        }
        if f.has_logger() || !super::finder::is_name(&f.line[at..tab]) || f.starts(tab + 1, b"{\"") {
            break;
        }
        f.logger(at..tab);
        at = tab + 1;
    }
    json_tail::finish(f, "zap", at, Tail::Cut)
}

/// zerolog's console and others with shortened levels: `INF text key=value`; behind the level.
pub(super) fn zerolog(f: &mut Finder, end: usize) -> bool {
    let level = f.out.level_text.clone();
    let short = matches!(
        &f.line[level],
        b"DEBU" | b"ERRO" | b"FATA" | b"TRC" | b"DBG" | b"INF" | b"WRN" | b"ERR" | b"FTL" | b"PNC"
    );
    if !short || f.at(end) != Some(b' ') {
        return false;
    }
    let mut at = f.skip(end);
    let caller = f.word_end(at);
    if f.starts(caller, b" > ") && place(f.line, at..caller).is_some() {
        f.code(at..caller);
        at = caller + 3;
    }
    finish(f, "zerolog", at, Tail::Cut)
}

/// `<nil> INF text key=value`: zerolog's console where no time is logged.
pub(super) fn zerolog_untimed(f: &mut Finder) -> bool {
    let Some(word) = level_at(f.line, 6).filter(|_| f.starts(0, b"<nil> ")) else { return false };
    f.level(6, word);
    zerolog(f, word.end)
}

/// `INFO[0012] text key=value`: logrus on a terminal, seconds since the start or a time in the brackets.
pub(super) fn logrus(f: &mut Finder) -> bool {
    let Some(word) =
        level_at(f.line, 0).filter(|word| word.case == Case::Upper && f.at(word.end) == Some(b'['))
    else {
        return false;
    };
    let inside = word.end + 1;
    let digits = clock::run(f.line, inside, 9);
    let close = match clock::stamp(f.line, inside) {
        Some(stamp) if f.at(stamp.end) == Some(b']') => {
            f.time(stamp);
            stamp.end
        }
        _ if digits >= 4 && f.at(inside + digits) == Some(b']') => inside + digits,
        _ => return false,
    };
    f.level(0, word);
    finish(f, "logrus", close + 1, Tail::Cut)
}

/// `I1122 19:46:55.123456       1 file.go:12] text`.
pub(super) fn klog(f: &mut Finder) -> bool {
    let Some(level) = klog_level(f.line[0]) else { return false };
    let Some((time, end)) = clock::month_day(f.line, 1) else { return false };
    let at = f.skip(end);
    let digits = clock::run(f.line, at, 9);
    let place_at = f.skip(at + digits);
    let Some(close) = f.find(place_at, b']', 200) else { return false };
    if digits == 0 || place(f.line, place_at..close).is_none() {
        return false;
    }
    f.out.time = Some(time);
    f.out.level = Some(level);
    f.out.level_text = 0..1;
    f.named_number("process.pid", at..at + digits);
    f.code(place_at..close);
    // klog's structured calls quote the text: `"Pod status updated" pod="x"`.
    finish(f, "klog", close + 1, Tail::Cut);
    let message = f.out.message.clone();
    let text = &f.line[message.clone()];
    if text.len() >= 2
        && text[0] == b'"'
        && text[text.len() - 1] == b'"'
        && !text[1..text.len() - 1].contains(&b'"')
    {
        f.out.message = message.start + 1..message.end - 1;
    }
    true
}

/// The level of klog's and glog's first letter.
pub(super) fn klog_level(letter: u8) -> Option<crate::event::Level> {
    use crate::event::Level;
    Some(match letter {
        b'I' => Level::Info,
        b'W' => Level::Warn,
        b'E' => Level::Error,
        b'F' => Level::Fatal,
        b'D' => Level::Debug,
        _ => return None,
    })
}
