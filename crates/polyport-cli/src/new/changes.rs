//! What a run changes in the project's directory, and what it has to say.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::Failure;

/// Files to be written, which are held against those that are there, and notes.
#[derive(Debug)]
pub(super) struct Changes {
    directory: PathBuf,
    files: Vec<File>,
    in_the_way: Vec<String>,
    notes: Vec<Note>,
}

#[derive(Debug)]
struct File {
    path: String,
    text: Vec<u8>,
    is_new: bool,
}

/// Something that the user has to know, or to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Note {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    message: String,
}

/// What is changed, for programs.
#[derive(Debug, Serialize)]
pub(super) struct Summary<'a> {
    directory: &'a Path,
    dry_run: bool,
    created: Vec<&'a str>,
    changed: Vec<&'a str>,
    notes: &'a [Note],
}

impl Note {
    /// The same when the line of a file has another number by then.
    pub(super) fn moved(mut self, path: &str, number: impl Fn(usize) -> usize) -> Self {
        if self.file.as_deref() == Some(path) {
            self.line = self.line.map(number);
        }
        self
    }

    /// About a file as a whole.
    pub(super) fn of_file(file: &str, message: String) -> Self {
        Self {
            file: Some(file.to_owned()),
            line: None,
            message,
        }
    }

    pub(super) fn new(message: String) -> Self {
        Self {
            file: None,
            line: None,
            message,
        }
    }

    pub(super) fn at(file: &str, line: usize, message: String) -> Self {
        Self {
            file: Some(file.to_owned()),
            line: Some(line),
            message,
        }
    }
}

impl Changes {
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            files: Vec::new(),
            in_the_way: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A file that is not there yet, or is already as it should be: another one is in the way.
    pub(super) fn create(&mut self, path: impl Into<String>, text: impl Into<Vec<u8>>) {
        let (path, text) = (path.into(), text.into());
        match fs::read(self.directory.join(&path)) {
            Ok(current) if current == text => {}
            Ok(_) => self.in_the_way.push(path),
            // What is there and no file is in the way when it is written.
            Err(_) => self.files.push(File {
                path,
                text,
                is_new: true,
            }),
        }
    }

    /// A file that may be there with another text.
    pub(super) fn replace(&mut self, path: impl Into<String>, text: impl Into<Vec<u8>>) {
        let (path, text) = (path.into(), text.into());
        let current = fs::read(self.directory.join(&path)).ok();
        if current.as_ref() != Some(&text) {
            self.files.push(File {
                path,
                text,
                is_new: current.is_none(),
            });
        }
    }

    pub(super) fn notes(&mut self, notes: impl IntoIterator<Item = Note>) {
        self.notes.extend(notes);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Writes the files, unless others are in the way of any of them.
    pub(super) fn write(&self) -> Result<(), Failure> {
        for File { path, text, .. } in &self.files {
            let path = self.directory.join(path);
            let directory = path.parent().unwrap_or(&self.directory);
            let written = fs::create_dir_all(directory).and_then(|()| fs::write(&path, text));
            written.map_err(|error| {
                Failure::Other(format!("cannot write `{}`: {error}", path.display()))
            })?;
        }
        Ok(())
    }

    /// Files of others are never overwritten.
    pub(super) fn refuse_others(&self) -> Result<(), Failure> {
        if self.in_the_way.is_empty() {
            return Ok(());
        }
        Err(Failure::Other(format!(
            "`{}` has files already that would be overwritten: {}; choose another directory, or move \
             them out of the way",
            self.directory.display(),
            self.in_the_way.join(", ")
        )))
    }

    /// A line for each file and each note.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for File { path, is_new, .. } in &self.files {
            let what = if *is_new { "new" } else { "changed" };
            writeln!(out, "{what:<8} {path}")?;
        }
        for Note {
            file,
            line,
            message,
        } in &self.notes
        {
            match (file, line) {
                (Some(file), Some(line)) => writeln!(out, "note     {file}:{line}: {message}")?,
                (Some(file), None) => writeln!(out, "note     {file}: {message}")?,
                _ => writeln!(out, "note     {message}")?,
            }
        }
        Ok(())
    }

    /// The same for programs.
    pub(super) fn summary(&self, is_dry_run: bool) -> Summary<'_> {
        let paths = |is_new: bool| {
            let files = self.files.iter().filter(move |file| file.is_new == is_new);
            files.map(|file| file.path.as_str()).collect()
        };
        Summary {
            directory: &self.directory,
            dry_run: is_dry_run,
            created: paths(true),
            changed: paths(false),
            notes: &self.notes,
        }
    }
}
