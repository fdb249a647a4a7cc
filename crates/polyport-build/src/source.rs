//! The IDL files of a run, and places in them.

#[cfg(feature = "protobuf")]
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The most bytes that a file may have. The largest IDLs have a few; what has more was given by
/// mistake, and might never end.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Reads a file, but no more than any IDL has.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?.take(MAX_FILE + 1);
    match file.read_to_end(&mut bytes)? {
        length if length as u64 > MAX_FILE => Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it has more than 64 MiB, and no IDL may have more",
        )),
        _ => Ok(bytes),
    }
}

/// One IDL file.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path as it was given or found: diagnostics show it.
    pub(crate) path: PathBuf,
    /// What the file holds, as far as it is UTF-8.
    pub(crate) text: String,
    /// Where in the text something else was replaced. Comments may be of any encoding.
    pub(crate) not_utf8: Vec<usize>,
}

impl Source {
    /// Reads a file, or says why it is none that could hold an IDL.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let problem = |why: &str| Err(format!("cannot read `{}`: {why}", path.display()));
        if path.is_dir() {
            return problem("it is a directory; name the files in it");
        }
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) => return problem(&error.to_string()),
        };
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return problem("it is UTF-16; save it as UTF-8");
        }
        if bytes.contains(&0) {
            return problem("it is not a text");
        }
        Ok(Self::new(path, &bytes))
    }

    pub(crate) fn new(path: &Path, bytes: &[u8]) -> Self {
        let mut text = String::with_capacity(bytes.len());
        let mut not_utf8 = Vec::new();
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                not_utf8.push(text.len());
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Self {
            path: path.to_owned(),
            text,
            not_utf8,
        }
    }

    /// The number of the line that a piece of text starts on; the first is 0.
    pub(crate) fn line(&self, span: Span) -> usize {
        self.text[..span.start].matches('\n').count()
    }
}

/// Protobuf files as another compiler wrote them.
#[derive(Clone, Debug)]
pub(crate) struct DescriptorSet {
    /// The file, or what stands for it in messages.
    pub(crate) path: PathBuf,
    /// What is in it, unless it is still to be read.
    #[cfg_attr(
        not(feature = "protobuf"),
        expect(dead_code, reason = "nobody reads it then")
    )]
    pub(crate) encoded: Option<Vec<u8>>,
}

#[cfg(feature = "protobuf")]
impl DescriptorSet {
    pub(crate) fn encoded(&self) -> io::Result<Cow<'_, [u8]>> {
        match &self.encoded {
            Some(encoded) => Ok(Cow::Borrowed(encoded)),
            None => read(&self.path).map(Cow::Owned),
        }
    }
}

/// The place of a file in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FileId(pub(crate) usize);

/// All files of a run, in the order in which they were first named.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    files: Vec<Source>,
}

impl Sources {
    pub(crate) fn add(&mut self, source: Source) -> FileId {
        self.files.push(source);
        FileId(self.files.len() - 1)
    }

    /// Adds the files of another run behind these; gives how many stand before them.
    pub(crate) fn append(&mut self, mut other: Self) -> usize {
        let before = self.files.len();
        self.files.append(&mut other.files);
        before
    }

    pub(crate) fn get(&self, file: FileId) -> &Source {
        &self.files[file.0]
    }

    /// The number of the line that a piece of text starts on; the first is 0.
    pub(crate) fn line(&self, span: Span) -> usize {
        self.get(span.file).line(span)
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }
}

/// A piece of a file's text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) file: FileId,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(file: FileId, range: Range<usize>) -> Self {
        Self {
            file,
            start: range.start,
            end: range.end,
        }
    }

    /// From the start of this to the end of `other`.
    pub(crate) fn to(self, other: Self) -> Self {
        Self {
            end: other.end,
            ..self
        }
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}
