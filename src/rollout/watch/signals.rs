//! The signals that end a watch, from the moment somebody listens: until then they end the process.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::rollout::Signal;

/// Waits for SIGINT, SIGTERM, and SIGHUP.
pub(crate) struct Signals {
    received: mpsc::UnboundedReceiver<Signal>,
    /// One that was received and is yet to be heeded.
    kept: Option<Signal>,
}

impl Signals {
    /// Begins to listen. Needs a runtime of tokio around it.
    ///
    /// A SIGHUP that the process was started to ignore (`nohup`) stays ignored.
    pub(crate) fn listen() -> io::Result<Self> {
        let (sender, received) = mpsc::unbounded_channel();
        let kinds = [
            (SignalKind::interrupt(), Signal::Interrupt),
            (SignalKind::terminate(), Signal::Terminate),
            (SignalKind::hangup(), Signal::HangUp),
        ];
        let heeded = kinds
            .into_iter()
            .filter(|(_, meaning)| *meaning != Signal::HangUp || !ignores_hangups());
        for (kind, meaning) in heeded {
            let mut stream = signal(kind)?;
            let sender = sender.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    if sender.send(meaning).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self {
            received,
            kept: None,
        })
    }

    /// Returns the next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        if let Some(signal) = self.kept.take() {
            return signal;
        }
        match self.received.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }

    /// Lets the next one who asks have this signal.
    pub(crate) fn again(&mut self, signal: Signal) {
        self.kept = Some(signal);
    }

    #[cfg(test)]
    pub(crate) fn of(received: mpsc::UnboundedReceiver<Signal>) -> Self {
        Self {
            received,
            kept: None,
        }
    }
}

/// Asks the kernel, where it tells, which signals are ignored.
fn ignores_hangups() -> bool {
    const HANGUP: u64 = 1;
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return false;
    };
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & HANGUP != 0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn signals_of_the_system_are_heard() {
        use rustix::process::{Signal as Number, getpid, kill_process};
        let mut signals = Signals::listen().expect("listening");
        // Not SIGINT: who runs the tests may want to end them.
        kill_process(getpid(), Number::TERM).expect("sent");
        let heard = tokio::time::timeout(Duration::from_secs(60), signals.next()).await;
        assert_eq!(heard, Ok(Signal::Terminate));
    }

    #[tokio::test]
    async fn signals_are_received_in_their_order() {
        let (sender, received) = mpsc::unbounded_channel();
        let mut signals = Signals::of(received);
        for signal in [Signal::Interrupt, Signal::Terminate] {
            sender.send(signal).expect("sent");
            assert_eq!(signals.next().await, signal);
        }
    }

    #[tokio::test]
    async fn signal_that_was_put_back_comes_first() {
        let (sender, received) = mpsc::unbounded_channel();
        let mut signals = Signals::of(received);
        sender.send(Signal::Terminate).expect("sent");
        signals.again(Signal::Interrupt);
        assert_eq!(signals.next().await, Signal::Interrupt);
        assert_eq!(signals.next().await, Signal::Terminate);
    }
}
