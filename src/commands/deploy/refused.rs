//! What is said when the API server does not take a change, and what is asked beforehand.

use super::super::Run;
use super::super::session::Session;
use crate::cluster::access::{Need, rbac};
use crate::cluster::refusal::Refusal;
use crate::error::{Error, Kind};

/// Returns the refusal of one Deployment's change as an error.
pub(crate) fn error(session: &Session, deployment: &str, refusal: &Refusal) -> Error {
    let namespace = &session.environment.namespace;
    match refusal {
        Refusal::Moved => Error::new(
            Kind::Refused,
            format!("Deployment `{deployment}` changed since the plan was made"),
        )
        .hint("Run the same command again to see the new plan."),
        Refusal::Invalid { message, causes } => {
            let causes: Vec<String> = causes
                .iter()
                .map(|cause| format!("\n  {}: {}", cause.field, cause.message))
                .collect();
            Error::new(
                Kind::Refused,
                format!(
                    "the API server refuses the change of Deployment `{deployment}`: {message}{}",
                    causes.concat()
                ),
            )
        }
        Refusal::Denied { message } => Error::new(
            Kind::Refused,
            format!("admission refuses the change of Deployment `{deployment}`: {message}"),
        )
        .hint("The message comes from a policy or a webhook of the cluster."),
        Refusal::Forbidden { message } => {
            Error::new(Kind::Denied, message.clone()).hint(rbac(namespace, Need::DEPLOY))
        }
        Refusal::NamespaceTerminating { message } => Error::new(
            Kind::Refused,
            format!("namespace `{namespace}` is being deleted: {message}"),
        ),
        Refusal::TooLarge { message } => Error::new(
            Kind::Refused,
            format!("Deployment `{deployment}` would be too large: {message}"),
        )
        .hint("Its annotations take most of the room; remove what nobody needs."),
        Refusal::Absent { message } => Error::new(Kind::NotFound, message.clone()),
        Refusal::NoDryRun { message } => Error::new(Kind::Refused, message.clone()),
    }
}

/// Asks, before the first write, for all permissions that are needed, and names all that are
/// missing at once.
pub(crate) async fn check_access(run: &Run, session: &Session) -> Result<(), Error> {
    let reader = session.cluster.reader();
    let missing = reader.missing(Need::DEPLOY, None).await?;
    let name = |needs: &[Need]| {
        needs
            .iter()
            .map(Need::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (essential, helpful): (Vec<Need>, Vec<Need>) =
        missing.into_iter().partition(|need| need.is_essential);
    let namespace = &session.environment.namespace;
    if !essential.is_empty() {
        return Err(Error::new(
            Kind::Denied,
            format!(
                "missing permissions in namespace `{namespace}`: {}",
                name(&essential)
            ),
        )
        .hint(rbac(namespace, Need::DEPLOY)));
    }
    if !helpful.is_empty() {
        run.ui.warn(&format!(
            "without these permissions less can be seen of a failure: {}",
            name(&helpful)
        ));
    }
    Ok(())
}
