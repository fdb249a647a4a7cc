//! The command line, as every peer of the interop tests has it.

use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use polyport::Codec;

use crate::validators::ValidatorName;

#[derive(Debug, Parser)]
#[command(name = "polyport-peer", about)]
pub(crate) struct Peer {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves a fixture until SIGTERM
    Serve(Serve),
    /// Calls a method and prints a JSON object a call
    Call(Call),
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Where to listen; port 0 picks one
    #[arg(long, default_value = "127.0.0.1:8888")]
    pub(crate) addr: String,
    /// What to register
    #[arg(long)]
    pub(crate) fixture: String,
    /// Refuse calls that do not name a service of this server
    #[arg(long)]
    pub(crate) refuse: bool,
    /// Answer unknown gRPC services and methods with Kitex's numbers
    #[arg(long)]
    pub(crate) kitex_status_codes: bool,
    /// Threads that serve; one for each processor by default
    #[arg(long)]
    pub(crate) threads: Option<usize>,
    /// Guard payloads behind a TTHeader
    #[arg(long)]
    pub(crate) validator: Option<ValidatorName>,
    /// Answer gRPC's health checks and reflection, too
    #[arg(long)]
    pub(crate) built_in: bool,
    /// Refuse frames of more bytes
    #[arg(long)]
    pub(crate) max_size: Option<usize>,
    /// How many milliseconds calls under way have when the server is stopped
    #[arg(long)]
    pub(crate) drain: Option<u64>,
    /// How many milliseconds a connection is silent then before it is closed
    #[arg(long)]
    pub(crate) quiet: Option<u64>,
    /// Obey words that only the peers of Kitex and of Polyport know
    #[arg(long)]
    pub(crate) further_words: bool,
    /// The server that the word next:REST asks for REST
    #[arg(long)]
    pub(crate) next: Option<String>,
    /// What goes out to it
    #[arg(long, default_value = "ttheader-framed")]
    pub(crate) next_transport: TransportName,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Call {
    /// The server's address
    #[arg(long)]
    pub(crate) addr: String,
    /// What goes out
    #[arg(long)]
    pub(crate) transport: TransportName,
    /// The service's name in the IDL
    #[arg(long)]
    pub(crate) service: String,
    /// The method's name in the IDL
    #[arg(long)]
    pub(crate) method: String,
    /// The arguments by name
    #[arg(long, default_value = "{}")]
    pub(crate) json: String,
    /// Leave out the service's name, the caller and the method
    #[arg(long)]
    pub(crate) no_service_name: bool,
    /// Milliseconds that the call may take
    #[arg(long)]
    pub(crate) timeout: Option<u64>,
    /// Metadata for the server
    #[arg(long, value_parser = pair, value_name = "K=V")]
    pub(crate) transient: Vec<(String, String)>,
    /// Metadata for the server and those behind it
    #[arg(long, value_parser = pair, value_name = "K=V")]
    pub(crate) persistent: Vec<(String, String)>,
    /// A plain header of HTTP/2, which is binary if its name ends with -bin
    #[arg(long, value_parser = pair, value_name = "K=V")]
    pub(crate) header: Vec<(String, String)>,
    /// Compress what is sent over gRPC
    #[arg(long)]
    pub(crate) compress: Option<CompressionName>,
    /// Give the call up after so many milliseconds
    #[arg(long)]
    pub(crate) cancel: Option<u64>,
    /// How often to call
    #[arg(long, default_value_t = 1)]
    pub(crate) count: usize,
    /// The name of this client
    #[arg(long, default_value = "")]
    pub(crate) caller: String,
    /// Guard payloads behind a TTHeader
    #[arg(long)]
    pub(crate) validator: Option<ValidatorName>,
    /// Name the service in front of the method, as Apache's multiplexed clients do
    #[arg(long)]
    pub(crate) multiplexed_names: bool,
}

impl Call {
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout.map(Duration::from_millis)
    }

    pub(crate) fn cancel(&self) -> Option<Duration> {
        self.cancel.map(Duration::from_millis)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TransportName {
    Buffered,
    Framed,
    Ttheader,
    TtheaderFramed,
    Mux,
    KitexProtobuf,
    KitexProtobufFramed,
    Grpc,
    GrpcThrift,
    Ttstream,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CompressionName {
    Gzip,
}

impl TransportName {
    /// How messages are written: nobody mixes the two in one call.
    pub(crate) fn codec(self) -> Codec {
        match self {
            Self::KitexProtobuf | Self::KitexProtobufFramed | Self::Grpc => Codec::Protobuf,
            _ => Codec::ThriftBinary,
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(format!("expected KEY=VALUE, found {text}")),
    }
}
