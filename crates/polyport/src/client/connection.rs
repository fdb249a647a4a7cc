//! A client's connection: requests out, frames in.

use std::io;

use bytes::BytesMut;
use polyport_wire::frame::{Frame, FrameDecoder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::limits::Limits;
use crate::status::Status;

/// The least and the most that one read asks for.
const MIN_READ: usize = 8 * 1024;
const MAX_READ: usize = 256 * 1024;

/// A buffer that has grown beyond this is given back after use.
pub(super) const KEEP_BUFFER: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    input: BytesMut,
    decoder: FrameDecoder,
    /// Whether the last reply was large, so that the buffer is.
    large: bool,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, limits: Limits) -> Self {
        Self {
            stream,
            input: BytesMut::new(),
            decoder: FrameDecoder::new(limits.wire()),
            large: false,
        }
    }

    /// Lets go of the memory that a large reply took.
    pub(super) fn give_back_memory(&mut self) {
        if self.large && self.input.is_empty() {
            self.input = BytesMut::new();
        }
        self.large = false;
    }

    /// Whether an idle connection can be used: the server has neither closed it nor sent anything
    /// that nobody asked for.
    pub(super) fn is_usable(&mut self) -> bool {
        let mut byte = [0];
        let nothing = self.stream.try_read(&mut byte);
        self.input.is_empty()
            && matches!(nothing, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    pub(super) async fn write(&mut self, request: &[u8]) -> Result<(), Status> {
        self.stream
            .write_all(request)
            .await
            .map_err(|error| Status::transport(format!("the request cannot be sent: {error}")))
    }

    /// The next frame that the server sends.
    pub(super) async fn read(&mut self) -> Result<Frame, Status> {
        loop {
            let frame = self
                .decoder
                .decode(&mut self.input)
                .map_err(|error| Status::transport(format!("the reply is broken: {error}")))?;
            if let Some(frame) = frame {
                self.large |= frame.body.len() > KEEP_BUFFER;
                return Ok(frame);
            }
            let wanted = self.decoder.missing(self.input.len());
            self.input.reserve(wanted.clamp(MIN_READ, MAX_READ));
            let read = self.stream.read_buf(&mut self.input).await;
            match read {
                Ok(0) if self.input.is_empty() => {
                    let text = "the server closed the connection without a reply";
                    return Err(Status::transport(text));
                }
                Ok(0) => {
                    let text = "the server closed the connection inside of a reply";
                    return Err(Status::transport(text));
                }
                Ok(_) => {}
                Err(error) => {
                    let text = format!("the reply cannot be read: {error}");
                    return Err(Status::transport(text));
                }
            }
        }
    }
}
