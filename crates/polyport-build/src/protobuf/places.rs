//! Where things stand in a `.proto` file, by the paths of its descriptor.

use std::collections::HashMap;

use buffa_descriptor::generated::descriptor::FileDescriptorProto;
use buffa_descriptor::generated::descriptor::source_code_info::Location;

use crate::source::{FileId, Sources, Span};

/// The fields of descriptors that paths are made of.
pub(super) const IMPORT: i32 = 3;
pub(super) const MESSAGE: i32 = 4;
pub(super) const ENUM: i32 = 5;
pub(super) const SERVICE: i32 = 6;
/// In a service.
pub(super) const METHOD: i32 = 2;
/// Of whatever it is.
pub(super) const NAME: i32 = 1;

/// The places and comments of one file.
#[derive(Debug)]
pub(super) struct Places<'a> {
    file: FileId,
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    locations: HashMap<&'a [i32], &'a Location>,
}

impl<'a> Places<'a> {
    pub(super) fn new(
        file: FileId,
        descriptor: &'a FileDescriptorProto,
        sources: &'a Sources,
    ) -> Self {
        let text = sources.get(file).text.as_str();
        let breaks = text.match_indices('\n').map(|(place, _)| place + 1);
        let info = descriptor.source_code_info.as_option();
        let locations = info.iter().flat_map(|info| &info.location);
        Self {
            file,
            text,
            lines: std::iter::once(0).chain(breaks).collect(),
            locations: locations
                .map(|location| (location.path.as_slice(), location))
                .collect(),
        }
    }

    /// Where it stands, as far as the file says; else the beginning of the file.
    pub(super) fn span(&self, path: &[i32]) -> Span {
        let found = self.locations.get(path);
        let range = found.and_then(|location| match location.span[..] {
            [line, start, end] => Some(self.offset(line, start)?..self.offset(line, end)?),
            [first, start, last, end] => Some(self.offset(first, start)?..self.offset(last, end)?),
            _ => None,
        });
        Span::new(self.file, range.unwrap_or(0..0))
    }

    /// The comment before it.
    pub(super) fn docs(&self, path: &[i32]) -> String {
        let found = self.locations.get(path);
        let comment = found.and_then(|location| location.leading_comments.as_deref());
        let lines = comment.unwrap_or_default().lines().map(str::trim);
        lines.collect::<Vec<_>>().join("\n").trim().to_owned()
    }

    /// Lines and columns count from 0, and columns are bytes: that is how protox counts them.
    fn offset(&self, line: i32, column: i32) -> Option<usize> {
        let start = self.lines.get(usize::try_from(line).ok()?)?;
        let offset = start + usize::try_from(column).ok()?;
        // What came from elsewhere may not fit the text.
        self.text.is_char_boundary(offset).then_some(offset)
    }
}
