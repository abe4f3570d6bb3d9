//! What is wrong with a pipeline file: every finding has a place, and all are collected.

use std::ops::Range;

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The pipeline cannot run.
    Error,
    /// It can, but it will not do what was meant.
    Warning,
}

/// One finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// Bytes of the file to underline.
    pub range: Range<usize>,
    /// What stands under the line.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// The findings so far. Checks report here and go on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diags {
    /// In the order they were found.
    pub findings: Vec<Finding>,
}

impl Diags {
    /// Reports an error.
    pub fn error(
        &mut self,
        range: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        self.findings.push(Finding {
            severity: Severity::Error,
            message: message.into(),
            range,
            label: label.into(),
            help,
        });
    }

    /// Reports a warning.
    pub fn warning(
        &mut self,
        range: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        self.findings.push(Finding {
            severity: Severity::Warning,
            message: message.into(),
            range,
            label: label.into(),
            help,
        });
    }

    /// Whether any finding is an error.
    pub fn failed(&self) -> bool {
        self.findings.iter().any(|f| f.severity == Severity::Error)
    }
}
