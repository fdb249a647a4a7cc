//! Where services are described.

use std::path::PathBuf;

use clap::ArgGroup;
use polyport_build::{Builder, Error};
use polyport_wire::schema::Schema;

use crate::args::IncludeDirs;

/// What describes services.
pub(super) const DESCRIBING: [&str; 2] = ["files", "descriptor_sets"];

/// The group of the arguments that describe services, for commands that need one of them.
pub(super) fn described() -> ArgGroup {
    ArgGroup::new("described").args(DESCRIBING).multiple(true)
}

/// The IDLs that a command reads.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct IdlArgs {
    /// An IDL that describes the services, `.thrift` or `.proto`; several may be given. Without any,
    /// commands that talk to a server ask it by reflection, over Thrift or by gRPC's.
    #[arg(long = "idl", value_name = "IDL")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) include_dirs: IncludeDirs,

    #[command(flatten)]
    pub(crate) descriptors: DescriptorSets,
}

impl IdlArgs {
    /// What they say; `None` without any.
    ///
    /// # Errors
    ///
    /// When one of them has mistakes.
    pub(crate) fn schema(&self) -> Result<Option<Schema>, Error> {
        if self.files.is_empty() && self.descriptors.paths().is_empty() {
            return Ok(None);
        }
        let builder = self.descriptors.add_to(self.include_dirs.builder());
        builder.schema(&self.files).map(Some)
    }
}

/// What `--descriptor-set` gives.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DescriptorSets {
    /// A file of Protobuf descriptors with all their imports, as `protoc --include_imports
    /// --descriptor_set_out` and `buf build` write it.
    #[arg(long = "descriptor-set", value_name = "FILE")]
    descriptor_sets: Vec<PathBuf>,
}

impl DescriptorSets {
    /// The files.
    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.descriptor_sets
    }

    /// A builder that reads them, too.
    pub(crate) fn add_to(&self, builder: Builder) -> Builder {
        self.descriptor_sets
            .iter()
            .fold(builder, Builder::descriptor_set)
    }
}
