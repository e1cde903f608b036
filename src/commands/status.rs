//! `kube <env> status`: what runs, since when, by whom, and how it stands; with `--watch` until its
//! rollouts have ended.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Run;
use super::session::{Purpose, Session};
use super::watching::{self, Watched};
use crate::cli::{OutputFormat, StatusArgs};
use crate::cluster::reader::Access;
use crate::environment::choose::Intent;
use crate::error::{Error, Kind};
use crate::exit_code::ExitCode;
use crate::plan::select::{Request, Selection, Source, Targeted, select};
use crate::report::{json as report, lines, words};
use crate::rollout::diagnose::Blame;
use crate::rollout::follow::{Follow, Options};
use crate::rollout::history::{Belief, Past, Record, elapsed, missing_writes};
use crate::rollout::observed::{PodSeen, ReplicaSetSeen};
use crate::rollout::verdict::Missing;
use crate::rollout::watch::Signals;
use crate::rollout::{Applied, Input, Seen, Status, Watched as WatchedKind};
use crate::ui::{Line, Style};

/// One Deployment as it is now.
struct Row {
    targeted: Targeted,
    past: Past,
    applied: Applied,
    status: Status,
    causes: Vec<Blame>,
}

/// Runs the command; with JSON output there is a document also when it fails.
pub(crate) async fn run(run: &Run, name: &str, args: &StatusArgs) -> Result<ExitCode, Error> {
    let result = status(run, name, args).await;
    if let Err(error) = &result
        && run.global.output != OutputFormat::Text
    {
        run.ui.json(&json!({
            "schema": report::SCHEMA,
            "command": "status",
            "error": report::error(error),
            "exit_code": ExitCode::from(error).number(),
        }));
    }
    result
}

async fn status(run: &Run, name: &str, args: &StatusArgs) -> Result<ExitCode, Error> {
    let mut signals = Signals::listen().map_err(|error| Error::new(Kind::Internal, error))?;
    let purpose = Purpose {
        intent: Intent::Read,
        targets: &args.target,
    };
    let looked = async {
        let session = Session::open(run, name, purpose).await?;
        let selection = select(&Request {
            listed: &session.deployments,
            prefix: &session.environment.prefix,
            source: Source::Tag,
            targets: &args.target,
            container: None,
            repository: None,
            checkout: None,
        })?;
        let now = session.now(run);
        let rows = rows(run, &session, selection, now).await?;
        Ok::<_, Error>((session, rows, now))
    };
    let (session, rows, now) = tokio::select! {
        biased;
        signal = signals.next() => {
            let error = "interrupted while looking";
            return Err(Error::new(Kind::Interrupted(signal.number()), error));
        }
        looked = looked => looked?,
    };
    let missing = match args.target.as_slice() {
        [] => {
            let records: Vec<&Record> = rows.iter().filter_map(|row| row.past.current()).collect();
            Missing {
                count: missing_writes(&records),
                deployments: Vec::new(),
            }
        }
        // Some were not looked at.
        _ => Missing::default(),
    };
    if run.global.output == OutputFormat::Text {
        for row in &rows {
            tell(run, row, now);
        }
        if missing.count > 0 {
            run.ui.warn(&format!(
                "the newest deploy was not made on {}",
                words::plural(missing.count, "more Deployment")
            ));
        }
    }
    let is_to_be_followed = rows
        .iter()
        .any(|row| !matches!(row.status, Status::Complete { .. }));
    if args.watch && is_to_be_followed {
        return follow(run, &session, rows, missing, args, &mut signals, now).await;
    }
    let statuses: Vec<&Status> = rows.iter().map(|row| &row.status).collect();
    let code = exit_code(&statuses, &missing);
    if run.global.output != OutputFormat::Text {
        run.ui.json(&document(&session, &rows, now, code));
    }
    Ok(code)
}

/// Reads ReplicaSets and pods, and lets the watch's own eyes judge them once.
async fn rows(
    run: &Run,
    session: &Session,
    selection: Selection,
    now: Timestamp,
) -> Result<Vec<Row>, Error> {
    let raw: Vec<&Value> = selection
        .targets
        .iter()
        .map(|targeted| targeted.deployment.raw.as_ref())
        .collect();
    let reader = session.cluster.reader();
    let (replica_sets, pods) = tokio::join!(reader.replica_sets(&raw), reader.pods(&raw));
    let replica_sets: Vec<ReplicaSetSeen> = match replica_sets {
        Ok(objects) => parsed(objects),
        Err(fault) if fault.is_forbidden() => Vec::new(),
        Err(fault) => return Err(fault.into()),
    };
    let pods: Option<Vec<PodSeen>> = match pods? {
        Access::Granted(objects) => Some(parsed(objects)),
        Access::Forbidden { why } => {
            run.ui.warn(&format!(
                "pods may not be read, so causes are not known: {why}"
            ));
            None
        }
    };
    let pasts: Vec<Past> = selection
        .targets
        .iter()
        .map(|targeted| {
            let prefix = &session.environment.prefix;
            Past::read(&targeted.deployment.seen, &replica_sets, prefix)
        })
        .collect();
    let applied: Vec<Applied> = selection
        .targets
        .iter()
        .zip(&pasts)
        .map(|(targeted, past)| past.baseline(&targeted.deployment.seen, now))
        .collect();
    let mut follow = Follow::new(
        applied.clone(),
        Options {
            patience: session.config.patience.clone(),
            annotation_prefix: session.environment.prefix.to_string(),
            server_time: Some(now),
            ..Options::default()
        },
        run.process.clock.now(),
    );
    let deployments = selection
        .targets
        .iter()
        .map(|targeted| Seen::Deployment(Box::new(targeted.deployment.seen.clone())))
        .collect();
    let replica_sets = replica_sets
        .into_iter()
        .map(|object| Seen::ReplicaSet(Box::new(object)))
        .collect();
    let mut lists = vec![
        (WatchedKind::ReplicaSets, replica_sets),
        (WatchedKind::Deployments, deployments),
    ];
    if let Some(pods) = pods {
        let pods = pods.into_iter().map(|pod| Seen::Pod(Box::new(pod)));
        lists.insert(0, (WatchedKind::Pods, pods.collect()));
    }
    for (kind, objects) in lists {
        follow.step(Input::Listed { kind, objects }, run.process.clock.now());
    }
    let rows = selection
        .targets
        .into_iter()
        .zip(pasts)
        .zip(applied)
        .zip(follow.standing())
        .map(|(((targeted, past), applied), standing)| Row {
            targeted,
            past,
            applied,
            status: standing.status,
            causes: standing.causes,
        })
        .collect();
    Ok(rows)
}

fn parsed<T: for<'de> Deserialize<'de>>(objects: Vec<Value>) -> Vec<T> {
    objects
        .into_iter()
        .filter_map(|object| T::deserialize(object).ok())
        .collect()
}

fn tell(run: &Run, row: &Row, now: Timestamp) {
    let name = row.targeted.deployment.name();
    let style = match row.status {
        Status::Complete { .. } => Style::Good,
        Status::Failed { .. } | Status::Gone(_) => Style::Bad,
        Status::Pending { .. }
        | Status::Progressing { .. }
        | Status::Paused { .. }
        | Status::Superseded { .. }
        | Status::TimedOut { .. } => Style::Warning,
    };
    run.ui.data(
        Line::new()
            .with(Style::Strong, name)
            .plain("  ")
            .with(style, words::event::standing(&row.status)),
    );
    for container in &row.targeted.containers {
        run.ui
            .data(format!("  {}  {}", container.name, container.image));
    }
    run.ui.data(format!("  {}", history(row, now)));
    for blame in &row.causes {
        run.ui.data(format!("  {}", words::cause::cause(blame)));
    }
}

/// Says which release runs, or that something else does.
fn history(row: &Row, now: Timestamp) -> String {
    let Some(record) = &row.past.record else {
        return "no deploy is on record".to_owned();
    };
    let ago = record
        .at
        .map(|at| format!(" {} ago", words::duration(elapsed(at, now))))
        .unwrap_or_default();
    let what = match (&record.reference, &record.sha) {
        (Some(reference), Some(sha)) if !sha.starts_with(reference.as_str()) => {
            format!("{reference} ({})", short(sha))
        }
        (_, Some(sha)) => short(sha).to_owned(),
        (Some(reference), None) => reference.clone(),
        (None, None) => "an image".to_owned(),
    };
    let who = record.user.as_deref().unwrap_or("somebody");
    let number = row
        .past
        .log
        .entry(&record.id)
        .map(|entry| format!("release {}: ", entry.number))
        .unwrap_or_default();
    match row.past.belief {
        Belief::Contradicted => {
            format!("changed since by something else; before that {number}{what} by {who}{ago}")
        }
        Belief::Believed | Belief::Unconfirmed => format!("{number}{what} by {who}{ago}"),
    }
}

fn short(sha: &str) -> &str {
    sha.get(..7).unwrap_or(sha)
}

/// The code that a deploy watching it would end with.
fn exit_code(statuses: &[&Status], missing: &Missing) -> ExitCode {
    let any = |holds: fn(&Status) -> bool| statuses.iter().any(|status| holds(status));
    if missing.count > 0 {
        ExitCode::Partial
    } else if any(|status| matches!(status, Status::Failed { .. })) {
        ExitCode::Failed
    } else if any(is_open) {
        ExitCode::Unknown
    } else if any(|status| matches!(status, Status::Gone(_) | Status::Superseded { .. })) {
        ExitCode::Overtaken
    } else {
        ExitCode::Done
    }
}

/// Whether nobody can say yet how it ends.
fn is_open(status: &Status) -> bool {
    match status {
        Status::Pending { .. }
        | Status::Progressing { .. }
        | Status::Paused { .. }
        | Status::TimedOut { .. } => true,
        Status::Complete { .. }
        | Status::Failed { .. }
        | Status::Superseded { .. }
        | Status::Gone(_) => false,
    }
}

async fn follow(
    run: &Run,
    session: &Session,
    rows: Vec<Row>,
    missing: Missing,
    args: &StatusArgs,
    signals: &mut Signals,
    now: Timestamp,
) -> Result<ExitCode, Error> {
    let objects = rows
        .iter()
        .map(|row| row.targeted.deployment.raw.as_ref().clone())
        .collect();
    let mut document = document(session, &rows, now, ExitCode::Unknown);
    let verdict = watching::watch(
        run,
        session,
        Watched {
            // As its first watcher saw it: what came after our write is somebody's later change.
            applied: rows
                .into_iter()
                .map(|row| {
                    let seen = &row.targeted.deployment.seen;
                    row.past.recorded_baseline(seen, now).unwrap_or(row.applied)
                })
                .collect(),
            objects,
            missing,
            timeout: args.timeout,
            wait_for_drain: false,
        },
        signals,
    )
    .await;
    let commands = watching::commands(run, session);
    let is_simulated = session.environment.is_simulated();
    lines::verdict(&run.ui, &verdict, &commands, is_simulated);
    let code = ExitCode::from(&verdict);
    if run.global.output != OutputFormat::Text {
        document["verdict"] = report::verdict(&verdict);
        document["exit_code"] = code.number().into();
        run.ui.json(&document);
    }
    Ok(code)
}

fn document(session: &Session, rows: &[Row], now: Timestamp, code: ExitCode) -> Value {
    let deployments: Vec<Value> = rows
        .iter()
        .map(|row| {
            let record = row.past.record.as_ref();
            json!({
                "deployment": row.targeted.deployment.name(),
                "status": report::status(&row.status),
                "containers": row.targeted.containers.iter().map(|container| json!({
                    "container": container.name, "image": container.image.to_string(),
                })).collect::<Vec<_>>(),
                "release": record.and_then(|record| row.past.log.entry(&record.id)).map(|entry| entry.number),
                "deploy_id": record.map(|record| record.id.to_string()),
                "ref": record.and_then(|record| record.reference.clone()),
                "commit": record.and_then(|record| record.sha.clone()),
                "user": record.and_then(|record| record.user.clone()),
                "deployed_at": record.and_then(|record| record.at).map(|at| at.to_string()),
                "drifted": row.past.record.is_some() && row.past.belief == Belief::Contradicted,
                "causes": row.causes.iter().map(report::cause).collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut document = json!({
        "schema": report::SCHEMA,
        "command": "status",
        "at": now.to_string(),
        "deployments": deployments,
        "verdict": null,
        "exit_code": code.number(),
    });
    for (key, value) in session.place() {
        document[key] = value;
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::{Counts, Failure};

    #[test]
    fn the_code_is_the_first_that_applies() {
        let counts = Counts::default();
        let complete = Status::Complete { counts };
        let paused = Status::Paused { counts };
        let pending = Status::Pending { silent: false };
        let failed = Status::Failed {
            failure: Failure::Deadline,
            counts,
        };
        let gone = Status::Gone(crate::rollout::Departure::Deleted);
        for (statuses, missing, code) in [
            (vec![], 0, 0),
            (vec![&complete, &complete], 0, 0),
            (vec![&complete, &gone], 0, 25),
            (vec![&gone, &pending], 0, 21),
            (vec![&complete, &paused], 0, 21),
            (vec![&pending, &failed], 0, 20),
            (vec![&failed], 1, 23),
        ] {
            let missing = Missing {
                count: missing,
                deployments: Vec::new(),
            };
            assert_eq!(
                exit_code(&statuses, &missing).number(),
                code,
                "{statuses:?}"
            );
        }
    }
}
