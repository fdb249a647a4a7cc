//! How a request gets to the server and its reply back: over a connection of its own, or over one
//! that calls share.

use std::sync::Arc;

use bytes::BytesMut;
use polyport_wire::frame::Frame;
use polyport_wire::transport::Transport;
use polyport_wire::ttheader::flags;

use crate::client::http2::Http2;
use crate::client::multiplex::Multiplexed;
use crate::client::options::{ClientOptions, Connections};
use crate::client::pool::{Lease, Pool};
use crate::error::Error;
use crate::status::Status;

/// The connections of a client.
#[derive(Debug)]
pub(super) enum Link {
    Pool(Pool),
    Multiplexed(Multiplexed),
    Http2(Arc<Http2>),
}

/// A request, ready to be sent.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) bytes: BytesMut,
    pub(super) sequence: i32,
    pub(super) oneway: bool,
}

/// What came back for a request, and the connection that it came on.
#[derive(Debug)]
pub(super) struct Received {
    /// The number of the request that it is for.
    pub(super) sequence: i32,
    /// The reply; a one-way request has none.
    pub(super) frame: Option<Frame>,
    lease: Option<Lease>,
}

impl Received {
    /// Keeps the connection for other calls, which is to be done only when nothing more will come
    /// on it.
    pub(super) fn keep_connection(self) {
        if let Some(lease) = self.lease {
            lease.put_back();
        }
    }
}

impl Link {
    /// Connects once, to find out at once whether the server is there.
    pub(super) async fn connect(options: &ClientOptions) -> Result<Self, Error> {
        if options.multiplexed_names && options.transport.carries_service_name() {
            return Err(Error::options(
                "multiplexed names are for Buffered and Framed: TTHeader has a place of its own for \
                 the service's name",
            ));
        }
        if options.transport == Transport::Grpc {
            let http2 = Http2::connect(options).await?;
            return Ok(Self::Http2(Arc::new(http2)));
        }
        match options.connections {
            Connections::Multiplexed { connections } => {
                if !options.transport.has_header() {
                    return Err(Error::options(
                        "multiplexed connections need TTHeader, whose sequence number tells \
                         replies apart",
                    ));
                }
                let link = Multiplexed::connect(options, connections).await?;
                Ok(Self::Multiplexed(link))
            }
            Connections::Pooled { .. } | Connections::Short => {
                Pool::connect(options).await.map(Self::Pool)
            }
        }
    }

    /// The flags that tell the server how its replies may come.
    pub(super) fn flags(&self) -> u16 {
        match self {
            Self::Pool(_) | Self::Http2(_) => 0,
            Self::Multiplexed(_) => flags::OUT_OF_ORDER,
        }
    }

    /// Sends a request and waits for its reply. The request is made when there is a connection to
    /// send it on, as far as that is known, and once more for another one when nothing of it was
    /// written.
    pub(super) async fn exchange(
        &self,
        request: impl Fn() -> Result<Request, Status>,
    ) -> Result<Received, Status> {
        match self {
            Self::Pool(pool) => {
                let mut lease = pool.take().await?;
                let request = request()?;
                lease.connection.write(&request.bytes).await?;
                let frame = if request.oneway {
                    None
                } else {
                    Some(lease.connection.read().await?)
                };
                Ok(Received {
                    sequence: request.sequence,
                    frame,
                    lease: Some(lease),
                })
            }
            Self::Http2(_) => Err(Status::transport("a frame has no place on HTTP/2")),
            Self::Multiplexed(link) => {
                let (sequence, frame) = link.exchange(request).await?;
                Ok(Received {
                    sequence,
                    frame,
                    lease: None,
                })
            }
        }
    }
}
