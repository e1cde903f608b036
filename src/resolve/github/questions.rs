//! What a ref means on GitHub, and what may explain that it means nothing.

use serde::Deserialize;

use super::reply::Reply;
use super::{Github, GithubError, JSON, base};
use crate::resolve::percent::{decoded, encoded};
use crate::resolve::{
    Answer, Clues, Commit, CommitSummary, GitRef, Merged, RefName, Repository, nearest,
};

/// Makes the commits endpoint answer with the SHA alone.
const SHA: &str = "application/vnd.github.sha";

impl Github {
    /// Returns what GitHub knows about `reference`.
    ///
    /// Branches and tags are asked for by their exact names, at the same time; the commits
    /// endpoint, which takes anything, only where the name could be a SHA, or to tell a ref that
    /// is not there from a repository that is not to be seen.
    pub(crate) async fn answer(
        &self,
        repository: &Repository,
        reference: &GitRef,
    ) -> Result<Answer, GithubError> {
        self.within(async {
            match reference {
                GitRef::Branch(name) => self.named(repository, name, Asked::Branch).await,
                GitRef::Tag(name) => self.named(repository, name, Asked::Tag).await,
                GitRef::Name(name) => self.named(repository, name, Asked::Any).await,
                GitRef::Pull(number) => self.pull(repository, *number).await,
                GitRef::Commit(commit) => {
                    let found = self.commit(repository, commit.as_str()).await?;
                    Ok(Answer {
                        commits: found.into_iter().map(bare).collect(),
                        ..Answer::default()
                    })
                }
                GitRef::Head => Ok(Answer::default()),
            }
        })
        .await
    }

    /// Returns what may explain that `name` was not found; whatever fails is left out.
    pub(crate) async fn clues(&self, repository: &Repository, name: &RefName) -> Clues {
        let (renamed_to, merged, branches, tags) = futures::join!(
            self.renamed(repository, name),
            self.merged(repository, name),
            self.names(repository, "branches"),
            self.names(repository, "tags"),
        );
        let names = [branches.unwrap_or_default(), tags.unwrap_or_default()].concat();
        Clues {
            near: nearest(name.as_str(), &names),
            renamed_to: renamed_to.ok().flatten(),
            merged: merged.ok().flatten(),
            ..Clues::default()
        }
    }

    /// Returns the names of branches, of the first page.
    pub(crate) async fn branch_names(
        &self,
        repository: &Repository,
    ) -> Result<Vec<String>, GithubError> {
        self.within(self.names(repository, "branches")).await
    }

    async fn named(
        &self,
        repository: &Repository,
        name: &RefName,
        asked: Asked,
    ) -> Result<Answer, GithubError> {
        let short_sha = name.as_short_sha().filter(|_| asked == Asked::Any);
        let branch = async {
            match asked {
                Asked::Branch | Asked::Any => self.exact(repository, "heads", name).await,
                Asked::Tag => Ok(None),
            }
        };
        let tag = async {
            match asked {
                Asked::Tag | Asked::Any => self.exact(repository, "tags", name).await,
                Asked::Branch => Ok(None),
            }
        };
        let short = async {
            match &short_sha {
                Some(digits) => self.commit(repository, digits).await,
                None => Ok(None),
            }
        };
        let (branch, tag, short) = futures::try_join!(branch, tag, short)?;
        if branch.is_none() && tag.is_none() && short_sha.is_none() {
            // Fails if the repository itself is hidden.
            self.commit(repository, name.as_str()).await?;
        }
        // The endpoint takes refs before digits, so only a SHA that starts with them is meant.
        let short = short.filter(|commit| {
            short_sha
                .as_deref()
                .is_some_and(|digits| commit.as_str().starts_with(digits))
        });
        Ok(Answer {
            branch,
            tag,
            commits: short.into_iter().map(bare).collect(),
            ..Answer::default()
        })
    }

    /// Returns the commit of the branch or tag of exactly this name; tag objects are peeled.
    async fn exact(
        &self,
        repository: &Repository,
        kind: &str,
        name: &RefName,
    ) -> Result<Option<Commit>, GithubError> {
        #[derive(Deserialize)]
        struct Ref {
            r#ref: String,
            object: Object,
        }
        #[derive(Deserialize)]
        struct TagObject {
            object: Object,
        }
        #[derive(Deserialize)]
        struct Object {
            r#type: String,
            sha: String,
        }
        let path = format!(
            "{}/git/ref/{kind}/{}",
            base(repository),
            encoded(name.as_str())
        );
        let Some(found) = self.json::<Ref>(&path).await? else {
            return Ok(None);
        };
        if found.r#ref != format!("refs/{kind}/{name}") {
            return Ok(None);
        }
        let mut object = found.object;
        // A tag may point to a tag; nobody stacks more than a few.
        for _ in 0..5 {
            match object.r#type.as_str() {
                "commit" => return Ok(object.sha.parse().ok()),
                "tag" => {
                    let path = format!("{}/git/tags/{}", base(repository), encoded(&object.sha));
                    match self.json::<TagObject>(&path).await? {
                        Some(tag) => object = tag.object,
                        None => return Ok(None),
                    }
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Returns the commit that GitHub takes `text` for.
    async fn commit(
        &self,
        repository: &Repository,
        text: &str,
    ) -> Result<Option<Commit>, GithubError> {
        let path = format!("{}/commits/{}", base(repository), encoded(text));
        match self.get(&path, SHA).await? {
            Reply::Found(body) => std::str::from_utf8(&body)
                .ok()
                .and_then(|sha| sha.trim().parse().ok())
                .map(Some)
                .ok_or_else(|| self.not_github()),
            Reply::NoCommit => Ok(None),
            Reply::Hidden { scopes } => Err(GithubError::Hidden {
                repository: repository.clone(),
                source_of_token: self.asker.source,
                kind: self.token_kind,
                scopes,
            }),
            Reply::Elsewhere(_) => Err(self.other_host()),
        }
    }

    async fn pull(&self, repository: &Repository, number: u64) -> Result<Answer, GithubError> {
        #[derive(Deserialize)]
        struct Pull {
            head: Head,
        }
        #[derive(Deserialize)]
        struct Head {
            sha: String,
            repo: Option<Fork>,
        }
        #[derive(Deserialize)]
        struct Fork {
            full_name: String,
        }
        let path = format!("{}/pulls/{number}", base(repository));
        let Some(pull) = self.json::<Pull>(&path).await? else {
            // Fails if the repository itself is hidden.
            self.commit(repository, "HEAD").await?;
            return Ok(Answer::default());
        };
        let fork = pull
            .head
            .repo
            .map(|fork| fork.full_name)
            .filter(|name| !name.eq_ignore_ascii_case(&repository.slug()));
        Ok(Answer {
            pull: pull.head.sha.parse().ok(),
            fork,
            ..Answer::default()
        })
    }

    async fn renamed(
        &self,
        repository: &Repository,
        name: &RefName,
    ) -> Result<Option<String>, GithubError> {
        let path = format!("{}/branches/{}", base(repository), encoded(name.as_str()));
        let found = self.within(self.once(&path, JSON)).await?;
        let Reply::Elsewhere(address) = found else {
            return Ok(None);
        };
        let new = address
            .path()
            .split_once("/branches/")
            .map(|(_, encoded)| decoded(encoded))
            .filter(|new| new != name.as_str());
        Ok(new.filter(|new| RefName::parse(new).is_ok()))
    }

    async fn merged(
        &self,
        repository: &Repository,
        name: &RefName,
    ) -> Result<Option<Merged>, GithubError> {
        #[derive(Deserialize)]
        struct Pull {
            number: u64,
            merged_at: Option<String>,
            merge_commit_sha: Option<String>,
        }
        let path = format!(
            "{}/pulls?state=closed&sort=updated&direction=desc&per_page=5&head={}:{}",
            base(repository),
            encoded(repository.owner()),
            encoded(name.as_str()),
        );
        let pulls: Vec<Pull> = self.within(self.json(&path)).await?.unwrap_or_default();
        Ok(pulls
            .into_iter()
            .filter(|pull| pull.merged_at.is_some())
            .find_map(|pull| {
                Some(Merged {
                    pull: pull.number,
                    commit: pull.merge_commit_sha?.parse().ok()?,
                })
            }))
    }

    async fn names(&self, repository: &Repository, kind: &str) -> Result<Vec<String>, GithubError> {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        let path = format!("{}/{kind}?per_page=100", base(repository));
        let named: Vec<Named> = self.within(self.json(&path)).await?.unwrap_or_default();
        Ok(named.into_iter().map(|named| named.name).collect())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Branch,
    Tag,
    Any,
}

fn bare(commit: Commit) -> CommitSummary {
    CommitSummary {
        commit,
        subject: String::new(),
        author: String::new(),
    }
}
