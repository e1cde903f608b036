//! `kube sandbox serve`: the sandbox's server itself, in a terminal or in the background.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use kube_sandbox::server::{Access, Options, RealClock, Server, StateFile};

use super::contact::{Contact, state_file};
use super::folder::Folder;
use super::{Run, command, kubeconfig, making, tell_new, unreadable};
use crate::cli::{OutputFormat, ServeArgs};
use crate::error::{Error, Kind};
use crate::exit_code::ExitCode;
use crate::process;
use crate::rollout::watch::Signals;

/// After how long without a request a server in the background ends, if nothing is rolling.
const IDLE: Duration = Duration::from_secs(5 * 60);

pub(super) async fn run(run: &Run, args: &ServeArgs) -> Result<ExitCode, Error> {
    let folder = Folder::find(&run.process.variables)?;
    let mut signals = Signals::listen().map_err(|error| Error::new(Kind::Internal, error))?;
    let server = match args.background {
        true => in_background(&folder, args).await?,
        false => in_foreground(run, &folder, args).await?,
    };
    tokio::select! {
        _ = signals.next() => server.stop(),
        () = server.ended() => {}
    }
    server.ended().await;
    if !args.background {
        run.ui
            .say("the sandbox's server has ended; its world is kept");
    }
    Ok(ExitCode::Done)
}

/// Serves a world that is there, as somebody else's child: who started it holds the folder.
async fn in_background(folder: &Folder, args: &ServeArgs) -> Result<Server, Error> {
    // Neither Ctrl-C nor the end of the terminal shall reach it. It fails for the leader of a process
    // group: a server that was started by hand stays in its terminal's session.
    let _own_session = rustix::process::setsid();
    let state = state_file(folder).await?;
    let previous = Access::read(&folder.access());
    let idle_end = Some(args.idle_end.unwrap_or(IDLE));
    start(folder, state, args.port, previous, idle_end).await
}

/// Serves the world in place of a server in the background, on the same port and with the same token,
/// so that whoever watches a rollout finds it again.
async fn in_foreground(run: &Run, folder: &Folder, args: &ServeArgs) -> Result<Server, Error> {
    let held = folder.hold().await?;
    let found = Contact::find(folder).await;
    if let Some(contact) = found.as_ref().filter(|contact| contact.is_in_foreground()) {
        let process = contact.process();
        return Err(Error::new(
            Kind::Busy,
            format!("the sandbox is served already, in the foreground of process {process}"),
        )
        .hint(format!(
            "End it with Ctrl-C there, or with `{}`.",
            command(run, "stop")
        )));
    }
    let (state, previous) = match &found {
        Some(contact) => (contact.end(folder).await?, Some(contact.access().clone())),
        None => (state_file(folder).await?, Access::read(&folder.access())),
    };
    let is_new = !folder.state().exists();
    making::complete(folder, &held, &state, run.process.clock.time_of_day())?;
    if is_new {
        tell_new(run, folder);
    }
    let server = start(folder, state, args.port, previous, None).await?;
    drop(held);
    introduce(run, folder, &server)?;
    Ok(server)
}

async fn start(
    folder: &Folder,
    state: StateFile,
    port: Option<u16>,
    previous: Option<Access>,
    idle_end: Option<Duration>,
) -> Result<Server, Error> {
    let world = state.load().map_err(unreadable)?.ok_or_else(|| {
        Error::new(Kind::NotFound, "there is no world to serve")
            .hint("`kube sandbox status` makes one.")
    })?;
    let port = port.unwrap_or_else(|| previous.as_ref().map(free_port).unwrap_or_default());
    let token = match previous {
        Some(access) => access.token,
        None => process::secret().map_err(|error| Error::new(Kind::Internal, error))?,
    };
    let options = Options {
        world,
        clock: Box::<RealClock>::default(),
        token,
        port: Some(port),
        state: Some(state),
        access: Some(folder.access()),
        idle_end,
    };
    Server::start(options).await.map_err(|error| {
        Error::new(Kind::Refused, error).hint(match port {
            0 => format!("Is {} writable?", folder.path().display()),
            port => format!("Is port {port} taken by something else?"),
        })
    })
}

/// Returns the port of the server before, or zero for any other if it is taken.
fn free_port(previous: &Access) -> u16 {
    let port = previous.address.map_or(0, |address| address.port());
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => port,
        Err(_) => 0,
    }
}

fn introduce(run: &Run, folder: &Folder, server: &Server) -> Result<(), Error> {
    let access = Access::read(&folder.access());
    let Some((address, access)) = server.address().zip(access) else {
        return Err(Error::new(Kind::Internal, "the server does not listen"));
    };
    let kubeconfig = kubeconfig::for_kubectl(address, &access.token);
    let internal = |error: &dyn std::fmt::Display| Error::new(Kind::Internal, error.to_string());
    match run.global.output {
        OutputFormat::Text => {
            let text = serde_yaml::to_string(&kubeconfig).map_err(|error| internal(&error))?;
            for line in text.lines() {
                run.ui.data(line);
            }
        }
        OutputFormat::Json | OutputFormat::Ndjson => {
            let document = serde_json::to_value(&kubeconfig).map_err(|error| internal(&error))?;
            run.ui.json(&document);
        }
    }
    run.ui.say(format!(
        "a small team's cluster, simulated on this machine, on http://{address}"
    ));
    run.ui.say(format!(
        "with the kubeconfig from stdout, say by `{} > shop.yaml`, in another terminal:",
        command(run, "serve")
    ));
    run.ui.say("  KUBECONFIG=shop.yaml kubectl get pods");
    run.ui.say("Ctrl-C ends the server; its world is kept");
    Ok(())
}
