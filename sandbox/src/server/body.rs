//! The body of a response: bytes that are there, bytes that break off, or events that come.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

/// A response's body.
#[derive(Debug)]
pub struct Payload(Source);

#[derive(Debug)]
enum Source {
    Whole(Option<Bytes>),
    /// What is left, and then the connection breaks.
    Cut {
        rest: Option<Bytes>,
        announced: u64,
    },
    Events(mpsc::Receiver<io::Result<Bytes>>),
}

impl Payload {
    pub(super) fn whole(bytes: Bytes) -> Payload {
        Payload(Source::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    /// Makes a body that breaks off after so many bytes.
    pub(super) fn cut(bytes: &Bytes, after: usize) -> Payload {
        let announced = bytes.len() as u64;
        let rest = bytes.slice(..after.min(bytes.len()));
        Payload(Source::Cut {
            rest: Some(rest),
            announced,
        })
    }

    pub(super) fn events(receiver: mpsc::Receiver<io::Result<Bytes>>) -> Payload {
        Payload(Source::Events(receiver))
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut self.0 {
            Source::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Source::Cut { rest, .. } => Poll::Ready(Some(match rest.take() {
                Some(bytes) if !bytes.is_empty() => Ok(Frame::data(bytes)),
                Some(_) | None => Err(io::ErrorKind::ConnectionReset.into()),
            })),
            Source::Events(receiver) => receiver
                .poll_recv(context)
                .map(|line| line.map(|line| line.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Source::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Source::Cut { announced, .. } => SizeHint::with_exact(*announced),
            Source::Events(_) => SizeHint::default(),
        }
    }
}
