//! What every command with an environment begins with: from its name to the cluster, the
//! namespace, the prefix, the policy, and the Deployments.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::try_join_all;
use jiff::Timestamp;
use serde_json::Value;

use super::environment_files;
use super::notices::hooks;
use super::{Run, sandbox};
use crate::cluster::connect::ConnectOptions;
use crate::cluster::kubeconfig::of_pod;
use crate::cluster::reader::{Access, NamespaceAnswer};
use crate::cluster::{Cluster, Limits};
use crate::environment::checkout::CheckoutConfig;
use crate::environment::choose::{
    Choice, Chosen, ClusterSource, Intent, Place, Settlement, Wanted, choose, settle,
};
use crate::environment::config::{Guards, UserConfig};
use crate::environment::keep::Kept;
use crate::environment::namespace::{self, Answer, NamespaceFacts, NamespaceWhy, Question, Step};
use crate::environment::policy::{Policy, Sources, may_be_protected};
use crate::environment::prefix::{self, Prefix, PrefixFacts, PrefixSource, PrefixStep, Usage};
use crate::environment::{Environment, names::nearest, protecting_names};
use crate::error::{Error, Kind};
use crate::resolve::git::LocalRepository;
use crate::resolve::{Location, Repository};
use crate::ui::prompt;

/// Sent with every request, for the API server's audit log.
pub(crate) const USER_AGENT: &str = concat!("kube/", env!("CARGO_PKG_VERSION"));

/// The repository that the program was started in.
#[derive(Debug, Default)]
pub(crate) struct Checkout {
    /// What its `origin`, or its only remote, leads to.
    pub(crate) repository: Option<Repository>,
    pub(crate) config: Option<CheckoutConfig>,
}

/// A settled environment and what was read on the way.
pub(crate) struct Session {
    pub(crate) environment: Environment,
    pub(crate) cluster: Cluster,
    /// The user's configuration, with what the sandbox adds to it.
    pub(crate) config: UserConfig,
    pub(crate) checkout: Checkout,
    pub(crate) deployments: Vec<Arc<Value>>,
    /// As whom the context acts, if as somebody else.
    pub(crate) impersonates: Option<String>,
}

/// What a command is about to do, as far as finding its environment depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose<'a> {
    pub(crate) intent: Intent,
    /// `--target`: nothing need be annotated.
    pub(crate) targets: &'a [String],
}

/// A cluster, before the namespace is known.
struct Reached {
    place: Place,
    cluster: Cluster,
    config: UserConfig,
    /// The namespace that the context, or the sandbox, has.
    context_namespace: Option<String>,
}

impl Session {
    /// Opens the environment of that name and says on one line where it leads.
    pub(crate) async fn open(run: &Run, name: &str, purpose: Purpose<'_>) -> Result<Self, Error> {
        let checkout = Checkout::find(run)?;
        let reached = Reached::by_name(run, name, purpose.intent).await?;
        let repository = checkout.repository.as_ref().map(Repository::slug);
        let (namespace, namespace_why, listed) =
            find_namespace(run, name, &reached, repository.as_deref()).await?;
        let cluster = reached.cluster.in_namespace(&namespace)?;
        let reader = cluster.reader();
        let (namespace_object, deployments) = tokio::try_join!(
            async { reader.namespace().await.map_err(Error::from) },
            async {
                match listed {
                    Some(deployments) => with_named(&cluster, deployments, purpose.targets).await,
                    None => list(&cluster, purpose.targets).await,
                }
            },
        )?;
        let annotations = match &namespace_object {
            NamespaceAnswer::Terminating(_) if purpose.intent == Intent::Write => {
                let text = format!("the namespace {namespace} is being deleted");
                return Err(Error::new(Kind::Refused, text));
            }
            NamespaceAnswer::Found(object) | NamespaceAnswer::Terminating(object) => {
                Some(annotations(object))
            }
            NamespaceAnswer::Hidden { .. } => None,
            NamespaceAnswer::Absent => return Err(absent(&cluster, &namespace).await),
        };
        let user_guards = reached.guards(name);
        let checkout_guards = checkout.guards(name);
        let names = protecting_names(name, &reached.place);
        let (prefix, prefix_source) =
            decide_prefix(run, &reached.config, &checkout, &deployments, {
                PrefixFacts {
                    is_protected: may_be_protected(&names, annotations.as_ref(), user_guards),
                    repository: repository.as_deref(),
                    has_named_targets: !purpose.targets.is_empty(),
                    ..PrefixFacts::default()
                }
            })?;
        let policy = Policy::build(&Sources {
            namespace: &namespace,
            annotations: annotations.as_ref(),
            prefix: &prefix,
            names: &names,
            user: user_guards,
            checkout: checkout_guards,
        })?;
        let environment = Environment {
            name: name.to_owned(),
            place: reached.place,
            namespace,
            namespace_why,
            prefix,
            prefix_source,
            policy,
        };
        let impersonates = match &environment.place.source {
            ClusterSource::Kubeconfig { context, .. } => context.impersonates.clone(),
            ClusterSource::InCluster | ClusterSource::BuiltIn => None,
        };
        run.ui.say(environment.describe());
        for note in &environment.policy.notes {
            run.ui.warn(&note.to_string());
        }
        Ok(Self {
            environment,
            cluster,
            config: reached.config,
            checkout,
            deployments,
            impersonates,
        })
    }

    /// Returns where this is, as the JSON documents say it.
    pub(crate) fn place(&self) -> [(&'static str, Value); 5] {
        let environment = &self.environment;
        [
            ("environment", environment.name.clone().into()),
            ("context", environment.place.source.context_name().into()),
            ("server", environment.place.identity.server.clone().into()),
            ("namespace", environment.namespace.clone().into()),
            ("simulated", environment.is_simulated().into()),
        ]
    }

    /// Returns the time by the API server's clock, as far as it told it.
    pub(crate) fn server_time(&self, run: &Run) -> Option<Timestamp> {
        let told = self.cluster.server_date()?;
        let since = run.process.clock.now().since(told.at);
        told.date.checked_add(since).ok()
    }

    /// Returns the same, or this machine's time where the API server never told its own.
    pub(crate) fn now(&self, run: &Run) -> Timestamp {
        self.server_time(run)
            .unwrap_or_else(|| run.process.clock.time_of_day())
    }

    /// Reads the Deployments again, for a plan made anew.
    pub(crate) async fn reread(&mut self, targets: &[String]) -> Result<(), Error> {
        self.deployments = list(&self.cluster, targets).await?;
        Ok(())
    }
}

impl Checkout {
    fn find(run: &Run) -> Result<Self, Error> {
        let Some(directory) = &run.process.directory else {
            return Ok(Self::default());
        };
        // A checkout that cannot be read is left out: `--repo` and full SHAs need none.
        let Ok(Some(local)) = LocalRepository::discover(directory) else {
            return Ok(Self::default());
        };
        let folder = local.folder().to_owned();
        let remotes = local.remotes().unwrap_or_default();
        let remote =
            remotes
                .iter()
                .find(|remote| remote.name == "origin")
                .or(match remotes.as_slice() {
                    [only] => Some(only),
                    _ => None,
                });
        Ok(Self {
            repository: remote.and_then(|remote| match &remote.location {
                Location::Url(url) => url.repository().cloned(),
                Location::Path(_) => None,
            }),
            config: environment_files::read_checkout(&folder)?,
        })
    }

    fn guards(&self, name: &str) -> Option<&Guards> {
        self.config.as_ref()?.environments.get(name)
    }
}

impl Reached {
    async fn by_name(run: &Run, name: &str, intent: Intent) -> Result<Self, Error> {
        let files = &run.files;
        let wanted = Wanted {
            environment: name,
            context: run.global.context.as_deref(),
            commands: super::COMMANDS,
        };
        match choose(&wanted, &files.config, &files.kubeconfig)? {
            Choice::Sandbox => Self::sandbox(run).await,
            Choice::Certain(chosen) => Self::verified(run, chosen).await,
            Choice::Proposed(chosen) => {
                let settlement =
                    settle(&chosen, intent, run.is_interactive(), &run.command_line())?;
                let context = chosen.source.context_name().to_owned();
                match settlement {
                    Settlement::Use => {
                        run.ui.say(format!(
                            "{name}: no environment of that name; reading from context {context}, the only one with that segment"
                        ));
                        Self::verified(run, chosen).await
                    }
                    Settlement::AskToKeep => Self::keep(run, chosen, name).await,
                }
            }
        }
    }

    /// Asks whether a proposed context is the one, and keeps a yes in the user's configuration.
    async fn keep(run: &Run, chosen: Chosen, name: &str) -> Result<Self, Error> {
        let reached = Self::verified(run, chosen).await?;
        let context = reached.place.source.context_name();
        let question = format!(
            "Does `{name}` mean context {context} ({})? The answer is kept",
            reached.place.identity.server
        );
        if !prompt::confirm(&question).await? {
            return Err(Error::new(
                Kind::Refused,
                format!("`{name}` was not confirmed to be context {context}"),
            ));
        }
        let path = run.files.config_path.as_deref().ok_or_else(|| {
            Error::new(Kind::Refused, "there is no folder for the answer")
                .hint("Set HOME or XDG_CONFIG_HOME, or name a file with --config.")
        })?;
        let environment = name
            .parse()
            .map_err(|error| Error::new(Kind::Usage, error))?;
        let kept = Kept::new(environment, &reached.place);
        environment_files::write::keep(path, &kept, super::COMMANDS)?;
        run.ui.say(format!("kept in {}", path.display()));
        Ok(reached)
    }

    async fn verified(run: &Run, chosen: Chosen) -> Result<Self, Error> {
        let pod = of_pod(&run.process.variables);
        let identity = environment_files::identity(&chosen.source, pod.as_ref())?;
        let place = chosen.verify(identity)?;
        let (kubeconfig, context_namespace) = match &place.source {
            ClusterSource::Kubeconfig { context, .. } => {
                (run.files.client_kubeconfig()?, context.namespace.clone())
            }
            ClusterSource::InCluster | ClusterSource::BuiltIn => (pod.unwrap_or_default(), None),
        };
        let cluster = connect(run, &kubeconfig, place.source.context_name()).await?;
        Ok(Self {
            cluster,
            place,
            config: run.files.config.clone(),
            context_namespace,
        })
    }

    async fn sandbox(run: &Run) -> Result<Self, Error> {
        let sandbox = sandbox::start(run).await?;
        let cluster = connect(run, &sandbox.kubeconfig, sandbox::CONTEXT).await?;
        let mut config = run.files.config.clone();
        config.repositories.insert(sandbox.repository, sandbox.git);
        Ok(Self {
            cluster,
            place: Place::built_in(sandbox.server),
            config,
            context_namespace: Some(sandbox::NAMESPACE.to_owned()),
        })
    }

    fn guards(&self, name: &str) -> Option<&Guards> {
        self.config
            .environments
            .get(name)
            .map(|settings| &settings.guards)
    }
}

async fn connect(
    run: &Run,
    kubeconfig: &kube::config::Kubeconfig,
    context: &str,
) -> Result<Cluster, Error> {
    Cluster::connect(ConnectOptions {
        kubeconfig,
        context,
        namespace: namespace::DEFAULT,
        variables: &run.process.variables,
        can_ask: run.is_interactive(),
        user_agent: USER_AGENT,
        limits: Limits::default(),
        hooks: hooks(run),
    })
    .await
}

/// Decides the namespace; what was listed on the way comes with it.
async fn find_namespace(
    run: &Run,
    name: &str,
    reached: &Reached,
    repository: Option<&str>,
) -> Result<(String, NamespaceWhy, Option<Vec<Arc<Value>>>), Error> {
    let is_built_in = matches!(reached.place.why, crate::environment::choose::Why::BuiltIn);
    if is_built_in && run.global.namespace.is_none() {
        return Ok((sandbox::NAMESPACE.to_owned(), NamespaceWhy::BuiltIn, None));
    }
    let mut facts = NamespaceFacts {
        flag: run.global.namespace.as_deref(),
        configured: reached
            .config
            .environments
            .get(name)
            .and_then(|settings| settings.namespace.as_ref())
            .map(crate::environment::values::Line::as_str),
        context: reached.context_namespace.as_deref(),
        repository,
        answers: &[],
    };
    let questions = namespace::questions(&facts);
    let asked = try_join_all(questions.into_iter().map(|question| async {
        let (answer, listed) = ask(&reached.cluster, &question).await?;
        Ok::<_, Error>((question, answer, listed))
    }))
    .await?;
    let answers: Vec<(Question, Answer)> = asked
        .iter()
        .map(|(question, answer, _)| (question.clone(), *answer))
        .collect();
    facts.answers = &answers;
    match namespace::decide(&facts)? {
        Step::Use { namespace, why } => {
            let listed = asked.into_iter().find_map(|(question, _, listed)| {
                (question.namespace() == namespace)
                    .then_some(listed)
                    .flatten()
            });
            Ok((namespace, why, listed))
        }
        Step::Ask(question) => Err(Error::new(
            Kind::Internal,
            format!("the namespace hangs on a question that was not asked: {question:?}"),
        )),
    }
}

async fn ask(
    cluster: &Cluster,
    question: &Question,
) -> Result<(Answer, Option<Vec<Arc<Value>>>), Error> {
    let cluster = cluster.in_namespace(question.namespace())?;
    let yes_or_no = |yes| if yes { Answer::Yes } else { Answer::No };
    if let Question::Exists { .. } = question {
        let answer = match cluster.reader().namespace().await? {
            NamespaceAnswer::Found(_) | NamespaceAnswer::Terminating(_) => Answer::Yes,
            NamespaceAnswer::Absent => Answer::No,
            NamespaceAnswer::Hidden { .. } => Answer::Forbidden,
        };
        return Ok((answer, None));
    }
    let deployments = match cluster.reader().deployments(is_marked).await {
        Ok(deployments) => deployments,
        Err(fault) if fault.is_forbidden() => return Ok((Answer::Forbidden, None)),
        Err(fault) => return Err(fault.into()),
    };
    let deployments: Vec<Arc<Value>> = deployments.into_iter().map(Arc::new).collect();
    let usage = usage(&deployments);
    let answer = match question {
        Question::HoldsTargetsOf { repository, .. } => yes_or_no(usage.holds(repository)),
        Question::HoldsTargets { .. } | Question::Exists { .. } => yes_or_no(!usage.is_empty()),
    };
    Ok((answer, Some(deployments)))
}

/// Lists the Deployments of the namespace, those that are named whole even if nothing marks them.
async fn list(cluster: &Cluster, targets: &[String]) -> Result<Vec<Arc<Value>>, Error> {
    let listed = cluster.reader().deployments(is_marked).await?;
    with_named(cluster, listed.into_iter().map(Arc::new).collect(), targets).await
}

/// Reads those of the listed Deployments whole that are named and that nothing marks.
async fn with_named(
    cluster: &Cluster,
    mut deployments: Vec<Arc<Value>>,
    targets: &[String],
) -> Result<Vec<Arc<Value>>, Error> {
    let reader = cluster.reader();
    let named = targets.iter().filter(|name| {
        deployments.iter().any(|deployment| {
            is_named(deployment, name) && deployment.get("spec").is_none_or(is_slim)
        })
    });
    let whole = try_join_all(named.map(|name| reader.deployment(name))).await?;
    for deployment in whole.into_iter().flatten() {
        let name = deployment.pointer("/metadata/name").cloned();
        deployments.retain(|other| other.pointer("/metadata/name") != name.as_ref());
        deployments.push(Arc::new(deployment));
    }
    Ok(deployments)
}

/// A Deployment that nothing marks comes without its containers.
fn is_slim(spec: &Value) -> bool {
    spec.pointer("/template/spec").is_none()
}

fn is_named(deployment: &Value, name: &str) -> bool {
    deployment.pointer("/metadata/name").and_then(Value::as_str) == Some(name)
}

/// Whether a Deployment takes part under any prefix, or nearly: a misspelt key is to be told.
fn is_marked(annotations: &BTreeMap<String, String>) -> bool {
    annotations
        .keys()
        .filter_map(|key| key.rsplit_once('/'))
        .any(|(_, name)| name.starts_with("deploy"))
}

fn usage(deployments: &[Arc<Value>]) -> Usage {
    let annotations: Vec<BTreeMap<String, String>> = deployments
        .iter()
        .map(|deployment| annotations(deployment))
        .collect();
    Usage::of(&annotations)
}

fn annotations(object: &Value) -> BTreeMap<String, String> {
    object
        .pointer("/metadata/annotations")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn decide_prefix(
    run: &Run,
    config: &UserConfig,
    checkout: &Checkout,
    deployments: &[Arc<Value>],
    facts: PrefixFacts<'_>,
) -> Result<(Prefix, PrefixSource), Error> {
    let variables = &run.process.variables;
    let usage = usage(deployments);
    let facts = PrefixFacts {
        flag: run.global.annotation_prefix.as_deref(),
        variable: variables.filled("KUBE_DEPLOY_ANNOTATION_PREFIX"),
        k8ship_variable: variables.filled("K8SHIP_ANNOTATION_PREFIX"),
        user: config.annotation_prefix.as_ref(),
        checkout: checkout
            .config
            .as_ref()
            .and_then(|config| config.annotation_prefix.as_ref()),
        usage: Some(&usage),
        ..facts
    };
    match prefix::decide(&facts)? {
        PrefixStep::Use(prefix, source) => Ok((prefix, source)),
        PrefixStep::ListDeployments => Err(Error::new(
            Kind::Internal,
            "the prefix hangs on Deployments that were listed",
        )),
    }
}

/// Says that the namespace does not exist, with the nearest one that does.
async fn absent(cluster: &Cluster, namespace: &str) -> Error {
    let error = Error::new(
        Kind::NotFound,
        format!(
            "namespace `{namespace}` does not exist on {}",
            cluster.server()
        ),
    );
    let names = match cluster.reader().namespace_names().await {
        Ok(Access::Granted(names)) => names,
        Ok(Access::Forbidden { .. }) | Err(_) => Vec::new(),
    };
    match nearest(namespace, names.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("Did you mean --namespace {near}?")),
        None => error.hint("Name the right one with --namespace."),
    }
}
