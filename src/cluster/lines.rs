//! A stream of lines with a bound on each: no line of an API server is as long as what a broken
//! proxy can send.

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use kube::client::Body;

use super::fault::Fault;

/// The lines of an answer that has no end.
pub(crate) struct Lines {
    body: Body,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no end of a line.
    searched: usize,
    longest: usize,
    server: String,
}

impl Lines {
    pub(crate) fn new(body: Body, longest: usize, server: String) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
            searched: 0,
            longest,
            server,
        }
    }

    /// Returns the next line that is not empty, or `None` at the end of the stream.
    ///
    /// What follows the last end of a line is dropped: it was cut off. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            while let Some(line) = self.buffered() {
                if !line.trim_ascii().is_empty() {
                    return Ok(Some(line));
                }
            }
            if self.buffer.len() > self.longest {
                return Err(Fault::Garbled {
                    server: self.server.clone(),
                    why: format!("a line of more than {} bytes", self.longest),
                });
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(Fault::of(&error, &self.server)),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
            }
        }
    }

    fn buffered(&mut self) -> Option<Bytes> {
        let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
        match unsearched.iter().position(|byte| *byte == b'\n') {
            Some(at) => {
                let line = self.buffer.split_to(self.searched + at).freeze();
                self.buffer.advance(1);
                self.searched = 0;
                Some(line)
            }
            None => {
                self.searched = self.buffer.len();
                None
            }
        }
    }
}
