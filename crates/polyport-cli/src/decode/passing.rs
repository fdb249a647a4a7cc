//! Frames of a connection that is looked at while it works.

use std::io;

use polyport_wire::schema::Schema;

use crate::decode::frame::Frames;
use crate::decode::idl::Idl;
use crate::decode::text::Printer;
use crate::terminal::Colors;

/// Reads frames with the names of a schema, and keeps in mind which calls it has seen.
#[derive(Debug)]
pub(crate) struct PassingFrames {
    idl: Idl,
    colors: Colors,
}

/// A frame as the command prints it.
#[derive(Debug)]
pub(crate) struct Shown {
    /// How many bytes of it are there.
    pub(crate) size: usize,
    /// Whether that is all of it.
    pub(crate) is_whole: bool,
    pub(crate) text: String,
}

impl PassingFrames {
    /// # Errors
    ///
    /// When the schema has no such service.
    pub(crate) fn new(
        schema: Schema,
        service: Option<&str>,
        colors: Colors,
    ) -> Result<Self, String> {
        let idl = Idl::new(Some(schema), service)?;
        Ok(Self { idl, colors })
    }

    /// The first frame of these bytes; `None` if there are none.
    pub(crate) fn first(&self, bytes: &[u8]) -> io::Result<Option<Shown>> {
        let Some(frame) = Frames::new(bytes, &self.idl).next() else {
            return Ok(None);
        };
        let mut printer = Printer {
            out: Vec::new(),
            colors: self.colors,
            offsets: false,
        };
        printer.frame(1, &frame)?;
        let text = String::from_utf8_lossy(&printer.out);
        Ok(Some(Shown {
            size: frame.size,
            is_whole: frame.ends,
            // There is one frame after the other, and each has its own place in the output.
            text: text.trim_start_matches("frame 1: ").to_owned(),
        }))
    }
}
