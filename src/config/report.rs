//! Findings as people and programs read them. The only file of the library that names miette's types.

use std::fmt::{self, Write as _};
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};
use serde_json::{Value, json};

use super::Diags;
use super::diagnostic::{Finding, Severity};
use super::expand::Secrets;
use super::files::{File, Files};

/// Columns of a report that does not go to a terminal.
const WIDTH: usize = 100;

/// What was found, with the files it was found in.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files.
    pub files: Files,
    /// What was found, in the order of the files.
    pub findings: Vec<Finding>,
    /// What must not be shown.
    pub secrets: Secrets,
}

/// How to write a report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// With colours.
    pub color: bool,
    /// Columns of the terminal; 100 if it goes elsewhere.
    pub width: Option<usize>,
}

impl Report {
    /// Sorts findings by place, leaves out repeated ones, and hides what must not be shown.
    pub fn new(files: Files, diags: Diags, secrets: Secrets) -> Report {
        let mut findings: Vec<Finding> = Vec::with_capacity(diags.findings.len());
        for mut finding in diags.findings {
            finding.message = secrets.mask(&finding.message);
            finding.label = secrets.mask(&finding.label);
            finding.help = finding.help.map(|help| secrets.mask(&help));
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        findings.sort_by_key(|finding| finding.range.start);
        Report { files, findings, secrets }
    }

    /// Adds what was found later.
    pub fn add_error(&mut self, range: Range<usize>, message: String, label: &str, help: Option<String>) {
        let (severity, label) = (Severity::Error, label.to_owned());
        self.findings.insert(0, Finding { severity, message, range, label, help });
    }

    /// Whether anything found is an error.
    pub fn failed(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Every finding with its file, line and column, the text underlined, and help.
    pub fn to_text(&self, look: Look) -> String {
        let theme = if look.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(look.width.unwrap_or(WIDTH))
            .with_context_lines(1)
            .with_links(false);
        let mut out = String::new();
        for finding in &self.findings {
            let shown = Shown::new(finding, self.files.of(finding.range.start));
            // Writing to a String does not fail; if a report could not be drawn its message must still be seen.
            if handler.render_report(&mut out, &shown).is_err() {
                let _ = writeln!(out, "{}", finding.message);
            }
            out.push('\n');
        }
        let count = |severity| self.findings.iter().filter(|f| f.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        if errors + warnings > 0 {
            let both: Vec<String> = [(errors, "error"), (warnings, "warning")]
                .into_iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, word)| plural(n, word))
                .collect();
            let _ = writeln!(out, "{}", both.join(", "));
        }
        out
    }

    /// The same for programs.
    pub fn to_json(&self) -> Value {
        let findings: Vec<Value> = self
            .findings
            .iter()
            .map(|finding| {
                let file = self.files.of(finding.range.start);
                let place = file.map(|file| (file, file.place(finding.range.start)));
                let end = file.map(|file| file.place(finding.range.end));
                let mut entry = json!({
                    "severity": match finding.severity {
                        Severity::Error => "error",
                        Severity::Warning => "warning",
                    },
                    "message": finding.message,
                    "label": finding.label,
                });
                if let (Some((file, place)), Some(end)) = (place, end) {
                    entry["file"] = json!(file.name);
                    entry["line"] = json!(place.line);
                    entry["column"] = json!(place.column);
                    entry["end_line"] = json!(end.line);
                    entry["end_column"] = json!(end.column);
                }
                if let Some(help) = &finding.help {
                    entry["help"] = json!(help);
                }
                entry
            })
            .collect();
        json!({ "ok": !self.failed(), "findings": findings })
    }
}

/// One finding as miette draws it.
#[derive(Debug)]
struct Shown {
    message: String,
    label: String,
    help: Option<String>,
    severity: miette::Severity,
    source: Line,
    range: Range<usize>,
}

impl Shown {
    fn new(finding: &Finding, file: Option<&File>) -> Shown {
        let (name, text, start) = match file {
            Some(file) => (file.name.as_str(), file.text.as_str(), file.start),
            None => ("", "", 0),
        };
        let begin = finding.range.start.saturating_sub(start).min(text.len());
        let end = finding.range.end.saturating_sub(start).clamp(begin, text.len());
        // What goes over several lines is underlined in its first.
        let first = text.get(begin..end).unwrap_or("");
        let end = begin + first.find(['\n', '\r']).unwrap_or(first.len());
        Shown {
            message: finding.message.clone(),
            label: finding.label.clone(),
            help: finding.help.clone(),
            severity: match finding.severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            },
            source: Line { name: name.to_owned(), text: without_controls(text) },
            range: begin..end,
        }
    }
}

/// A file of which reports show the line that is meant, whole and alone.
#[derive(Debug)]
struct Line {
    name: String,
    text: String,
}

impl SourceCode for Line {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        if before + after == 0 {
            // Only asked for line and column.
            let inner = self.text.read_span(span, 0, 0)?;
            let (line, column, data) = (inner.line(), inner.column(), inner.data());
            let contents =
                MietteSpanContents::new_named(self.name.clone(), data, *inner.span(), line, column, 1);
            return Ok(Box::new(contents));
        }
        let at = span.offset().min(self.text.len());
        let (head, tail) = self.text.split_at(at);
        let start = head.rfind('\n').map_or(0, |n| n + 1);
        let end = at + tail.find('\n').unwrap_or(tail.len());
        let number = head.bytes().filter(|b| *b == b'\n').count();
        let data = &self.text.as_bytes()[start..end];
        let span = SourceSpan::from(start..end);
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), data, span, number, 0, 1)))
    }
}

/// The text as a terminal may see it; every byte stays in its place.
fn without_controls(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_control() && !matches!(c, '\n' | '\t' | '\r') { '?' } else { c })
        .collect()
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(Some(self.label.clone()), self.range.clone());
        Some(Box::new(std::iter::once(label)))
    }
}
