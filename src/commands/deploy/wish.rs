//! What the command line wants to run, before anybody is asked what it means.

use crate::cli::DeployArgs;
use crate::error::{Error, Kind};
use crate::image::{Image, ImageError, Tag};
use crate::plan::select::Source;
use crate::resolve::GitRef;

#[derive(Clone, Debug)]
pub(crate) enum Wish {
    /// The image that was built from what a ref means; the ref as it was typed stands beside.
    Ref(GitRef, String),
    Tag(Tag),
    Image(Image),
}

impl Wish {
    pub(crate) fn parse(args: &DeployArgs) -> Result<Self, Error> {
        if let Some(image) = &args.image {
            return Ok(Self::Image(image.parse().map_err(typed)?));
        }
        if let Some(tag) = &args.tag {
            return Ok(Self::Tag(tag.parse().map_err(typed)?));
        }
        match &args.reference {
            Some(text) => Ok(Self::Ref(text.parse::<GitRef>()?, text.clone())),
            // The grammar asks for one of the three.
            None => Err(Error::new(Kind::Usage, "nothing was named to deploy")
                .hint("Name a branch, tag, or commit, or give --image or --tag.")),
        }
    }

    pub(crate) fn source(&self) -> Source<'_> {
        match self {
            Self::Ref(..) => Source::Commit,
            Self::Tag(_) => Source::Tag,
            Self::Image(image) => Source::Image(image),
        }
    }
}

/// An image or a tag that was typed wrong is wrong usage; nothing has refused it.
fn typed(error: ImageError) -> Error {
    Error {
        kind: Kind::Usage,
        ..error.into()
    }
}
