//! Where the description of a server's services comes from.

use polyport_wire::schema::{Schema, Service};

use crate::args::TargetArgs;
use crate::failure::Failure;
use crate::target::reflection::Reflection;

/// The description of a server's services.
#[derive(Debug)]
pub(crate) enum Source {
    /// IDL files.
    Idl(Schema),
    /// The server itself, by gRPC's reflection.
    Grpc(Reflection),
}

impl Source {
    /// The files that the user gives, or else what the server says of itself.
    ///
    /// # Errors
    ///
    /// When a file has mistakes, or when no file is given and the server cannot be asked.
    pub(crate) async fn open(args: &TargetArgs) -> Result<Self, Failure> {
        match args.idl.schema()? {
            Some(schema) => Ok(Self::Idl(schema)),
            None => Reflection::begin(args).await.map(Self::Grpc),
        }
    }

    /// The full names of all services.
    ///
    /// # Errors
    ///
    /// When the server does not say.
    pub(crate) async fn services(&mut self) -> Result<Vec<String>, Failure> {
        match self {
            Self::Idl(schema) => Ok(schema.services.iter().map(Service::full_name).collect()),
            Self::Grpc(reflection) => Ok(reflection.services().to_vec()),
        }
    }

    /// A schema with these services in it, and perhaps others.
    ///
    /// # Errors
    ///
    /// When the server does not describe them.
    pub(crate) async fn schema(&mut self, services: &[String]) -> Result<Schema, Failure> {
        match self {
            Self::Idl(schema) => Ok(schema.clone()),
            Self::Grpc(reflection) => reflection.schema(services).await,
        }
    }
}
