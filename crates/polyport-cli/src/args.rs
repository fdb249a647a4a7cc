//! What was typed.

mod bench;
mod new;
mod call;
mod explain;
mod completions;
mod manual;
mod target;
mod told;
mod serving;
mod idl;
mod metadata;
mod address;
mod duration;
mod transport;
mod include_dirs;

use std::path::PathBuf;

use clap::{ArgGroup, Parser};

pub(crate) use crate::args::bench::BenchArgs;
pub(crate) use crate::args::call::CallArgs;
pub(crate) use crate::args::completions::CompletionsArgs;
pub(crate) use crate::args::explain::{CallPlace, ExplainArgs};
pub(crate) use crate::args::idl::{DescriptorSets, IdlArgs};
pub(crate) use crate::args::include_dirs::IncludeDirs;
pub(crate) use crate::args::manual::ManArgs;
pub(crate) use crate::args::metadata::Pair;
pub(crate) use crate::args::new::NewArgs;
pub(crate) use crate::args::serving::ServingArgs;
pub(crate) use crate::args::target::TargetArgs;
pub(crate) use crate::args::told::{DescribeArgs, ListArgs};
pub(crate) use crate::args::transport::TransportName;

/// Polyport: any number of RPC services on one port.
#[derive(Debug, Parser)]
#[command(name = "polyport", version, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    New(NewArgs),
    Gen(GenArgs),
    Check(CheckArgs),
    Explain(ExplainArgs),
    Decode(DecodeArgs),
    Call(CallArgs),
    Bench(BenchArgs),
    List(ListArgs),
    Describe(DescribeArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

const EXAMPLES: &str = "\
Examples:
  polyport new shop --idl orders.thrift                start a project from an IDL
  polyport gen idl/demo.thrift -o src/generated        write Rust for an IDL
  polyport check idl/demo.thrift --against old         find what breaks older peers
  polyport explain --idl idl/demo.thrift               see which service answers what
  polyport call HOST:PORT SERVICE/METHOD -d '{}'       call a server by JSON
  polyport bench HOST:PORT SERVICE/METHOD -c 50        measure how fast a server answers
  polyport list HOST:PORT                              list the services of a server
  polyport describe HOST:PORT SERVICE                  print a service as its IDL writes it
  polyport decode --idl idl/demo.thrift -f frame.bin   print the frames of a connection
  polyport completions bash                            complete these commands in a shell
  polyport man gen | man -l -                          read the manual of a command

Exit status:
  0  all went well
  1  something is wrong with what the command was given
  2  the command was called in a wrong way
  3  a call was answered with a business error

`polyport COMMAND --help` has more examples and says what each status means.";

/// Generates Rust from IDL files: the same as `polyport_build` does in a build script.
#[derive(Debug, clap::Args)]
#[command(after_long_help = GEN_EXAMPLES)]
pub(crate) struct GenArgs {
    /// The IDL files, `.thrift` or `.proto`; all of them go into one Rust file.
    #[arg(required_unless_present = "descriptor_sets", value_name = "IDL")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) include_dirs: IncludeDirs,

    #[command(flatten)]
    pub(crate) descriptors: DescriptorSets,

    /// The directory to write to.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub(crate) out_dir: PathBuf,

    /// The name of the Rust file, without `.rs`; otherwise the first IDL's name.
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Also generate a service with all methods of all services of each file.
    #[arg(long)]
    pub(crate) combine_service: bool,

    /// Write nothing, but say whether the file is up to date, and how it differs if not.
    #[arg(long)]
    pub(crate) check: bool,

    /// Print JSON, a line each: diagnostics, and what was written or whether it is up to date.
    #[arg(long)]
    pub(crate) json: bool,

    /// Keep fields that the IDL does not know, in the structs that the path names; `.` names all.
    #[arg(long, value_name = "PATH")]
    pub(crate) keep_unknown_fields: Vec<String>,

    /// Hold every `string` below the path as bytes, which need not be UTF-8.
    #[arg(long, value_name = "PATH")]
    pub(crate) text_as_bytes: Vec<String>,

    /// Hold every `string` below the path as `Arc<str>`, which is cheap to clone.
    #[arg(long, value_name = "PATH")]
    pub(crate) shared_text: Vec<String>,

    /// Put the fields that the path names in boxes.
    #[arg(long, value_name = "PATH")]
    pub(crate) boxed: Vec<String>,
}

const GEN_EXAMPLES: &str = "\
Examples:
  Two IDLs into src/generated/api.rs:
    polyport gen idl/orders.thrift idl/stock.thrift -o src/generated --name api

  The same in CI, where the file is checked in:
    polyport gen idl/orders.thrift idl/stock.thrift -o src/generated --name api --check

Exit status:
  0  the file was written; with --check, it is up to date
  1  an IDL has mistakes, or a file cannot be read or written; with --check, the file is stale
  2  the command was called in a wrong way";

/// Checks IDL files: their mistakes, and what they break that an older version promised.
///
/// A change breaks the wire when peers of the two versions no longer understand each other, and the
/// source when code that uses what is generated has to change.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = CHECK_EXAMPLES,
    group(
        ArgGroup::new("serving")
            .args(["services", "fallbacks", "refuse_traffic_without_service_name"])
            .multiple(true)
            .requires("against")
    )
)]
pub(crate) struct CheckArgs {
    /// The IDL files, which belong to one server.
    #[arg(required_unless_present = "descriptor_sets", value_name = "IDL")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) include_dirs: IncludeDirs,

    #[command(flatten)]
    pub(crate) descriptors: DescriptorSets,

    /// An older version of an IDL or a descriptor set, or a directory with files of the same names;
    /// reports every change that breaks something.
    ///
    /// What the older files include is looked for beside them, in this directory, and then in
    /// those of `-I`. Among what is reported are new methods that another service has, too, which
    /// makes calls undecided that name no service: the next three options say for what server.
    #[arg(long, value_name = "OLD")]
    pub(crate) against: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) serving: ServingArgs,

    /// Also show the changes that break nothing.
    #[arg(short, long, requires = "against")]
    pub(crate) verbose: bool,

    /// Print JSON, a line each: diagnostics, and at the end one object that says whether all is well.
    #[arg(long)]
    pub(crate) json: bool,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  All mistakes of two IDLs of one server:
    polyport check idl/orders.thrift idl/stock.thrift

  What a branch breaks:
    mkdir old && git archive main idl | tar -x -C old
    polyport check idl/orders.thrift --against old

  The same for a server of two of its services, one of them the fallback:
    polyport check idl/orders.thrift --against old --service Orders --service Carts \\
        --fallback Orders

Exit status:
  0  there are no mistakes and no breaking changes
  1  there are, or a file cannot be read
  2  the command was called in a wrong way";

/// Prints the frames of a connection: requests and replies, whatever transport they came in.
///
/// The transport is found out by the bytes: Buffered, Framed, TTHeader, TTHeader with Framed,
/// MeshHeader, and HTTP/2 with gRPC's messages; what else a connection may start with (HTTP/1, TLS,
/// ...) is named. Without an IDL, values are printed by the numbers and types that the wire has; with
/// one, by their names.
///
/// HTTP/2 can only be read from where one side begins, because headers refer to those before them;
/// what the other side sent may stand behind it, from its beginning. A message of gRPC that takes
/// more than one frame is named by its size.
#[derive(Debug, clap::Args)]
#[command(after_long_help = DECODE_EXAMPLES, group(idl::described()))]
pub(crate) struct DecodeArgs {
    /// The bytes in hex; otherwise they are read from the standard input.
    ///
    /// Blanks, commas, colons, `0x` and `\x` may stand between them, and what `xxd`, `hexdump -C`,
    /// `od -tx1`, `tcpdump -X` and Wireshark print around them. Bytes as programs print or declare
    /// them are read, too: `[0, 17]`, `{ 0x00, 0x11 }`, `b"\0\x11"`.
    #[arg(value_name = "HEX", conflicts_with = "file")]
    pub(crate) hex: Vec<String>,

    /// A file with the bytes, as they are or in hex; the standard input may hold either, too.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) idl: IdlArgs,

    /// The service that the messages are for, whatever their headers say.
    ///
    /// Without this, a TTHeader's service name decides, then the method if one service has it or
    /// if it is the same in all that do; a reply belongs to the service of the call before it.
    #[arg(long, value_name = "NAME", requires = "described")]
    pub(crate) service: Option<String>,

    /// Print where each line starts in the input, in hex.
    #[arg(long, conflicts_with = "json")]
    pub(crate) offsets: bool,

    /// Print one JSON object for each frame, a line each.
    #[arg(long)]
    pub(crate) json: bool,
}

const DECODE_EXAMPLES: &str = "\
Examples:
  A framed call, from the command line:
    polyport decode 00000011 80010001 00000004 70696e67 00000001 00

  What a client sent, with the names of an IDL:
    polyport decode --idl idl/demo.thrift --file request.bin
    xxd request.bin | polyport decode --idl idl/demo.thrift

Exit status:
  0  every byte was read
  1  the bytes are broken, cut off, or nothing that can be taken apart; the output says where
  2  the command was called in a wrong way";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// The words of a command line as a shell cuts it, up to what it is led to.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                _ => words.last_mut().unwrap().push(letter),
            }
        }
        let end = words.iter().position(|word| word == "|" || word == ">");
        words.truncate(end.unwrap_or(words.len()));
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_example_can_be_typed() {
        let program = Args::command();
        for command in program.get_subcommands() {
            let help = command.get_after_long_help().unwrap().to_string();
            let help = help.replace("\\\n", "");
            let examples = help.lines().filter_map(|line| {
                let at = line
                    .find("polyport ")
                    .filter(|_| line.starts_with("    "))?;
                Some(&line[at..])
            });
            let mut count = 0;
            for example in examples {
                let parsed = Args::try_parse_from(words(example));
                assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
                count += 1;
            }
            assert!(count > 0, "{}: {help}", command.get_name());
        }
    }

    #[test]
    fn what_is_described_is_sound() {
        Args::command().debug_assert();
    }
}
