//! Parses and prints image references: a repository's name, and a tag, a digest, both, or neither.
//!
//! Follows the grammar of distribution/reference, which the kubelet applies and the API server does
//! not. Nothing here asks a registry.

mod name;
mod template;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub(crate) use name::ImageName;
pub(crate) use template::{TagParts, TagTemplate};

use crate::error::{Error, Kind};

/// The longest tag that registries accept.
const LONGEST_TAG: usize = 128;

/// How much of a faulty text an error repeats.
const SHOWN: usize = 120;

/// An image as a container names it; printing gives back the text it was parsed from.
///
/// Two images are equal when they are spelt alike. [`Image::is_same_as`] compares what they mean.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Image {
    name: ImageName,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

impl Image {
    pub(crate) fn name(&self) -> &ImageName {
        &self.name
    }

    pub(crate) fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    pub(crate) fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns the same repository's image under `tag`, without the digest.
    ///
    /// A digest beside a tag wins when the image is pulled, so an old one kept beside a new tag
    /// would silently run the old image.
    pub(crate) fn with_tag(&self, tag: Tag) -> Self {
        Self {
            name: self.name.clone(),
            tag: Some(tag),
            digest: None,
        }
    }

    /// Tells whether both name the same image, whichever way Docker Hub's names are shortened.
    ///
    /// Digests decide where both have one; else the tags do, and no tag is `latest`.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.name.is_same_as(&other.name)
            && match (&self.digest, &other.digest) {
                (Some(ours), Some(theirs)) => ours == theirs,
                (None, None) => self.effective_tag() == other.effective_tag(),
                (Some(_), None) | (None, Some(_)) => false,
            }
    }

    fn effective_tag(&self) -> &str {
        self.tag.as_ref().map_or("latest", Tag::as_str)
    }
}

impl FromStr for Image {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let refused = |fault| Err(ImageError::new(text, fault));
        if text.is_empty() {
            return refused(Fault::Empty);
        }
        if text.trim() != text {
            return refused(Fault::Blank);
        }
        if text.contains("://") {
            return refused(Fault::Url);
        }
        if is_placeholder(text) {
            return refused(Fault::Placeholder);
        }
        let (tagged, digest) = match text.split_once('@') {
            Some((tagged, digest)) => (tagged, Some(digest)),
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port.
        let path_start = tagged.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match tagged.get(path_start..).and_then(|path| path.find(':')) {
            Some(colon) => {
                let (name, rest) = tagged.split_at(path_start + colon);
                (name, Some(rest.strip_prefix(':').unwrap_or(rest)))
            }
            None => (tagged, None),
        };
        let wrong = |fault| ImageError::new(text, fault);
        Ok(Self {
            name: ImageName::parse(name).map_err(wrong)?,
            tag: tag.map(Tag::parse).transpose().map_err(wrong)?,
            digest: digest.map(Digest::parse).transpose().map_err(wrong)?,
        })
    }
}

impl fmt::Display for Image {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.name)?;
        if let Some(tag) = &self.tag {
            write!(formatter, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(formatter, "@{digest}")?;
        }
        Ok(())
    }
}

/// Tells whether a text is a template that somebody forgot to fill in: `{{ .Values.image }}`,
/// `${IMAGE}`, `app:[REPLACE_WITH_TAG]`, `app:<tag>`.
fn is_placeholder(text: &str) -> bool {
    // An IPv6 host is the one rightful use of brackets, and only in front.
    let rest = match text.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((host, rest)) if host.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') => rest,
        Some(_) | None => text,
    };
    rest.contains(['{', '}', '$', '<', '>', '[', ']'])
}

/// The tag of an image: at most 128 letters, digits, `_`, `.`, `-`, not starting with `.` or `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Tag(String);

impl Tag {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        if text.len() > LONGEST_TAG {
            return Err(Fault::LongTag(text.len()));
        }
        let mut bytes = text.bytes();
        let starts_well = bytes
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
        if starts_well && bytes.all(is_tag_byte) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Fault::Tag)
        }
    }
}

fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

impl FromStr for Tag {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        Self::parse(text).map_err(|fault| ImageError::new(text, fault))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The digest of an image's manifest, as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Digest(String);

impl Digest {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let (algorithm, hex) = text.split_once(':').ok_or(Fault::Digest)?;
        let is_length_right = match algorithm {
            "sha256" => hex.len() == 64,
            "sha384" => hex.len() == 96,
            "sha512" => hex.len() == 128,
            _ => hex.len() >= 32 && is_algorithm(algorithm),
        };
        let is_hex = hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if is_length_right && is_hex {
            Ok(Self(text.to_owned()))
        } else {
            Err(Fault::Digest)
        }
    }
}

fn is_algorithm(text: &str) -> bool {
    text.split(['+', '.', '-', '_']).all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A text that is not an image reference, or not a tag.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{shown}\" {fault}")]
pub(crate) struct ImageError {
    shown: String,
    fault: Fault,
}

impl ImageError {
    fn new(text: &str, fault: Fault) -> Self {
        let mut shown: String = text.chars().take(SHOWN).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        Self { shown, fault }
    }
}

/// What is wrong with a reference; each text follows the reference itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("names no image")]
    Empty,
    #[error("has blanks around the image")]
    Blank,
    #[error("is a URL, not an image")]
    Url,
    #[error("holds a placeholder that was not filled in")]
    Placeholder,
    #[error("has capital letters in the image's repository")]
    Capitals,
    #[error("is a bare hexadecimal id, not an image")]
    Id,
    #[error("has a repository of {0} characters, of which 255 are allowed")]
    LongName(usize),
    #[error("does not start with a registry's host and port")]
    Host,
    #[error("is not spelt as image repositories are")]
    Path,
    #[error("has a tag that is not letters, digits, \"_\", \".\", and \"-\"")]
    Tag,
    #[error("has a tag of {0} characters, of which 128 are allowed")]
    LongTag(usize),
    #[error("has a digest that is not sha256: and 64 hexadecimal digits")]
    Digest,
}

impl From<ImageError> for Error {
    fn from(error: ImageError) -> Self {
        let hint = match error.fault {
            Fault::Placeholder => Some("Fill in the template before it is applied."),
            Fault::Url => Some("Leave out the scheme: host/repository:tag."),
            Fault::Capitals => Some("Write the image's repository in lower-case letters."),
            Fault::Empty
            | Fault::Blank
            | Fault::Id
            | Fault::LongName(_)
            | Fault::Host
            | Fault::Path
            | Fault::Tag
            | Fault::LongTag(_)
            | Fault::Digest => None,
        };
        let error = Self::new(Kind::Refused, error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
