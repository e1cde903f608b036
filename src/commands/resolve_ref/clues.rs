//! Looks for what may explain that a ref was not found.

use super::ResolveRequest;
use super::checkout::{Here, read};
use crate::resolve::github::Github;
use crate::resolve::{Clues, GitRef, RefName, Way, nearest};

/// Returns what may explain that nothing was found; what cannot be asked is left out.
pub(super) async fn clues(
    request: &ResolveRequest<'_>,
    here: &Here,
    way: &Way,
    api: Option<&Github>,
) -> Clues {
    let (name, may_be_branch) = match request.reference {
        GitRef::Branch(name) | GitRef::Name(name) => (name, true),
        GitRef::Tag(name) => (name, false),
        GitRef::Head | GitRef::Pull(_) | GitRef::Commit(_) => return Clues::default(),
    };
    let sources = request.sources;
    let mut clues = match (way, api) {
        (Way::GitHub { .. }, Some(api)) => api.clues(request.place.repository, name).await,
        (Way::GitHub { .. }, None) => Clues::default(),
        (Way::LsRemote(url), _) => {
            let tips = sources.ls_remote().await.tips(url).await;
            named_clues(
                name,
                tips.map(|tips| tips.into_iter().map(|(name, _)| name).collect()),
            )
        }
        (Way::Path(path), _) => {
            let names = read(sources, path.clone(), |git| git.names()).await;
            named_clues(name, names)
        }
    };
    if let Some(checkout) = &here.checkout {
        clues.is_only_local = may_be_branch && checkout.has_branch(sources, name).await;
    }
    let is_short_sha =
        matches!(request.reference, GitRef::Name(name) if name.as_short_sha().is_some());
    clues.is_short_sha_unasked =
        is_short_sha && here.checkout.is_none() && matches!(way, Way::LsRemote(_));
    clues
}

fn named_clues<E>(name: &RefName, names: Result<Vec<String>, E>) -> Clues {
    match names {
        Ok(names) => Clues {
            near: nearest(name.as_str(), &names),
            is_empty: names.is_empty(),
            ..Clues::default()
        },
        Err(_) => Clues::default(),
    }
}
