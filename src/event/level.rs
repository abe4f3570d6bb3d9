//! Levels, normalised.

use std::fmt;

/// How severe an event says it is. Ordered: `Level::Warn < Level::Error`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[repr(u8)]
pub enum Level {
    /// Finer than debugging.
    Trace = 1,
    /// For developers.
    Debug,
    /// Normal operation (also `NOTICE`, `SUCCESS`, `CONFIG`).
    Info,
    /// Worth a look.
    Warn,
    /// Something failed.
    Error,
    /// The process or system cannot go on (also `CRITICAL`, `ALERT`, `EMERG`, `PANIC`).
    Fatal,
}

impl Level {
    /// Every level, least severe first.
    pub const ALL: [Level; 6] =
        [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Fatal];

    /// The normalised name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Trace => "TRACE",
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
            Level::Fatal => "FATAL",
        }
    }

    /// The level a word names, in any usual spelling and case: `WARNING`, `ERRO`, `inf`, `SEVERE`, `FINE`.
    ///
    /// Single letters are not words: notations that use them say so themselves.
    pub fn parse(word: &[u8]) -> Option<Level> {
        if word.len() < 3 || word.len() > 11 {
            return None;
        }
        let mut upper = [0u8; 11];
        let upper = &mut upper[..word.len()];
        upper.copy_from_slice(word);
        upper.make_ascii_uppercase();
        Some(match &*upper {
            b"TRACE" | b"TRC" | b"TRAC" | b"FINER" | b"FINEST" | b"SILLY" | b"VERBOSE" | b"ALL" => {
                Level::Trace
            }
            b"DEBUG" | b"DBG" | b"DEBU" | b"FINE" => Level::Debug,
            b"INFO" | b"INF" | b"INFORMATION" | b"NOTICE" | b"SUCCESS" | b"CONFIG" => Level::Info,
            b"WARN" | b"WARNING" | b"WRN" => Level::Warn,
            b"ERROR" | b"ERR" | b"ERRO" | b"SEVERE" | b"EROR" => Level::Error,
            b"FATAL" | b"FTL" | b"FATA" | b"CRITICAL" | b"CRIT" | b"CRT" | b"PANIC" | b"PNC" | b"ALERT"
            | b"EMERG" | b"EMERGENCY" | b"DPANIC" => Level::Fatal,
            _ => return None,
        })
    }

    /// The level of a syslog severity, 0 (emergency) to 7 (debug). RFC 5424, 6.2.1; GELF uses the same.
    pub fn from_syslog(severity: u8) -> Option<Level> {
        Some(match severity {
            0..=2 => Level::Fatal,
            3 => Level::Error,
            4 => Level::Warn,
            5 | 6 => Level::Info,
            7 => Level::Debug,
            _ => return None,
        })
    }

    /// The level of a pino or bunyan number: 10 trace, 20 debug, … 60 fatal; numbers between belong to the lower one.
    pub fn from_pino(number: i64) -> Option<Level> {
        Some(match number {
            1..=19 => Level::Trace,
            20..=29 => Level::Debug,
            30..=39 => Level::Info,
            40..=49 => Level::Warn,
            50..=59 => Level::Error,
            60..=99 => Level::Fatal,
            _ => return None,
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
