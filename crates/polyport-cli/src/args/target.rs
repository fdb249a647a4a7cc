//! What is typed for all commands that talk to a server.

use std::time::Duration;

use crate::args::{IdlArgs, Pair, TransportName};
use crate::args::{address, duration};

/// A server, and how it is spoken to.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// The server, such as `127.0.0.1:8888` or `localhost:8888`.
    #[arg(value_name = "ADDR", value_parser = address::parse)]
    pub(crate) address: String,

    #[command(flatten)]
    pub(crate) idl: IdlArgs,

    /// How messages are cut, instead of finding it out.
    ///
    /// Without this, a method that streams is called over gRPC, and so is one of Protobuf; one of
    /// Thrift is called over TTHeader. The same port may speak others: nothing is tried that could
    /// make a call twice.
    #[arg(long, value_enum, value_name = "TRANSPORT")]
    pub(crate) transport: Option<TransportName>,

    /// Metadata of the call: over gRPC a header, elsewhere Kitex's transient metadata.
    ///
    /// Over gRPC, the value of a key that ends with `-bin` is base64 of any bytes.
    #[arg(short = 'H', long = "metadata", value_name = "KEY=VALUE")]
    pub(crate) metadata: Vec<Pair>,

    /// Kitex's transient metadata, whatever the transport.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) transient: Vec<Pair>,

    /// Kitex's persistent metadata: also for the servers that this one calls.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) persistent: Vec<Pair>,

    /// How long a call may take, such as 200ms or 5s; the server is told.
    ///
    /// Without this, `call` waits for as long as the server takes, and `bench` for 10s.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub(crate) timeout: Option<Duration>,

    /// How long connecting may take.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "1s")]
    pub(crate) connect_timeout: Duration,

    /// The name of this client, which servers see as the caller.
    #[arg(long, value_name = "NAME")]
    pub(crate) caller: Option<String>,

    /// Leave out what names the service, as old clients do: the server must find it by the method.
    #[arg(long)]
    pub(crate) no_service_name: bool,

    /// Put the service in front of the method, `Service:method`, as Apache Thrift's multiplexed
    /// clients do; over Buffered and Framed, which have no other place for it.
    #[arg(long, conflicts_with = "no_service_name")]
    pub(crate) multiplexed_names: bool,
}
