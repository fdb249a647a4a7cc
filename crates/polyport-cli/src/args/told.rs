//! What is typed for `polyport list` and `polyport describe`.

use std::time::Duration;

use crate::args::idl::{DESCRIBING, IdlArgs};
use crate::args::{Pair, TargetArgs, TransportName};
use crate::args::{address, duration};

/// Lists the services of a server, or of IDLs, and their methods.
///
/// The server is asked by reflection: over Thrift, which tells of all services, or by gRPC's, which
/// tells of Protobuf's. A Polyport server answers both after `Server::reflection`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = LIST_EXAMPLES)]
pub(crate) struct ListArgs {
    /// The server, such as `127.0.0.1:8888` or `localhost:8888`.
    #[arg(
        value_name = "ADDR",
        value_parser = address::parse,
        required_unless_present_any = DESCRIBING,
        conflicts_with_all = DESCRIBING
    )]
    address: Option<String>,

    #[command(flatten)]
    asking: AskingArgs,

    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

const LIST_EXAMPLES: &str = "\
Examples:
  What a server has:
    polyport list 127.0.0.1:8888

  The same over HTTP/2, with a header:
    polyport list 127.0.0.1:8888 --transport grpc -H tenant=7

  What IDLs have:
    polyport list --idl idl/orders.thrift --idl idl/stock.proto

Exit status:
  0  the services were printed
  1  the server cannot be reached, does not tell or does not describe every service, or an IDL has
     mistakes
  2  the command was called in a wrong way";

/// Prints a service, a method or a type as its IDL writes it, with the types that it needs.
///
/// The server is asked by reflection: over Thrift, which tells of all services, or by gRPC's, which
/// tells of Protobuf's. Comments are printed where they are known, which is in IDLs.
#[derive(Debug, clap::Args)]
#[command(after_long_help = DESCRIBE_EXAMPLES, allow_missing_positional = true)]
pub(crate) struct DescribeArgs {
    /// The server, such as `127.0.0.1:8888` or `localhost:8888`.
    #[arg(
        value_name = "ADDR",
        value_parser = address::parse,
        required_unless_present_any = DESCRIBING,
        conflicts_with_all = DESCRIBING
    )]
    address: Option<String>,

    /// What is described: `SERVICE`, `SERVICE/METHOD`, or a type, `.TYPE`; each with its package or
    /// without.
    #[arg(value_name = "NAME", required = true)]
    pub(crate) name: String,

    #[command(flatten)]
    asking: AskingArgs,

    /// Print one JSON object, or one for each that has the name.
    #[arg(long)]
    pub(crate) json: bool,
}

const DESCRIBE_EXAMPLES: &str = "\
Examples:
  A service of a server:
    polyport describe 127.0.0.1:8888 demo.Greeter

  One of its methods, and a type:
    polyport describe 127.0.0.1:8888 Greeter/greet
    polyport describe 127.0.0.1:8888 .demo.Request

  A service of an IDL, for programs:
    polyport describe --idl idl/demo.thrift Greeter --json

Exit status:
  0  it was printed
  1  the server cannot be reached or does not tell, or an IDL has mistakes
  2  the command was called in a wrong way: such as with a name that is not there";

/// How a server is asked.
#[derive(Clone, Debug, clap::Args)]
struct AskingArgs {
    #[command(flatten)]
    idl: IdlArgs,

    /// How messages are cut, instead of TTHeader, and gRPC for gRPC's reflection.
    #[arg(long, value_enum, value_name = "TRANSPORT")]
    transport: Option<TransportName>,

    /// A header for gRPC's reflection.
    #[arg(short = 'H', long = "metadata", value_name = "KEY=VALUE")]
    metadata: Vec<Pair>,

    /// How long an answer may take, such as 200ms or 5s.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    timeout: Option<Duration>,

    /// How long connecting may take.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse, default_value = "1s")]
    connect_timeout: Duration,
}

impl ListArgs {
    pub(crate) fn target(&self) -> TargetArgs {
        self.asking.target(self.address.as_deref())
    }
}

impl DescribeArgs {
    pub(crate) fn target(&self) -> TargetArgs {
        self.asking.target(self.address.as_deref())
    }
}

impl AskingArgs {
    /// Without an address there are IDLs, and nobody is asked.
    fn target(&self, address: Option<&str>) -> TargetArgs {
        TargetArgs {
            address: address.unwrap_or_default().to_owned(),
            idl: self.idl.clone(),
            transport: self.transport,
            metadata: self.metadata.clone(),
            transient: Vec::new(),
            persistent: Vec::new(),
            timeout: self.timeout,
            connect_timeout: self.connect_timeout,
            caller: None,
            no_service_name: false,
            multiplexed_names: false,
        }
    }
}
