//! All files of a run as descriptors, with all that they import.

use std::collections::{HashMap, HashSet};

use buffa::Message;
use buffa_descriptor::generated::descriptor::{FileDescriptorProto, FileDescriptorSet};
use protox::file::{FileResolver, GoogleFileResolver};
use protox::prost::Message as _;

use crate::diagnostic::Diagnostic;
use crate::protobuf::is_library;
use crate::source::{DescriptorSet, FileId, Source, Sources, Span};

/// Descriptors in an order in which imports come before what imports them.
#[derive(Debug, Default)]
pub(super) struct FileSet {
    pub(super) files: Vec<FileDescriptorProto>,
    /// Where each file comes from, by its name; not those of the library.
    pub(super) origins: HashMap<String, FileId>,
    /// The files that the user named, and not only something that they import.
    pub(super) roots: HashSet<String>,
}

impl FileSet {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Adds files that are not there yet.
    pub(super) fn add(&mut self, encoded: &[u8]) -> Result<Vec<String>, String> {
        let set = decode(encoded)?;
        let mut added = Vec::new();
        for file in set.file {
            let name = file.name.clone().unwrap_or_default();
            if self.get(&name).is_none() {
                self.files.push(file);
                added.push(name);
            }
        }
        Ok(added)
    }

    /// Adds the files of a descriptor set that was made elsewhere; all that the set does not import
    /// itself count as named by the user.
    pub(super) fn add_encoded(
        &mut self,
        given: &DescriptorSet,
        sources: &mut Sources,
    ) -> Option<Diagnostic> {
        let path = &given.path;
        let problem = |why: String| {
            Some(Diagnostic::error(format!(
                "cannot read `{}`: {why}",
                path.display()
            )))
        };
        let encoded = match given.encoded() {
            Ok(encoded) => encoded,
            Err(error) => return problem(error.to_string()),
        };
        let added = match self.add(&encoded) {
            Ok(added) if added.is_empty() => return problem("it describes no file".to_owned()),
            Ok(added) => added,
            Err(error) => return problem(format!("it is not a descriptor set: {error}")),
        };
        // There is no text to show; the path is said all the same.
        let id = sources.add(Source::new(path, &[]));
        let imported: HashSet<&String> = self.files.iter().flat_map(|f| &f.dependency).collect();
        let roots = added.iter().filter(|name| !imported.contains(name));
        self.roots.extend(roots.cloned().collect::<Vec<_>>());
        let names = added.into_iter().filter(|name| !is_library(name));
        self.origins.extend(names.map(|name| (name, id)));
        None
    }

    /// Adds what is imported but not there, as far as the library has it.
    pub(super) fn complete(&mut self) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let mut next = 0;
        while let Some(file) = self.files.get(next) {
            let name = file.name.clone().unwrap_or_default();
            let known = |import: &&String| self.get(import).is_none();
            let missing: Vec<String> = file.dependency.iter().filter(known).cloned().collect();
            for import in missing {
                match library(&import) {
                    Some(found) => self.files.insert(next, found),
                    None => diagnostics.push(self.incomplete(&name, &import)),
                }
            }
            next += 1;
        }
        diagnostics
    }

    fn incomplete(&self, file: &str, import: &str) -> Diagnostic {
        let message =
            format!("`{file}` imports `{import}`, which the descriptor set does not hold");
        let diagnostic = Diagnostic::error(message).help(
            "make the set with all imports: `protoc --include_imports` does, `buf build` too",
        );
        match self.origins.get(file) {
            Some(id) => diagnostic.at(Span::new(*id, 0..0), "this set"),
            None => diagnostic,
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&FileDescriptorProto> {
        let mut files = self.files.iter();
        files.find(|file| file.name.as_deref() == Some(name))
    }

    /// What is embedded: everything but comments and places.
    pub(super) fn encode(&self) -> Vec<u8> {
        let bare = |file: &FileDescriptorProto| FileDescriptorProto {
            source_code_info: None.into(),
            ..file.clone()
        };
        encode(self.files.iter().map(bare))
    }

    /// With the file that says what options there are, whether another one imports it or not.
    pub(super) fn encode_with_options(&self) -> Vec<u8> {
        const OPTIONS: &str = "google/protobuf/descriptor.proto";
        let missing = match self.get(OPTIONS) {
            Some(_) => None,
            None => library(OPTIONS),
        };
        encode(missing.into_iter().chain(self.files.iter().cloned()))
    }
}

fn encode(files: impl Iterator<Item = FileDescriptorProto>) -> Vec<u8> {
    let set = FileDescriptorSet {
        file: files.collect(),
        ..FileDescriptorSet::default()
    };
    set.encode_to_vec()
}

fn decode(encoded: &[u8]) -> Result<FileDescriptorSet, String> {
    let options = buffa_codegen::tooling_decode_options()?;
    let decoded = options.decode_from_slice(encoded);
    decoded.map_err(|error| error.to_string())
}

fn library(name: &str) -> Option<FileDescriptorProto> {
    let file = GoogleFileResolver::new().open_file(name).ok()?;
    let encoded = file.file_descriptor_proto().encode_to_vec();
    FileDescriptorProto::decode_from_slice(&encoded).ok()
}
