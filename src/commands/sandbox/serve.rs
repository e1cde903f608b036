//! `kube sandbox serve`: the sandbox's server itself, in a terminal or in the background.

use std::io;
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
    let started = async {
        match args.background {
            true => in_background(run, &folder, args).await,
            false => in_foreground(run, &folder, args).await,
        }
    };
    let server = tokio::select! {
        signal = signals.next() => {
            let kind = Kind::Interrupted(signal.number());
            return Err(Error::new(kind, "interrupted before the server was started"));
        }
        started = started => started?,
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
async fn in_background(run: &Run, folder: &Folder, args: &ServeArgs) -> Result<Server, Error> {
    // Neither Ctrl-C nor the end of the terminal shall reach it. It fails for the leader of a process
    // group: a server that was started by hand stays in its terminal's session.
    let _own_session = rustix::process::setsid();
    let state = state_file(folder).await?;
    let wish = Wish {
        port: args.port,
        previous: Access::read(&folder.access()),
        idle_end: Some(args.idle_end.unwrap_or(IDLE)),
    };
    start(run, folder, state, wish).await
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
    let wish = Wish {
        port: args.port,
        previous,
        idle_end: None,
    };
    let server = start(run, folder, state, wish).await?;
    drop(held);
    introduce(run, folder, &server)?;
    Ok(server)
}

#[derive(Debug, thiserror::Error)]
#[error("the sandbox's server cannot be started")]
struct CannotStart(#[source] io::Error);

/// How a server is to be reached, and when it ends.
struct Wish {
    port: Option<u16>,
    /// The server before, which may not have taken back how to reach it.
    previous: Option<Access>,
    idle_end: Option<Duration>,
}

async fn start(run: &Run, folder: &Folder, state: StateFile, wish: Wish) -> Result<Server, Error> {
    let world = state.load().map_err(|error| unreadable(run, error))?;
    let world = world.ok_or_else(|| {
        Error::new(Kind::NotFound, "there is no world to serve")
            .hint(format!("`{}` makes one.", command(run, "reset")))
    })?;
    let before = || wish.previous.as_ref().map_or(0, free_port);
    let port = wish.port.unwrap_or_else(before);
    let token = match wish.previous {
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
        idle_end: wish.idle_end,
    };
    Server::start(options).await.map_err(|error| {
        Error::new(Kind::Refused, CannotStart(error)).hint(match port {
            0 => format!("Is {} writable?", folder.path().display()),
            port => format!("May port {port} be listened on, and is it free?"),
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
