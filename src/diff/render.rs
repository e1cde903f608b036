//! Lays out what a plan changes: the contract lines that scripts read, and the diff for people.

use super::{DiffLine, Hunk, Preview, Side, Strength, WhyLocal};
use crate::plan::{Plan, words};
use crate::ui::{Line, Style};

/// Whether the lines tell what would be done or what is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    Dry,
    Real,
}

impl Run {
    fn prefix(self) -> &'static str {
        match self {
            Self::Dry => "[dry-run] ",
            Self::Real => "",
        }
    }
}

/// Returns three lines for each target that changes, one for each that does not, and one for each
/// value that is set beside the image.
///
/// The three lines are a contract with scripts: their words and their indentation stay.
pub(crate) fn contract(plan: &Plan, run: Run) -> Vec<Line> {
    let prefix = run.prefix();
    let mut lines = Vec::new();
    let mut say = |text: String| lines.push(Line::from(text));
    let target = |deployment: &str, container: &str| {
        format!("(deployment: \"{deployment}\", container: \"{container}\")")
    };
    for deployment in &plan.deployments {
        let name = deployment.name();
        for change in &deployment.changes {
            say(format!(
                "{prefix}deploy to {}",
                target(name, &change.container)
            ));
            say(format!("{prefix}  before: {}", change.before));
            say(format!("{prefix}  after:  {}", change.after));
        }
    }
    let kept_beside = plan
        .deployments
        .iter()
        .map(|deployment| (deployment.name(), &deployment.kept));
    let unchanged = plan
        .unchanged
        .iter()
        .map(|deployment| (deployment.name(), &deployment.kept));
    for (name, kept) in kept_beside.chain(unchanged) {
        for kept in kept {
            let target = target(name, &kept.container);
            say(format!("{prefix}unchanged {target}: {}", kept.image));
        }
    }
    for deployment in &plan.deployments {
        let name = deployment.name();
        for setting in &deployment.settings {
            let setting = words::setting(setting);
            say(format!(
                "{prefix}also set (deployment: \"{name}\"): {setting}"
            ));
        }
    }
    lines
}

/// Returns the unified diff of one Deployment; nothing where nothing differs.
pub(crate) fn unified(deployment: &str, preview: &Preview, hunks: &[Hunk]) -> Vec<Line> {
    if hunks.is_empty() {
        return Vec::new();
    }
    let after = match &preview.strength {
        Strength::Server => "as the API server would store it".to_owned(),
        Strength::Local { why } => format!(
            "computed here, without the API server's defaults and admission: {}",
            match why {
                WhyLocal::Asked => "--dry-run=client",
                WhyLocal::Unavailable(why) => why,
            }
        ),
    };
    let heading = |text: String| Line::new().with(Style::Strong, text);
    let mut lines = vec![
        heading(format!("--- Deployment {deployment}, as it is")),
        heading(format!("+++ Deployment {deployment}, {after}")),
    ];
    for hunk in hunks {
        lines.push(Line::new().with(Style::Faint, hunk.header.clone()));
        lines.extend(hunk.lines.iter().map(line));
    }
    lines
}

fn line(line: &DiffLine) -> Line {
    let (mark, whole, part) = match line.side {
        Side::Both => (" ", Style::Plain, Style::Plain),
        Side::Before => ("-", Style::Removed, Style::RemovedPart),
        Side::After => ("+", Style::Added, Style::AddedPart),
    };
    line.pieces
        .iter()
        .fold(Line::new().with(whole, mark), |written, piece| {
            let style = if piece.is_different { part } else { whole };
            written.with(style, piece.text.clone())
        })
}
