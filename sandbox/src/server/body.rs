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
        rest: Bytes,
        announced: u64,
    },
    Events(mpsc::Receiver<io::Result<Bytes>>),
    /// The connection breaks once what came before has left.
    Breaking(io::Error),
    /// The connection breaks now.
    Broken(io::Error),
    Over,
}

impl Payload {
    pub(super) fn whole(bytes: Bytes) -> Payload {
        Payload(Source::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    /// Makes a body that breaks off after so many bytes.
    pub(super) fn cut(bytes: &Bytes, after: usize) -> Payload {
        let announced = bytes.len() as u64;
        let rest = bytes.slice(..after.min(bytes.len()));
        Payload(Source::Cut { rest, announced })
    }

    pub(super) fn events(receiver: mpsc::Receiver<io::Result<Bytes>>) -> Payload {
        Payload(Source::Events(receiver))
    }

    /// Breaks the connection at the next turn, so that the bytes before can leave in this one.
    fn break_soon<T>(&mut self, error: io::Error, context: &Context<'_>) -> Poll<T> {
        self.0 = Source::Broken(error);
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match std::mem::replace(&mut self.0, Source::Over) {
            Source::Whole(bytes) => Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes)))),
            Source::Cut { rest, .. } => {
                self.0 = Source::Breaking(io::ErrorKind::ConnectionReset.into());
                Poll::Ready(Some(Ok(Frame::data(rest))))
            }
            Source::Events(mut receiver) => match receiver.poll_recv(context) {
                Poll::Ready(Some(Err(error))) => self.break_soon(error, context),
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Ready(Some(Ok(line))) => {
                    self.0 = Source::Events(receiver);
                    Poll::Ready(Some(Ok(Frame::data(line))))
                }
                Poll::Pending => {
                    self.0 = Source::Events(receiver);
                    Poll::Pending
                }
            },
            Source::Breaking(error) => self.break_soon(error, context),
            Source::Broken(error) => Poll::Ready(Some(Err(error))),
            Source::Over => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Source::Whole(None) | Source::Over)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Source::Cut { announced, .. } => SizeHint::with_exact(*announced),
            Source::Events(_) | Source::Breaking(_) | Source::Broken(_) => SizeHint::default(),
            Source::Over => SizeHint::with_exact(0),
        }
    }
}
