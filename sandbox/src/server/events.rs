//! The events of a watch as they leave the server, with the trouble they were given.

use bytes::Bytes;
use serde_json::json;

use crate::api::Watch;
use crate::clock::Time;
use crate::faults::WatchTrouble;
use crate::status::Status;
use crate::world::World;

/// A piece of a watch's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Line(Bytes),
    /// The connection breaks here.
    Break,
}

/// A watch and its trouble.
#[derive(Debug)]
pub(super) struct Events {
    watch: Watch,
    trouble: Option<WatchTrouble>,
    told: usize,
    is_mute: bool,
    is_broken: bool,
}

impl Events {
    pub(super) fn new(watch: Watch, trouble: Option<WatchTrouble>) -> Self {
        Self {
            watch,
            trouble,
            told: 0,
            is_mute: false,
            is_broken: false,
        }
    }

    /// Returns what came since the last call.
    pub(super) fn poll(&mut self, world: &World, now: Time) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let lines = self.watch.poll(world, now);
        self.trouble(world, &mut pieces);
        for line in lines {
            if self.is_broken || self.is_mute {
                break;
            }
            let line = Bytes::from(line);
            if self.trouble == Some(WatchTrouble::Twice) {
                pieces.push(Piece::Line(line.clone()));
            }
            pieces.push(Piece::Line(line));
            self.told += 1;
            self.trouble(world, &mut pieces);
        }
        pieces
    }

    pub(super) fn has_ended(&self) -> bool {
        self.is_broken || (self.watch.has_ended() && !self.is_mute)
    }

    /// Returns when to poll even if nothing changes; a watch that has fallen silent has nothing to wait for.
    pub(super) fn wakes_at(&self) -> Option<Time> {
        (!self.is_mute).then(|| self.watch.wakes_at())
    }

    /// Lets the trouble happen, once, if it is its turn.
    fn trouble(&mut self, world: &World, pieces: &mut Vec<Piece>) {
        let Some(trouble) = &self.trouble else {
            return;
        };
        let after = match trouble {
            WatchTrouble::End { after }
            | WatchTrouble::Break { after }
            | WatchTrouble::Mute { after }
            | WatchTrouble::Expire { after }
            | WatchTrouble::Garbage { after, .. }
            | WatchTrouble::LongLine { after, .. } => *after,
            WatchTrouble::Twice => return,
        };
        if self.told != after {
            return;
        }
        match self.trouble.take() {
            Some(WatchTrouble::End { .. }) => self.is_broken = true,
            Some(WatchTrouble::Break { .. }) => {
                self.is_broken = true;
                pieces.push(Piece::Break);
            }
            Some(WatchTrouble::Mute { .. }) => self.is_mute = true,
            Some(WatchTrouble::Expire { .. }) => {
                let revision = world.store.revision();
                let status = Status::too_old_resource_version(revision.saturating_sub(1), revision);
                let event = json!({"type": "ERROR", "object": status});
                pieces.push(Piece::Line(Bytes::from(format!("{event}\n"))));
                self.is_broken = true;
            }
            Some(WatchTrouble::Garbage { line, .. }) => {
                pieces.push(Piece::Line(Bytes::from(format!("{line}\n"))));
            }
            Some(WatchTrouble::LongLine { bytes, .. }) => {
                let mut line = Vec::from(br#"{"type":"ADDED","object":{"padding":""#);
                line.resize(bytes, b'x');
                pieces.push(Piece::Line(Bytes::from(line)));
            }
            Some(WatchTrouble::Twice) | None => {}
        }
    }
}
