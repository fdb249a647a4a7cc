//! What is typed for `polyport explain`.

use std::str::FromStr;

use crate::args::idl::{IdlArgs, described};
use crate::args::{ServingArgs, TransportName};

/// Says where calls go on a server of these IDLs, without opening a port.
///
/// It makes the tables of a server that has the services of the IDLs, and shows which service
/// answers a method when a call does not say which service it is for. What would be wrong with such
/// a server is told in the words in which it would refuse to start.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXPLAIN_EXAMPLES, group(described().required(true)))]
pub(crate) struct ExplainArgs {
    /// One call to explain: `SERVICE/METHOD`, or `/METHOD` for one that names no service.
    #[arg(value_name = "CALL")]
    pub(crate) call: Option<CallPlace>,

    #[command(flatten)]
    pub(crate) idl: IdlArgs,

    #[command(flatten)]
    pub(crate) serving: ServingArgs,

    /// In place of each file's services the one that combines them.
    #[arg(long)]
    pub(crate) combine_service: bool,

    /// An old name of a service.
    #[arg(long, value_name = "OLD=NAME", value_parser = alias)]
    pub(crate) alias: Vec<(String, String)>,

    /// A service that is admitted over gRPC alone, which always names it; several may be given.
    #[arg(long, value_name = "NAME")]
    pub(crate) grpc_only: Vec<String>,

    /// The server has a handler for what no service has.
    #[arg(long)]
    pub(crate) unknown: bool,

    /// The transport that CALL comes over.
    #[arg(
        long,
        value_name = "TRANSPORT",
        default_value = "ttheader",
        requires = "call"
    )]
    pub(crate) transport: TransportName,

    /// Print one JSON object: the tables, what is wrong, or where CALL goes.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  The routes of a server with the services of two IDLs:
    polyport explain --idl idl/orders.thrift --idl idl/stock.proto

  The same with a service for the methods that several have:
    polyport explain --idl idl/orders.thrift --fallback Orders

  Who answers `list` for a client that names no service, and why:
    polyport explain --idl idl/orders.thrift --fallback Orders /list

Exit status:
  0  the server would start; with CALL, somebody answers it
  1  it would not, or nobody does; or an IDL has mistakes
  2  the command was called in a wrong way";

/// What a call says about where it wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallPlace {
    pub(crate) service: Option<String>,
    pub(crate) method: String,
}

impl FromStr for CallPlace {
    type Err = String;

    /// gRPC's paths begin with a slash as well, and have a second one.
    fn from_str(text: &str) -> Result<Self, String> {
        let (service, method) = match text.rsplit_once('/') {
            Some((service, method)) if !method.is_empty() => (service, method),
            _ => {
                return Err("write SERVICE/METHOD, or /METHOD for a call without a name".to_owned());
            }
        };
        let service = service.strip_prefix('/').unwrap_or(service);
        Ok(Self {
            service: (!service.is_empty()).then(|| service.to_owned()),
            method: method.to_owned(),
        })
    }
}

fn alias(text: &str) -> Result<(String, String), String> {
    let (old, name) = text.split_once('=').ok_or("write OLD=NAME")?;
    Ok((old.to_owned(), name.to_owned()))
}
