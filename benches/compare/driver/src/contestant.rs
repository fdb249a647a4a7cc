//! Who is compared.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::process;

/// A server that can be started.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) command: Vec<String>,
    /// The services that the load calls.
    pub(crate) services: Vec<String>,
    pub(crate) echoes_frames: bool,
    /// Whether it serves connections with one call at a time; Kitex has an option against it.
    pub(crate) serves_apart: bool,
    /// Whether it ends when its input does, so that callgrind has something to say.
    pub(crate) ends_by_itself: bool,
}

/// The servers that have been built and that `only` names, or all if it names none.
pub(crate) fn servers(only: &[String]) -> Result<Vec<Contestant>> {
    let both = ["Left", "Right"];
    let mut found = Vec::new();
    for (name, program, services) in [
        ("floor", &["compare-floor"][..], &both[..]),
        ("polyport-1", &["compare-polyport", "1"], &both[..1]),
        ("polyport", &["compare-polyport", "2"], &both),
        ("polyport-100", &["compare-polyport", "100"], &both),
        ("volo-thrift", &["compare-volo"], &both),
        ("kitex", &["compare-kitex"], &both),
        ("kitex-mux", &["compare-kitex", "--mux"], &both),
    ] {
        let wanted = match only {
            [] => name != "kitex-mux",
            only => only.iter().any(|wanted| wanted == name),
        };
        if !wanted {
            continue;
        }
        if let Some(command) = command(name, program)? {
            found.push(Contestant {
                name,
                command,
                services: services.iter().map(ToString::to_string).collect(),
                echoes_frames: name == "floor",
                serves_apart: name != "kitex-mux",
                ends_by_itself: name.starts_with("polyport"),
            });
        }
    }
    ensure!(!found.is_empty(), "there is nothing to measure");
    Ok(found)
}

/// The same of those that speak gRPC.
pub(crate) fn grpc_servers(only: &[String]) -> Result<Vec<Contestant>> {
    let mut found = Vec::new();
    for (name, program, ends_by_itself) in [
        ("tonic", &["compare-tonic"][..], true),
        ("polyport", &["compare-polyport-grpc"], true),
        ("volo-grpc", &["compare-volo-grpc"], true),
        ("connectrpc", &["compare-connectrpc"], true),
        ("grpc-go", &["compare-grpc-go"], false),
        ("kitex", &["compare-kitex", "--grpc"], false),
    ] {
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
            continue;
        }
        if let Some(command) = command(name, program)? {
            found.push(Contestant {
                name,
                command,
                services: Vec::new(),
                echoes_frames: false,
                serves_apart: true,
                ends_by_itself,
            });
        }
    }
    ensure!(!found.is_empty(), "there is nothing to measure");
    Ok(found)
}

/// How a program is started with these arguments behind its name, if it has been built.
fn command(name: &str, program: &[&str]) -> Result<Option<Vec<String>>> {
    let path = beside(program[0])?;
    if !process::exists(&path) {
        eprintln!("{name} is left out: there is no {path}");
        return Ok(None);
    }
    let arguments = program[1..].iter().map(ToString::to_string);
    Ok(Some([path].into_iter().chain(arguments).collect()))
}

/// The path of a program that was built together with this one.
pub(crate) fn beside(program: &str) -> Result<String> {
    let own: PathBuf = env::current_exe()?;
    let path = own.parent().unwrap_or(Path::new(".")).join(program);
    let path = path.into_os_string().into_string().ok();
    path.context("the path of this program is not text")
}
