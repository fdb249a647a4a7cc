//! What is typed for `polyport call`.

use crate::args::TargetArgs;

/// Calls a method of a server: JSON in, JSON out, a line for each answer.
///
/// The method is described by an IDL, or by the server itself if it has reflection, over Thrift or
/// gRPC's. Its transport is found out: what streams and what is Protobuf's goes over gRPC, what is
/// Thrift's over TTHeader, unless `--transport` says otherwise.
#[derive(Debug, clap::Args)]
#[command(after_long_help = CALL_EXAMPLES)]
pub(crate) struct CallArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// The method: `SERVICE/METHOD`, or `METHOD` if one service has it.
    ///
    /// A service is named with its package or, if there is one of that name, without.
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,

    /// The request as JSON, `@FILE` for what is in a file, or `-` for the standard input; `{}` without
    /// any.
    ///
    /// For Thrift that is an object of the method's arguments by their names, for Protobuf and
    /// streams the message. A method that takes a stream gets one request for each JSON value of
    /// each `-d`, sent as it is read.
    #[arg(short, long = "data", value_name = "JSON")]
    pub(crate) data: Vec<String>,

    /// Show on the standard error what goes over the wire, and where the call went.
    ///
    /// Frames are shown in hex and as `polyport decode` prints them; of gRPC the headers and the
    /// messages. They pass a relay on this machine, which calls wait for. Behind them stands where the
    /// server leads such a call, and why, if it has Polyport's reflection over Thrift.
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Print every outcome as one JSON object a line: `{"ok": ...}`, or what went wrong.
    #[arg(long)]
    pub(crate) json: bool,
}

const CALL_EXAMPLES: &str = "\
Examples:
  A Thrift method by its IDL:
    polyport call 127.0.0.1:8888 ServiceB/sameNamedMethod \\
        --idl idl/demo.thrift -d '{\"req\": {\"message\": \"hi\"}}'

  A gRPC method of a server with reflection, with a header:
    polyport call 127.0.0.1:8888 demo.v1.Greeter/Greet -H tenant=7 -d '{\"name\": \"you\"}'

  A stream, with requests as they are typed:
    polyport call 127.0.0.1:8888 Chat/talk --idl idl/chat.proto -d -

  What a client reaches that names no service:
    polyport call 127.0.0.1:8888 sameNamedMethod --no-service-name --transport framed \\
        --idl idl/demo.thrift

Exit status:
  0  the call was answered
  1  the call failed: no connection, an exception, an error, no time left
  2  the command was called in a wrong way: such as with a request that does not fit the method
  3  the call was answered with a business error";
