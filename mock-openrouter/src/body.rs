//! Response bodies, the broken and the oversized ones included.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::{Bytes, Frame, SizeHint};

const FILLING: &[u8] = &[b' '; 64 * 1024];

/// A body that is written chunk by chunk, and may break off instead of ending.
#[derive(Debug)]
pub(crate) struct Body {
    chunks: VecDeque<Bytes>,
    /// How many bytes of filling stand before the last chunk.
    filling: u64,
    ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    Complete,
    /// Let the connection write what it has, then break off.
    Flush,
    BreakOff,
}

impl Body {
    pub(crate) fn full(bytes: Vec<u8>) -> Self {
        Self { chunks: VecDeque::from([Bytes::from(bytes)]), filling: 0, ending: Ending::Complete }
    }

    /// The first half of `bytes`, and then an error, on which the connection is closed.
    pub(crate) fn truncated(mut bytes: Vec<u8>) -> Self {
        bytes.truncate(bytes.len() / 2);
        Self { ending: Ending::Flush, ..Self::full(bytes) }
    }

    /// A JSON document with spaces before it, `size` bytes in all.
    pub(crate) fn padded(bytes: Vec<u8>, size: u64) -> Self {
        let filling = size.saturating_sub(bytes.len() as u64);
        Self { filling, ..Self::full(bytes) }
    }

    /// A JSON document with spaces after it, `size` bytes in all, as gzip.
    pub(crate) fn gzipped(bytes: &[u8], size: u64) -> io::Result<Self> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes)?;
        let mut filling = io::Read::take(io::repeat(b' '), size.saturating_sub(bytes.len() as u64));
        io::copy(&mut filling, &mut encoder)?;
        Ok(Self::full(encoder.finish()?))
    }

    fn next_chunk(&mut self) -> Option<Bytes> {
        if self.filling == 0 {
            return self.chunks.pop_front();
        }
        let length = usize::try_from(self.filling).unwrap_or(usize::MAX).min(FILLING.len());
        self.filling -= length as u64;
        Some(Bytes::from_static(&FILLING[..length]))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(chunk) = self.next_chunk() {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        match self.ending {
            Ending::Complete => Poll::Ready(None),
            Ending::Flush => {
                self.ending = Ending::BreakOff;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Ending::BreakOff => {
                Poll::Ready(Some(Err(io::Error::other("the answer is cut short on request"))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_empty() && self.filling == 0 && self.ending == Ending::Complete
    }

    fn size_hint(&self) -> SizeHint {
        if self.ending != Ending::Complete {
            return SizeHint::default();
        }
        SizeHint::with_exact(
            self.filling + self.chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>(),
        )
    }
}
