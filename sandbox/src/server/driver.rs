//! The server's own tasks: accepts connections, lets the world run when something is due, and ends it all.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{Access, Server, http1};

/// How long connections may take to end once the server stops.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How often a server with nothing to do looks at itself.
const IDLE_LOOK: Duration = Duration::from_secs(10);
/// How long to wait when the system has no more connections to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Runs a server until it is told to stop or has been idle for long enough.
pub(super) async fn drive(server: Server, listener: Option<TcpListener>) {
    let accepting = tokio::spawn(accept(server.clone(), listener));
    run_world(&server).await;
    server.stop();
    // The task ends because the server is stopping.
    let _ = accepting.await;
    let deadline = Instant::now() + LAST_WORDS;
    while server.0.connections.load(Ordering::Relaxed) > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // There is nobody left to be told that saving failed; the state before stays.
    let _ = server.lock().save();
    if let Some(path) = &server.0.access
        && !is_disowned(&server)
    {
        let _ = std::fs::remove_file(path);
    }
    server.0.stopped.send_replace(true);
}

async fn accept(server: Server, listener: Option<TcpListener>) {
    let mut stopping = server.0.stopping.subscribe();
    let Some(listener) = listener else {
        return;
    };
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|is_stopping| *is_stopping) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let server = server.clone();
                server.0.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    http1::serve(server.clone(), stream).await;
                    server.0.connections.fetch_sub(1, Ordering::Relaxed);
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Lets the world run on as its time comes, also when nobody asks for anything.
async fn run_world(server: &Server) {
    let mut changed = server.0.changed.subscribe();
    let mut stopping = server.0.stopping.subscribe();
    loop {
        changed.mark_unchanged();
        // A state that cannot be saved is reported to whoever writes next.
        let _ = server.settle(|_, _| ());
        let pause = {
            let mut inner = server.lock();
            let now = inner.clock.now();
            let due = inner.cluster.world.next_due();
            due.map(|due| due.since(now).max(Duration::from_millis(1)))
        };
        if is_idle(server) || is_disowned(server) {
            return;
        }
        let look = server.0.idle_end.map(|idle_end| idle_end.min(IDLE_LOOK));
        let pause = match (pause, look) {
            (Some(pause), Some(look)) => pause.min(look),
            (Some(pause), None) | (None, Some(pause)) => pause,
            (None, None) => {
                tokio::select! {
                    _ = changed.changed() => continue,
                    _ = stopping.wait_for(|is_stopping| *is_stopping) => return,
                }
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = changed.changed() => {}
            _ = stopping.wait_for(|is_stopping| *is_stopping) => return,
        }
    }
}

/// Returns whether nobody can find a server that ends by itself, because its folder was removed or made anew.
fn is_disowned(server: &Server) -> bool {
    let (Some(_), Some(path)) = (server.0.idle_end, &server.0.access) else {
        return false;
    };
    Access::read(path).is_none_or(|access| access != server.access())
}

fn is_idle(server: &Server) -> bool {
    let Some(idle_end) = server.0.idle_end else {
        return false;
    };
    let inner = server.lock();
    server.0.watches.load(Ordering::Relaxed) == 0
        && inner.last_request.elapsed() >= idle_end
        && !inner.cluster.world.is_rolling()
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::*;
    use crate::world::{World, WorldOptions};

    async fn server_in(folder: &std::path::Path, idle_end: Duration) -> Server {
        let options = Options {
            access: Some(folder.join("server.json")),
            idle_end: Some(idle_end),
            ..Options::in_process(World::new(WorldOptions::default()))
        };
        Server::start(options).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_nobody_asks_ends() {
        let folder = tempfile::tempdir().unwrap();
        let start = Instant::now();
        let server = server_in(folder.path(), Duration::from_secs(300)).await;
        server.ended().await;
        assert!((300..=310).contains(&start.elapsed().as_secs()));
        assert!(!folder.path().join("server.json").exists());
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_whose_folder_is_another_ones_ends_and_leaves_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let first = server_in(folder.path(), Duration::from_secs(3600)).await;
        std::fs::write(folder.path().join("server.json"), "another one's").unwrap();
        tokio::time::timeout(2 * IDLE_LOOK, first.ended())
            .await
            .expect("ended");
        assert!(folder.path().join("server.json").exists());
    }
}
