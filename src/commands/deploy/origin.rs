//! Where the commit comes from: the repository, what the ref means there, the image tag that goes
//! with it, and the commits in between.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::super::Run;
use super::super::resolve_ref::{self, Place, ResolveRequest, Sources};
use super::super::session::Session;
use super::wish::Wish;
use crate::environment::policy::gates::{GateError, RefFacts};
use crate::environment::tag_template;
use crate::error::{Error, Kind};
use crate::image::{Tag, TagParts, TagTemplate};
use crate::plan::{Plan, Wanted};
use crate::resolve::github::GithubHost;
use crate::resolve::{
    Commit, Direction, GITHUB, GitRef, Location, Outgoing, Repository, Resolved, WhyUnknown,
};

/// How long the commits that go out may be looked for.
const OUTGOING_WITHIN: Duration = Duration::from_secs(10);

/// The repository of a run and the ways to ask about it.
pub(crate) struct Origin {
    pub(crate) repository: Option<Repository>,
    /// Where the user's configuration says that it is.
    mapped: Option<Location>,
    folder: Option<std::path::PathBuf>,
    sources: Sources,
    template: TagTemplate,
}

/// What a wish turned out to mean.
pub(crate) struct Meaning {
    pub(crate) wanted: Wanted,
    /// For a ref: what it is and how that was found.
    pub(crate) resolved: Option<Resolved>,
    /// What the environment has against it.
    pub(crate) refusal: Option<GateError>,
}

impl Origin {
    pub(crate) fn new(
        run: &Run,
        session: &Session,
        repository: Option<Repository>,
    ) -> Result<Self, Error> {
        let mapped = repository
            .as_ref()
            .and_then(|repository| session.config.repositories.get(repository.slug().as_str()))
            .map(|location| location.as_str().parse())
            .transpose()?;
        let checkout = session.checkout.config.as_ref();
        let policy = &session.environment.policy;
        Ok(Self {
            repository,
            mapped,
            folder: run.process.directory.clone(),
            sources: Sources::new(
                &run.process.variables,
                github_hosts(session)?,
                TimeZone::system(),
            ),
            template: match tag_template(&session.config, checkout, policy) {
                Some(text) => text.parse()?,
                None => TagTemplate::default(),
            },
        })
    }

    /// Finds out what is to run.
    pub(crate) async fn meaning(
        &self,
        run: &Run,
        session: &Session,
        wish: &Wish,
    ) -> Result<Meaning, Error> {
        let (reference, typed) = match wish {
            Wish::Ref(reference, typed) => (reference, typed),
            Wish::Tag(tag) => return Ok(Meaning::of(Wanted::Tag(tag.clone()))),
            Wish::Image(image) => return Ok(Meaning::of(Wanted::Image(image.clone()))),
        };
        let place = self.place().ok_or_else(|| {
            Error::new(
                Kind::NotFound,
                "nothing says which repository the ref is of",
            )
            .hint("Name it with --repo owner/name, or annotate the Deployments.")
        })?;
        let ui = run.ui.clone();
        let resolved = resolve_ref::resolve_ref(ResolveRequest {
            reference,
            place,
            sources: &self.sources,
            waiting: &move |failure, wait| {
                ui.say(format!("{}; waiting {} s", failure.text, wait.as_secs()));
            },
        })
        .await?;
        let wanted = Wanted::Commit {
            reference: typed.clone(),
            tag: self.tag(place, &resolved).await?,
            commit: resolved.commit.clone(),
        };
        let refusal = self.refusal(session, place, typed, &resolved).await;
        Ok(Meaning {
            wanted,
            resolved: Some(resolved),
            refusal,
        })
    }

    /// Returns the commits between what the changes run and what they will run.
    pub(crate) async fn outgoing(&self, plan: &Plan) -> Outgoing {
        let unknown = || Outgoing::unknown(WhyUnknown::NotAtHand);
        let (Some(to), Some(place)) = (plan.wanted.commit(), self.place()) else {
            return unknown();
        };
        let running: BTreeSet<Commit> = plan
            .deployments
            .iter()
            .flat_map(|deployment| &deployment.changes)
            .filter_map(|change| {
                let sha = self.template.sha_in(change.before.tag()?)?;
                sha.parse().ok()
            })
            .collect();
        if running.is_empty() {
            return match plan.deployments.is_empty() {
                true => Outgoing::same(),
                false => unknown(),
            };
        }
        let looks = running
            .iter()
            .map(|from| resolve_ref::outgoing(place, &self.sources, from, to));
        let looked = futures::future::join_all(looks);
        match tokio::time::timeout(OUTGOING_WITHIN, looked).await {
            // Targets may run different commits: what takes the most back is what is told.
            Ok(all) => all
                .into_iter()
                .max_by_key(|outgoing| outgoing.direction.gravity())
                .unwrap_or_else(unknown),
            Err(_elapsed) => unknown(),
        }
    }

    fn place(&self) -> Option<Place<'_>> {
        Some(Place {
            repository: self.repository.as_ref()?,
            mapped: self.mapped.as_ref(),
            folder: self.folder.as_deref(),
        })
    }

    /// Fills the tag template. Two names may fall on one tag only where a name is in it.
    async fn tag(&self, place: Place<'_>, resolved: &Resolved) -> Result<Tag, Error> {
        let (branch, tag) = (resolved.branch(), resolved.tag());
        let may_collide = branch
            .into_iter()
            .chain(tag)
            .any(|name| self.template.may_collide(name));
        let names = match may_collide {
            true => resolve_ref::branch_names(place, &self.sources).await?,
            false => Vec::new(),
        };
        Ok(self.template.render(&TagParts {
            sha: resolved.commit.as_str(),
            branch,
            tag,
            names: &names,
        })?)
    }

    /// Returns what the environment has against the repository or the ref.
    async fn refusal(
        &self,
        session: &Session,
        place: Place<'_>,
        typed: &str,
        resolved: &Resolved,
    ) -> Option<GateError> {
        let policy = &session.environment.policy;
        let containing = self.containing(session, place, resolved).await;
        let checked = policy
            .check_repository(&place.repository.slug())
            .and_then(|()| {
                policy.check_branch(&RefFacts {
                    given: typed,
                    branch: resolved.branch(),
                    contained_in: containing.as_deref(),
                })
            });
        checked.err()
    }

    /// Returns which of the branches that the environment allows contain the commit; `None` where
    /// none is named or none can be asked about.
    async fn containing(
        &self,
        session: &Session,
        place: Place<'_>,
        resolved: &Resolved,
    ) -> Option<Vec<String>> {
        let mut containing = Vec::new();
        for name in session.environment.policy.branches_to_compare() {
            let reference = format!("heads/{name}").parse::<GitRef>().ok()?;
            let tip = resolve_ref::resolve_ref(ResolveRequest {
                reference: &reference,
                place,
                sources: &self.sources,
                waiting: &|_, _| {},
            })
            .await;
            let Ok(tip) = tip else { continue };
            let between =
                resolve_ref::outgoing(place, &self.sources, &resolved.commit, &tip.commit).await;
            if matches!(between.direction, Direction::Same | Direction::Forward) {
                containing.push(name.to_owned());
            }
        }
        (!containing.is_empty()).then_some(containing)
    }
}

impl Meaning {
    fn of(wanted: Wanted) -> Self {
        Self {
            wanted,
            resolved: None,
            refusal: None,
        }
    }
}

/// GitHub itself, and the Enterprise hosts of the user's configuration.
fn github_hosts(session: &Session) -> Result<Vec<GithubHost>, Error> {
    let mut hosts = vec![GithubHost::new(GITHUB)?];
    for (host, api) in &session.config.github {
        hosts.retain(|known| known.host() != host.as_str());
        hosts.push(GithubHost::with_api(host.as_str(), api.as_str())?);
    }
    Ok(hosts)
}
