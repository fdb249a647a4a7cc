//! Where the description of a server's services comes from.

use polyport_wire::schema::{Schema, Service};

use crate::args::TargetArgs;
use crate::failure::Failure;
use crate::target::listing::Listing;
use crate::target::reflection::Reflection;
use crate::target::thrift_reflection::ThriftReflection;

/// The description of a server's services.
#[derive(Debug)]
pub(crate) enum Source {
    /// IDL files.
    Idl(Schema),
    /// The server itself, by reflection over Thrift.
    Thrift(ThriftReflection),
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
        if let Some(schema) = args.idl.schema()? {
            return Ok(Self::Idl(schema));
        }
        // It tells of all services; gRPC's tells of Protobuf's only, but more servers have it.
        let thrift = match ThriftReflection::begin(args).await? {
            Ok(reflection) => return Ok(Self::Thrift(reflection)),
            Err(problem) => problem,
        };
        let reflection = Reflection::begin(args).await;
        reflection.map(Self::Grpc).map_err(|grpc| {
            Failure::Other(format!(
                "{} does not describe its services: over Thrift it says `{thrift}`, and by gRPC's \
                 reflection `{grpc}`; describe them by `--idl` or `--descriptor-set`",
                args.address
            ))
        })
    }

    /// What it is, for people.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Idl(_) => "the IDL",
            Self::Thrift(_) => "the server's reflection over Thrift",
            Self::Grpc(_) => "the server's gRPC reflection",
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
            Self::Thrift(reflection) => Ok(reflection.services()),
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
            Self::Thrift(reflection) => reflection.schema(services).await,
            Self::Grpc(reflection) => reflection.schema(services).await,
        }
    }

    /// The services and their methods.
    ///
    /// # Errors
    ///
    /// When the server does not describe them.
    pub(crate) async fn listing(&mut self) -> Result<Listing, Failure> {
        match self {
            Self::Idl(schema) => Ok(Listing::of(schema)),
            Self::Thrift(reflection) => Ok(Listing::told(reflection.listing())),
            Self::Grpc(reflection) => {
                let services = reflection.services().to_vec();
                let described = reflection.described(&services).await;
                Ok(Listing::named(&services, &described))
            }
        }
    }
}
