//! The causes that are told apart, and how sure each one is to stay. Values only: the sentences are
//! in `report`.

/// Why a pod does not come up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The registry says that it does not have the image.
    ImageNotFound { image: String, message: String },
    /// The registry refuses to hand out the image.
    ImageDenied { image: String, message: String },
    /// The image is there, but not for the node's platform.
    ImagePlatform { image: String, message: String },
    /// Pulling fails for a reason that may pass: the registry, the network, a limit.
    RegistryTrouble { image: String, message: String },
    /// The kubelet cannot parse the reference.
    ImageName { image: String },
    /// The container ended when it should run; `crashes` counts its ends in this pod.
    Crash { exit: Exit, crashes: i32 },
    /// A Secret, a ConfigMap, or a key of them is missing.
    Config { message: String },
    /// The container runtime could not create the container.
    NotCreated { message: String },
    /// The container was created, but its process could not be started.
    NotStarted { message: String },
    /// The kubelet waits for a reason that this program has no words for.
    Stuck {
        reason: String,
        message: Option<String>,
    },
    /// No node takes the pod.
    Unschedulable { message: String },
    /// Quota or admission refuses the pods, so that none is made.
    PodsRefused { message: String },
    /// The container runs and its probe does not pass.
    NotReady {
        probe: Option<Probe>,
        message: Option<String>,
    },
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    /// Killed for using more memory than its limit.
    OutOfMemory {
        limit: Option<String>,
    },
}

/// What a readiness or startup probe asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    Http { path: String, port: String },
    Tcp { port: String },
    Grpc { port: String },
    Command { command: String },
}

/// How sure a cause is to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    /// It may pass by itself: only the deadline ends the wait.
    Transient,
    /// It counts up towards doom.
    Counting,
    /// Doomed once it is seen again later, or on a second pod.
    SecondSighting,
    /// It will not heal.
    Doomed,
}

/// One trouble of one pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) pod: String,
    pub(crate) pod_uid: String,
    /// `None` where the pod as a whole has the trouble.
    pub(crate) container: Option<String>,
    pub(crate) cause: Cause,
    pub(crate) grade: Grade,
}

/// The same trouble of all the pods that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blame {
    pub(crate) cause: Cause,
    pub(crate) container: Option<String>,
    /// How many pods show it; zero where there is no pod to show it.
    pub(crate) pods: usize,
    /// One of them.
    pub(crate) pod: Option<String>,
    /// Whether it is sure to stay.
    pub(crate) doomed: bool,
}

/// What makes two findings the same trouble: numbers and varying texts are left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    kind: &'static str,
    container: Option<String>,
    detail: String,
}

impl Cause {
    /// Returns the name of the kind of cause, for machines.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Cause::ImageNotFound { .. } => "image-not-found",
            Cause::ImageDenied { .. } => "image-denied",
            Cause::ImagePlatform { .. } => "image-platform",
            Cause::RegistryTrouble { .. } => "registry-trouble",
            Cause::ImageName { .. } => "image-name",
            Cause::Crash { .. } => "crash",
            Cause::Config { .. } => "config",
            Cause::NotCreated { .. } => "not-created",
            Cause::NotStarted { .. } => "not-started",
            Cause::Stuck { .. } => "stuck",
            Cause::Unschedulable { .. } => "unschedulable",
            Cause::PodsRefused { .. } => "pods-refused",
            Cause::NotReady { .. } => "not-ready",
        }
    }

    /// Returns whether it is what every pod shows while it starts.
    pub(crate) fn is_ordinary(&self) -> bool {
        matches!(self, Cause::NotReady { .. })
    }

    fn detail(&self) -> String {
        match self {
            Cause::ImageNotFound { image, .. }
            | Cause::ImageDenied { image, .. }
            | Cause::ImagePlatform { image, .. }
            | Cause::RegistryTrouble { image, .. }
            | Cause::ImageName { image } => image.clone(),
            Cause::Crash { exit, .. } => match exit {
                Exit::Code(code) => code.to_string(),
                Exit::OutOfMemory { .. } => "memory".to_owned(),
            },
            // It names what is missing, so another text is another cause.
            Cause::Config { message } => message.clone(),
            Cause::Stuck { reason, .. } => reason.clone(),
            Cause::NotCreated { .. }
            | Cause::NotStarted { .. }
            | Cause::Unschedulable { .. }
            | Cause::PodsRefused { .. }
            | Cause::NotReady { .. } => String::new(),
        }
    }
}

impl Finding {
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            kind: self.cause.kind(),
            container: self.container.clone(),
            detail: self.cause.detail(),
        }
    }
}

impl Blame {
    /// Leaves out what every pod shows while it starts, if there is anything else.
    pub(crate) fn telling(mut blames: Vec<Blame>) -> Vec<Blame> {
        if blames.iter().any(|blame| !blame.cause.is_ordinary()) {
            blames.retain(|blame| !blame.cause.is_ordinary());
        }
        blames
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity {
            kind: self.cause.kind(),
            container: self.container.clone(),
            detail: self.cause.detail(),
        }
    }
}
