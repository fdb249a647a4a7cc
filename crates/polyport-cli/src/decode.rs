//! `polyport decode`

mod passing;
mod text;
mod frame;
mod http2;
mod message;
mod idl;
mod header;
mod protobuf;
mod value;
mod cursor;
mod input;

use std::fs;
use std::io::{self, BufWriter, Read, Write, stdin, stdout};
use std::process::ExitCode;

use crate::args::DecodeArgs;
use crate::decode::frame::Frames;
use crate::decode::idl::Idl;
pub(crate) use crate::decode::passing::PassingFrames;
use crate::decode::text::Printer;
use crate::failure::Failure;
use crate::report::line;
use crate::terminal::Colors;

pub(crate) fn run(args: &DecodeArgs) -> Result<ExitCode, Failure> {
    let idl = Idl::new(args.idl.schema()?, args.service.as_deref()).map_err(Failure::Usage)?;
    let bytes = bytes(args)?;
    if bytes.is_empty() {
        return Err(Failure::Usage("there are no bytes to decode".to_owned()));
    }
    let out = BufWriter::new(stdout().lock());
    let is_well = if args.json {
        print_json(&bytes, &idl, out)?
    } else {
        print_text(&bytes, &idl, args.offsets, out)?
    };
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn bytes(args: &DecodeArgs) -> Result<Vec<u8>, Failure> {
    let content = match &args.file {
        None if !args.hex.is_empty() => {
            return input::from_hex(&args.hex.join(" ")).map_err(Failure::Usage);
        }
        None => {
            let mut content = Vec::new();
            stdin().lock().read_to_end(&mut content)?;
            content
        }
        Some(path) => fs::read(path).map_err(|error| {
            Failure::Other(format!("cannot read `{}`: {error}", path.display()))
        })?,
    };
    input::from_content(content).map_err(Failure::Usage)
}

/// Writes every frame, and gives whether all was well.
fn print_text(bytes: &[u8], idl: &Idl, offsets: bool, out: impl Write) -> io::Result<bool> {
    let mut printer = Printer {
        out,
        colors: Colors::on(&stdout()),
        offsets,
    };
    let mut is_well = true;
    let mut number = 0;
    let mut frames = Frames::new(bytes, idl);
    for frame in &mut frames {
        number += 1;
        printer.frame(number, &frame)?;
        is_well &= frame.problems.is_empty();
    }
    if let Some((at, size)) = frames.rest() {
        printer.rest(at, size)?;
    }
    printer.out.flush()?;
    Ok(is_well)
}

/// Writes every frame as a line of JSON, and gives whether all was well.
fn print_json(bytes: &[u8], idl: &Idl, mut out: impl Write) -> io::Result<bool> {
    let mut is_well = true;
    for frame in Frames::new(bytes, idl) {
        writeln!(out, "{}", line(&frame)?)?;
        is_well &= frame.problems.is_empty();
    }
    out.flush()?;
    Ok(is_well)
}

#[cfg(test)]
mod tests;
