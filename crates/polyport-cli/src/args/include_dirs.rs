//! Where included files are looked for.

use std::path::PathBuf;

use polyport_build::Builder;

/// What `-I` gives.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct IncludeDirs {
    /// A directory to look for included files in: for Thrift after the including file's own; for
    /// Protobuf the names of files are the paths from here.
    #[arg(short = 'I', long = "include-dir", value_name = "DIR")]
    include_dirs: Vec<PathBuf>,
}

impl IncludeDirs {
    /// The directories.
    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.include_dirs
    }

    /// A builder that looks there.
    pub(crate) fn builder(&self) -> Builder {
        self.behind([])
    }

    /// A builder that looks there after it has looked in these directories.
    pub(crate) fn behind(&self, directories: impl IntoIterator<Item = PathBuf>) -> Builder {
        let own = self.include_dirs.iter().cloned();
        let all = directories.into_iter().chain(own);
        all.fold(Builder::new(), Builder::include_dir)
    }
}
