//! The rollout of one change as this program sees it: what was written, what was observed since,
//! where it stands, and how the whole run ended.
//!
//! Types only, all values; nothing here talks to a cluster, prints, or reads a clock.

pub(crate) mod assess;
pub(crate) mod diagnose;
pub(crate) mod event;
pub(crate) mod follow;
pub(crate) mod history;
pub(crate) mod observed;
pub(crate) mod template;
pub(crate) mod verdict;
pub(crate) mod watch;

use std::time::Duration;

use serde_json::Value;

use observed::{Condition, DeploymentSeen, EventSeen, PodSeen, ReplicaSetSeen};

/// The name under which this program writes, as `managedFields` show it.
pub(crate) const FIELD_MANAGER: &str = "kube-deploy";

/// A point in time: the duration since the program started, on a clock that counts sleep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) Duration);

impl Moment {
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    pub(crate) fn plus(self, duration: Duration) -> Moment {
        Moment(self.0.saturating_add(duration))
    }
}

/// The receipt of a write, or of finding the wanted version already stored: what `assess` judges
/// later observations against (`kubernetes.md` 1.14: taken before the PATCH and from its answer).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Applied {
    pub(crate) deployment: String,
    pub(crate) uid: String,
    /// `metadata.generation` in the answer.
    pub(crate) generation: i64,
    pub(crate) resource_version: String,
    /// The pod template as stored: a webhook may have changed what was sent.
    pub(crate) template: Value,
    /// The template before the write, to tell "somebody put the old one back" from another change.
    pub(crate) template_before: Option<Value>,
    pub(crate) deploy_id: Option<String>,
    /// The Progressing condition from before the write; a failure that equals it is a leftover.
    pub(crate) progressing_before: Option<ProgressingStamp>,
    /// False when the target was unchanged and is only judged.
    pub(crate) written: bool,
    /// How long ago the rollout began when watching starts: zero for a write of this run.
    pub(crate) age: Duration,
}

/// What identifies a Progressing condition: the controller renews the time with every progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProgressingStamp {
    pub(crate) reason: String,
    pub(crate) last_update_time: String,
}

impl ProgressingStamp {
    pub(crate) fn of(condition: &Condition) -> Self {
        Self {
            reason: condition.reason.clone().unwrap_or_default(),
            last_update_time: condition.last_update_time.clone().unwrap_or_default(),
        }
    }
}

/// What is known of one Deployment at one moment: the newest state of it and of what it owns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Snapshot {
    /// `None` once it was seen to be gone.
    pub(crate) deployment: Option<DeploymentSeen>,
    /// Owned by the Deployment's uid.
    pub(crate) replica_sets: Vec<ReplicaSetSeen>,
    /// Owned by those ReplicaSets.
    pub(crate) pods: Vec<PodSeen>,
    /// Cluster events about any of them: text only, never a verdict.
    pub(crate) events: Vec<EventSeen>,
}

/// Pod counts of a rollout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// `spec.replicas`.
    pub(crate) wanted: i32,
    /// Pods of the new template.
    pub(crate) updated: i32,
    /// All pods that are not terminating.
    pub(crate) total: i32,
    /// Pods, old and new, that serve.
    pub(crate) available: i32,
    /// Of those, how many are of the new template; `None` where ReplicaSets cannot be read.
    pub(crate) new_available: Option<i32>,
}

/// One Deployment's standing in its rollout.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Status {
    /// The controller has not seen the change yet; `silent` after the patience for that is over.
    Pending {
        silent: bool,
    },
    Progressing {
        waiting: Waiting,
        counts: Counts,
    },
    /// Every wanted pod is new and available, and no old one is counted. With `counts.wanted` 0
    /// nothing was started.
    Complete {
        counts: Counts,
    },
    Failed {
        failure: Failure,
        counts: Counts,
    },
    /// `spec.paused`: the controller replaces no pods.
    Paused {
        counts: Counts,
    },
    /// The template is not ours any more.
    Superseded {
        by: Successor,
    },
    Gone(Departure),
    /// Our own `--timeout` is over; the rollout goes on.
    TimedOut {
        counts: Counts,
    },
}

/// What a progressing rollout waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// New pods are still to be made.
    Updated,
    /// Old pods are still counted.
    Old,
    /// More pods than wanted: a scale-down is under way.
    ScaleDown,
    /// New pods are not available yet.
    Available,
    /// Complete, but old pods terminate and `--wait-for-drain` was given.
    Terminating,
}

/// Why a rollout is called failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Failure {
    /// The ReplicaSet could not be created, so the change is never observed.
    ReplicaSetCreate { message: String },
    /// The controller says that the progress deadline is over.
    Deadline,
    /// Our own clock says so, where the controller cannot.
    OwnDeadline { without_progress: Duration },
    /// Pods cannot be created (quota, admission).
    PodCreate { message: String },
    /// A pod of the new version will not come up.
    Pod,
}

/// Who or what replaced our template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Successor {
    /// A later deploy of this tool.
    Deploy { id: String, user: Option<String> },
    /// The template from before our write is back.
    Reverted { manager: Option<String> },
    /// Some other change of the template.
    Other { manager: Option<String> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    Deleted,
    /// Deleted, and another one of that name made: not ours to follow.
    Recreated,
}

/// All graces of the watch in one value, so that tests of the real binary can shorten them
/// (config key `patience:`). The defaults are those of `kubernetes.md` 1.14 and 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// How long a change may stay unobserved before "the controller is not reacting" (30 s).
    pub(crate) observe: Duration,
    /// How long ReplicaSetCreateError must stand (15 s).
    pub(crate) replica_set_create: Duration,
    /// How long ReplicaFailure must stand (30 s).
    pub(crate) pod_create: Duration,
    /// How much later the same permanent cause must be seen again (10 s).
    pub(crate) second_sighting: Duration,
    /// How long a rollout may stay paused by somebody before watching ends (60 s).
    pub(crate) paused: Duration,
    /// How long to look on where the Deployment sets no progress deadline (600 s).
    pub(crate) progress: Duration,
    /// Added to minReadySeconds where that is longer than the deadline (30 s).
    pub(crate) min_ready_margin: Duration,
    /// How much longer than the deadline our own clock waits where the controller can still say it
    /// itself, so that one of the two reports it and always the same one (10 s).
    pub(crate) controller_margin: Duration,
    /// A container that ran this long Ready at a stretch is not in a crash loop (10 s).
    pub(crate) stable: Duration,
    /// A line at least this often where there is no terminal (30 s).
    pub(crate) heartbeat: Duration,
    /// A GET beside the watch this often (15 s).
    pub(crate) safety_read: Duration,
    /// A watch that delivers nothing for this long is opened anew (30 s).
    pub(crate) idle_watch: Duration,
    /// How long the last log lines and the cluster events of a failed rollout are waited for (3 s).
    pub(crate) evidence: Duration,
    /// A kind that cannot be observed for less than this is not worth a word (5 s).
    pub(crate) hiccup: Duration,
    /// How long to look for the cluster when it cannot be reached any more (120 s).
    pub(crate) lost_contact: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            observe: seconds(30),
            replica_set_create: seconds(15),
            pod_create: seconds(30),
            second_sighting: seconds(10),
            paused: seconds(60),
            progress: seconds(600),
            min_ready_margin: seconds(30),
            controller_margin: seconds(10),
            stable: seconds(10),
            heartbeat: seconds(30),
            safety_read: seconds(15),
            idle_watch: seconds(30),
            evidence: seconds(3),
            hiccup: seconds(5),
            lost_contact: seconds(120),
        }
    }
}

/// The kinds that are watched, one watch each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Watched {
    Deployments,
    ReplicaSets,
    Pods,
    Events,
}

/// One observed object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Deployment(Box<DeploymentSeen>),
    ReplicaSet(Box<ReplicaSetSeen>),
    Pod(Box<PodSeen>),
    Event(Box<EventSeen>),
}

/// All that can reach the watch from outside, in the one order in which `follow` reads it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    /// A complete list of one kind: what it does not hold is gone.
    Listed {
        kind: Watched,
        objects: Vec<Seen>,
    },
    /// An object was added or changed, or read again by the safety read.
    Changed(Seen),
    /// The watch said that the object was deleted (or that it left the selector).
    Removed(Seen),
    /// A read of a single Deployment found nothing.
    Missing {
        deployment: String,
    },
    /// The kind cannot be observed now; retried by the edge. `why` is for people.
    Lost {
        kind: Watched,
        why: String,
    },
    /// The kind is observed again.
    Restored {
        kind: Watched,
    },
    /// The kind may not be read at all: go on without it.
    Forbidden {
        kind: Watched,
        why: String,
    },
    /// The credentials were refused for good: nothing more can be seen.
    Expelled {
        why: String,
    },
    /// The answer to [`Want::Log`].
    Log {
        pod: String,
        container: String,
        previous: bool,
        lines: Result<Vec<String>, String>,
    },
    /// The answer to [`Want::Events`]: evidence, collected once a rollout is called failed.
    Evidence {
        deployment: String,
        events: Vec<EventSeen>,
    },
    Signal(Signal),
    /// The time that was asked for by `wake` has come.
    Tick,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Interrupt,
    Terminate,
    HangUp,
}

impl Signal {
    /// Returns the signal's number, as in the exit code 128+n.
    pub(crate) fn number(self) -> u8 {
        match self {
            Signal::HangUp => 1,
            Signal::Interrupt => 2,
            Signal::Terminate => 15,
        }
    }
}

/// What `follow` asks the edge to fetch; each is answered by an [`Input`], also when it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Log {
        pod: String,
        container: String,
        previous: bool,
        tail_lines: u32,
    },
    /// Cluster events about these uids.
    Events {
        deployment: String,
        uids: Vec<String>,
    },
}
