//! Notations by name: `parse: syslog` reads nothing but syslog.
//!
//! * A named notation refuses what is not its own, where [`parse_line`](super::parse_line) would find another one.
//! * Where a line alone is ambiguous, the name decides (`tracing` with a local time, `access` behind a host's name).

use super::clock;
use super::finder::{Finder, level_at};
use super::timed::{Tail, finish};
use super::{Parsed, access, dispatch, go, java, leveled, rust, syslog};

/// A notation that can be asked for by name.
struct Named {
    name: &'static str,
    /// What [`parse_line`](super::parse_line) calls lines of it.
    finds: &'static [&'static str],
    /// Reads lines that are ambiguous without the name; tried first.
    reads: Option<fn(&mut Finder) -> bool>,
}

const fn found(name: &'static str, finds: &'static [&'static str]) -> Named {
    Named { name, finds, reads: None }
}

const fn read(name: &'static str, reads: fn(&mut Finder) -> bool) -> Named {
    Named { name, finds: &[], reads: Some(reads) }
}

/// Layouts that languages share and a line alone does not tell apart.
const SHARED: &[&str] = &[
    "python",
    "logback",
    "brackets",
    "bars",
    "timestamp",
    "leveled",
    "flask",
    "loguru",
    "structlog",
    "uvicorn",
    "tomcat",
    "spring-boot",
    "slf4j-simple",
    "winston",
    "tracing",
    "env_logger",
    "debug",
    "jul",
    "python-warning",
    "access",
    "tornado",
];

const NAMED: &[Named] = &[
    read("access", access_line),
    found("apache-error", &["brackets"]),
    found("bunyan", &["bunyan"]),
    found("debug", &["debug"]),
    found("dotnet", &["dotnet", "serilog", "bars"]),
    found("env_logger", &["env_logger", "brackets", "leveled", "tracing"]),
    found("flask", &["flask", "access"]),
    Named { name: "go", finds: &["go-log", "slog", "zap", "zerolog", "logrus", "klog"], reads: Some(go_log) },
    found("java", SHARED),
    read("jul", java::jul),
    read("klog", go::klog),
    found("logback", SHARED),
    read("logrus", go::logrus),
    found("loguru", &["loguru", "bars"]),
    found("monolog", &["monolog"]),
    found("nest", &["nest"]),
    Named { name: "nginx", finds: &["nginx-error"], reads: Some(access_line) },
    found("pino-pretty", &["pino-pretty"]),
    found("python", SHARED),
    found("ruby", &["ruby"]),
    found("serilog", &["serilog", "brackets"]),
    found("slf4j-simple", &["slf4j-simple", "leveled", "python"]),
    Named { name: "slog", finds: &["slog", "go-log"], reads: Some(go_log) },
    found("spring-boot", &["spring-boot"]),
    found("structlog", &["structlog", "brackets"]),
    read("syslog", syslog_line),
    read("tracing", tracing_line),
    found("uvicorn", &["uvicorn", "access", "python"]),
    found("winston", &["winston", "brackets"]),
    found("zap", &["zap"]),
    found("zerolog", &["zerolog"]),
];

/// Names that [`parse_as`] knows.
pub const NAMES: [&str; NAMED.len()] = {
    let mut names = [""; NAMED.len()];
    let mut at = 0;
    while at < NAMED.len() {
        names[at] = NAMED[at].name;
        at += 1;
    }
    names
};

/// Fills `parsed` if the line is of the named notation; `false`, and `parsed` empty, if it is not or the name is unknown.
pub fn parse_as(name: &str, line: &[u8], parsed: &mut Parsed) -> bool {
    let Some(named) = NAMED.iter().find(|named| named.name == name) else {
        parsed.clear();
        return false;
    };
    if let Some(reads) = named.reads
        && reads(&mut Finder::new(line, parsed, true))
    {
        parsed.notation = named.name;
        return true;
    }
    let understood = dispatch(&mut Finder::new(line, parsed, true)) && named.finds.contains(&parsed.notation);
    if understood {
        parsed.notation = named.name;
    } else {
        parsed.clear();
    }
    understood
}

fn access_line(f: &mut Finder) -> bool {
    access::line(f) || {
        f.out.clear();
        access::morgan(f)
    }
}

/// Go's `log` also with levels that only slog writes.
fn go_log(f: &mut Finder) -> bool {
    let Some(stamp) = clock::stamp(f.line, 0).filter(|stamp| f.at(stamp.end) == Some(b' ')) else {
        f.out.clear();
        return leveled::go_prefix(f);
    };
    f.time(stamp);
    go::log(f, f.skip(stamp.end))
}

fn syslog_line(f: &mut Finder) -> bool {
    if f.at(0) == Some(b'<') {
        return syslog::priority(f);
    }
    let Some(stamp) = clock::stamp(f.line, 0).filter(|stamp| f.at(stamp.end) == Some(b' ')) else {
        return false;
    };
    f.time(stamp);
    syslog::unprioritised(f, stamp.end)
}

/// `tracing` whatever its timer writes, or without one.
fn tracing_line(f: &mut Finder) -> bool {
    let start = f.skip(0);
    let at = match clock::stamp(f.line, start) {
        Some(stamp) if f.at(stamp.end) == Some(b' ') => {
            f.time(stamp);
            f.skip(stamp.end)
        }
        _ => start,
    };
    let Some(word) = level_at(f.line, at).filter(|word| f.at(word.end) == Some(b' ')) else { return false };
    f.level(at, word);
    let at = f.skip(word.end);
    rust::tracing(f, at, true) || finish(f, "tracing", at, Tail::Cut)
}
