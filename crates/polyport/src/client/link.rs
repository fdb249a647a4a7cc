//! How a request gets to the server and its reply back: over a connection of its own, over one that
//! calls share, or without one.

use std::sync::Arc;

use bytes::BytesMut;
use polyport_wire::frame::{Frame, FrameDecoder};
use polyport_wire::transport::Transport;
use polyport_wire::ttheader::flags;

use crate::client::http2::Http2;
use crate::client::multiplex::Multiplexed;
use crate::client::options::{ClientOptions, Connections};
use crate::client::pool::{Lease, Pool};
use crate::error::Error;
use crate::in_process::InProcess;
use crate::limits::Limits;
use crate::status::Status;

/// The way from a client to its server.
#[derive(Debug)]
pub(super) enum Link {
    Frames(Frames),
    Http2(Arc<Http2>),
    /// To a server of this process, with HTTP/2 for what streams.
    InProcess(Frames, Arc<Http2>),
}

/// A way for calls that are a frame, and a frame back.
#[derive(Debug)]
pub(super) enum Frames {
    Pool(Pool),
    Multiplexed(Multiplexed),
    InProcess(Arc<dyn InProcess>),
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
        if let Some(server) = &options.server {
            return Ok(Self::in_process(options, server));
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
                Ok(Self::Frames(Frames::Multiplexed(link)))
            }
            Connections::Pooled { .. } | Connections::Short => {
                let pool = Pool::connect(options).await?;
                Ok(Self::Frames(Frames::Pool(pool)))
            }
        }
    }

    /// The way to a server of this process, which needs no connection before the first stream.
    pub(super) fn in_process(options: &ClientOptions, server: &Arc<dyn InProcess>) -> Self {
        let http2 = Arc::new(Http2::new(options));
        if options.transport == Transport::Grpc {
            return Self::Http2(http2);
        }
        Self::InProcess(Frames::InProcess(Arc::clone(server)), http2)
    }

    /// The way for what streams, if there is one.
    pub(super) fn http2(&self) -> Option<&Arc<Http2>> {
        match self {
            Self::Frames(_) => None,
            Self::Http2(http2) | Self::InProcess(_, http2) => Some(http2),
        }
    }
}

impl Frames {
    /// The flags that tell the server how its replies may come.
    pub(super) fn flags(&self) -> u16 {
        match self {
            Self::Pool(_) | Self::InProcess(_) => 0,
            Self::Multiplexed(_) => flags::OUT_OF_ORDER,
        }
    }

    /// Sends a request and waits for its reply. The request is made when there is a connection to
    /// send it on, as far as that is known, and once more for another one when nothing of it was
    /// written.
    pub(super) async fn exchange(
        &self,
        request: impl Fn() -> Result<Request, Status>,
        limits: &Limits,
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
            Self::InProcess(server) => {
                let request = request()?;
                Ok(Received {
                    sequence: request.sequence,
                    frame: invoke(&**server, request, limits).await?,
                    lease: None,
                })
            }
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

/// Has a request served here; nobody waits for a one-way call.
async fn invoke(
    server: &dyn InProcess,
    request: Request,
    limits: &Limits,
) -> Result<Option<Frame>, Status> {
    let serving = server.invoke(request.bytes);
    if request.oneway {
        tokio::spawn(serving);
        return Ok(None);
    }
    let frame = FrameDecoder::new(limits.wire())
        .decode(&mut serving.await)
        .map_err(|error| Status::transport(format!("the reply is broken: {error}")))?;
    match frame {
        Some(frame) => Ok(Some(frame)),
        None => Err(Status::transport("the server gave no reply")),
    }
}
