//! Decides which tag CI gave the image of a commit: `{sha}` unless the environment says otherwise.
//!
//! Also reads such a tag backwards, to learn which commit is running.

use std::fmt;
use std::str::FromStr;

use super::{ImageError, Tag, is_tag_byte};
use crate::error::{Error, Kind};

/// How a tag is made from a commit, such as `{branch}-{short_sha}`.
///
/// `{sha}` is the full SHA and `{short_sha}` its first seven digits. `{branch}` and `{tag}` are
/// the git names, in which each run of characters that no image tag may hold becomes one `-`, as
/// the usual CI actions do it: `feature/login` gives `feature-login`. That mapping loses something,
/// so a template without a SHA refuses a name that shares its tag with another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagTemplate {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Sha,
    ShortSha,
    Branch,
    Tag,
}

/// What a template is filled with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TagParts<'a> {
    /// The full SHA.
    pub(crate) sha: &'a str,
    /// The branch, if the ref is one.
    pub(crate) branch: Option<&'a str>,
    /// The git tag, if the ref is one.
    pub(crate) tag: Option<&'a str>,
    /// All names of the same kind that are known, in which to look for a second one with this tag.
    pub(crate) names: &'a [String],
}

/// Why a template gives no tag.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    /// The template has a placeholder that does not exist.
    #[error("the tag template has an unknown placeholder \"{{{0}}}\"")]
    UnknownPlaceholder(String),
    /// A brace was not closed, or a character cannot be in a tag.
    #[error("the tag template \"{0}\" cannot become a tag")]
    Malformed(String),
    /// Every commit would get the same tag.
    #[error("the tag template \"{0}\" is the same for every commit")]
    Constant(String),
    /// The template asks for a branch or tag, and the ref is something else.
    #[error("the tag template needs a {0}, and the ref is none")]
    NeedsName(&'static str),
    /// Two names would give the same tag.
    #[error("\"{name}\" and \"{other}\" have the same image tag \"{tag}\"")]
    Collision {
        name: String,
        other: String,
        tag: String,
    },
    /// The result is too long or starts with `.` or `-`.
    #[error("the tag template gives no tag")]
    Tag(#[source] ImageError),
}

impl TagTemplate {
    /// Returns the tag of a commit's image.
    pub(crate) fn render(&self, parts: &TagParts<'_>) -> Result<Tag, TemplateError> {
        let text = self.fill(parts.sha, parts.branch, parts.tag)?;
        if !self.has_sha() {
            self.check_unique(parts, &text)?;
        }
        text.parse().map_err(TemplateError::Tag)
    }

    /// Returns the SHA or its first digits that `tag` was made from, if this template made it.
    pub(crate) fn sha_in<'t>(&self, tag: &'t Tag) -> Option<&'t str> {
        capture(&self.parts, tag.as_str())?
    }

    /// Tells whether a second branch or git tag could have the same image tag, so that
    /// [`TagParts::names`] matter.
    pub(crate) fn may_collide(&self, name: &str) -> bool {
        !self.has_sha() && name.bytes().any(|b| !is_tag_byte(b) || b == b'-')
    }

    fn has_sha(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Sha | Part::ShortSha => true,
            Part::Literal(_) | Part::Branch | Part::Tag => false,
        })
    }

    fn fill(
        &self,
        sha: &str,
        branch: Option<&str>,
        tag: Option<&str>,
    ) -> Result<String, TemplateError> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Sha => text.push_str(sha),
                Part::ShortSha => text.push_str(sha.get(..SHORT).unwrap_or(sha)),
                Part::Branch => {
                    text.push_str(&map_name(branch.ok_or(TemplateError::NeedsName("branch"))?));
                }
                Part::Tag => {
                    text.push_str(&map_name(tag.ok_or(TemplateError::NeedsName("git tag"))?));
                }
            }
        }
        Ok(text)
    }

    fn check_unique(&self, parts: &TagParts<'_>, text: &str) -> Result<(), TemplateError> {
        let Some(name) = parts.branch.or(parts.tag) else {
            return Ok(());
        };
        let mapped = map_name(name);
        match parts
            .names
            .iter()
            .find(|other| *other != name && map_name(other) == mapped)
        {
            Some(other) => Err(TemplateError::Collision {
                name: name.to_owned(),
                other: other.clone(),
                tag: text.to_owned(),
            }),
            None => Ok(()),
        }
    }
}

const SHORT: usize = 7;

impl Default for TagTemplate {
    fn default() -> Self {
        Self {
            parts: vec![Part::Sha],
        }
    }
}

impl FromStr for TagTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let malformed = || TemplateError::Malformed(text.chars().take(super::SHOWN).collect());
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (literal, after) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
            if !literal.bytes().all(is_tag_byte) {
                return Err(malformed());
            }
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            rest = match after.strip_prefix('{') {
                Some(placeholder) => {
                    let (name, rest) = placeholder.split_once('}').ok_or_else(malformed)?;
                    parts.push(placeholder_named(name)?);
                    rest
                }
                None => after,
            };
        }
        let is_constant = parts.iter().all(|part| match part {
            Part::Literal(_) => true,
            Part::Sha | Part::ShortSha | Part::Branch | Part::Tag => false,
        });
        let starts_well = parts.first().is_none_or(|part| match part {
            Part::Literal(literal) => !literal.starts_with(['.', '-']),
            Part::Sha | Part::ShortSha | Part::Branch | Part::Tag => true,
        });
        match (is_constant, starts_well) {
            (true, _) => Err(TemplateError::Constant(
                text.chars().take(super::SHOWN).collect(),
            )),
            (false, false) => Err(malformed()),
            (false, true) => Ok(Self { parts }),
        }
    }
}

fn placeholder_named(name: &str) -> Result<Part, TemplateError> {
    match name {
        "sha" => Ok(Part::Sha),
        "short_sha" => Ok(Part::ShortSha),
        "branch" => Ok(Part::Branch),
        "tag" => Ok(Part::Tag),
        _ => Err(TemplateError::UnknownPlaceholder(
            name.chars().take(super::SHOWN).collect(),
        )),
    }
}

impl fmt::Display for TagTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Literal(literal) => formatter.write_str(literal),
            Part::Sha => formatter.write_str("{sha}"),
            Part::ShortSha => formatter.write_str("{short_sha}"),
            Part::Branch => formatter.write_str("{branch}"),
            Part::Tag => formatter.write_str("{tag}"),
        })
    }
}

/// Returns a git name as it stands in an image tag.
fn map_name(name: &str) -> String {
    let mut mapped = String::with_capacity(name.len());
    let mut is_in_run = false;
    for character in name.chars() {
        let is_kept = u8::try_from(character).is_ok_and(is_tag_byte);
        if is_kept {
            mapped.push(character);
        } else if !is_in_run {
            mapped.push('-');
        }
        is_in_run = !is_kept;
    }
    mapped
}

/// Matches `text` against all of `parts`: `None` if it does not fit, else what stands for the SHA.
///
/// A full SHA is preferred to a short one that the same digits could be.
fn capture<'t>(parts: &[Part], text: &'t str) -> Option<Option<&'t str>> {
    let Some((part, others)) = parts.split_first() else {
        return text.is_empty().then_some(None);
    };
    let sha_of = |length: usize| {
        let sha = text.get(..length)?;
        let is_sha = sha.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !is_sha {
            return None;
        }
        let rest = capture(others, text.get(length..)?)?;
        Some(Some(
            rest.filter(|found| found.len() > length).unwrap_or(sha),
        ))
    };
    match part {
        Part::Literal(literal) => capture(others, text.strip_prefix(literal.as_str())?),
        Part::Sha => sha_of(64).or_else(|| sha_of(40)),
        Part::ShortSha => sha_of(SHORT),
        Part::Branch | Part::Tag => (1..=text.len())
            .rev()
            .find_map(|length| capture(others, text.get(length..)?)),
    }
}

impl From<TemplateError> for Error {
    fn from(error: TemplateError) -> Self {
        let (kind, hint) = match &error {
            TemplateError::UnknownPlaceholder(_) => (
                Kind::Usage,
                "There are {sha}, {short_sha}, {branch}, and {tag}.",
            ),
            TemplateError::Malformed(_) | TemplateError::Constant(_) => (
                Kind::Usage,
                "Write letters, digits, \"_\", \".\", \"-\", and at least one of {sha}, {short_sha}, {branch}, {tag}.",
            ),
            TemplateError::NeedsName(_) => (
                Kind::Refused,
                "Name a ref of that kind, or give the image's tag with --tag.",
            ),
            TemplateError::Collision { .. } => (
                Kind::Refused,
                "Put {sha} or {short_sha} into the tag template, so that every commit has its own tag.",
            ),
            TemplateError::Tag(_) => (Kind::Refused, "Give the image's tag with --tag."),
        };
        Self::new(kind, error).hint(hint)
    }
}
