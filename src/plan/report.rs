//! Several findings as one error: its text, and each further finding as a cause.

use std::fmt;

/// An error of one line each: a heading, where there are several, and the findings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    text: String,
    rest: Option<Box<Report>>,
}

impl Report {
    /// Returns the only finding, or how many of what there are with all of them below.
    pub(crate) fn of(findings: Vec<String>, what: &str) -> Self {
        let mut lines = findings;
        if lines.len() != 1 {
            lines.insert(0, format!("{} {what}", lines.len()));
        }
        let mut rest = None;
        while lines.len() > 1 {
            rest = lines.pop().map(|text| Box::new(Self { text, rest }));
        }
        Self {
            text: lines.pop().unwrap_or_default(),
            rest,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for Report {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.rest.as_deref().map(|rest| rest as _)
    }
}
