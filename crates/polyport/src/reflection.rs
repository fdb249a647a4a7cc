//! What a server tells of itself: its services, what their messages are made of, and where calls go.
//!
//! A server answers after [`Server::reflection`](crate::Server::reflection), as does any other one that
//! implements `idl/reflection.thrift` of this crate. What it tells is enough for [calls by
//! JSON](crate::generic) without an IDL at hand, of Thrift and of Protobuf services.
//!
//! # Examples
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use polyport::reflection::Reflection;
//! use polyport::{Client, Codec};
//! use serde_json::json;
//!
//! let client = Client::connect("127.0.0.1:8888").await?;
//! let reflection = Reflection::new(&client);
//! for service in reflection.list().await?.services {
//!     println!("{} ({})", service.full_name(), service.codec);
//! }
//! let services = reflection.services(Codec::ThriftBinary, "demo.Greeter").await?;
//! let greet = services.method("Greeter", "greet")?;
//! let reply = client.json(&greet, &json!({ "name": "you" })).await?;
//! # Ok(())
//! # }
//! ```

use polyport_wire::limits::Limits;
use polyport_wire::schema::{CallKind, Schema};
use polyport_wire::thrift::{self, ApplicationException};
use polyport_wire::transport::{Codec, Transport};

use crate::built_in::thrift_generated::polyport::reflection::v1 as idl;
use crate::client::Client;
use crate::generic::Services;
use crate::route::RouteReason;
use crate::router::Explanation;
use crate::status::Status;
use idl::ThriftReflectionClient;
use idl::thrift_reflection::ReflectSchemaError;

/// Asks a server what it has.
///
/// It is reached by its name, which Buffered and Framed carry when the client's options say
/// [`multiplexed_names`](crate::client::ClientOptions::multiplexed_names). A clone is cheap.
#[derive(Clone, Debug)]
pub struct Reflection {
    client: ThriftReflectionClient,
    /// The client's.
    limits: Limits,
}

/// What a server has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// Its services by full name, as far as they are of a codec that is known here.
    pub services: Vec<Listed>,
    /// Whether calls that name no service of the server are refused, instead of going by the method.
    pub refuses_nameless: bool,
    /// Whether what no service has goes to a handler for unknown services.
    pub serves_unknown: bool,
}

/// A service that a server has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[non_exhaustive]
pub struct Listed {
    /// The IDL's namespace or package; may be empty.
    pub package: String,
    /// The name in the IDL.
    pub name: String,
    /// How its messages are written.
    pub codec: Codec,
    /// Its methods, in the order of the IDL, as far as they are of a kind that is known here.
    pub methods: Vec<ListedMethod>,
    /// The names under which it is known as well.
    pub aliases: Vec<String>,
    /// Whether it answers the calls that do not say which service they are for.
    pub is_fallback: bool,
    /// Whether it was made of several services and answers all calls.
    pub is_combined: bool,
    /// Whether it comes with the server.
    pub is_built_in: bool,
    /// Whether it is reached over gRPC alone.
    pub is_grpc_only: bool,
    /// Whether the server knows its [schema](Reflection::schema).
    pub has_schema: bool,
    /// What to do instead, if it is deprecated.
    pub deprecation: Option<String>,
}

/// A method of a [`Listed`] service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedMethod {
    /// The name in the IDL.
    pub name: String,
    /// The kind of call.
    pub kind: CallKind,
    /// What to do instead, if it is deprecated.
    pub deprecation: Option<String>,
}

impl Reflection {
    /// Asks the server of this client.
    #[must_use]
    pub fn new(client: &Client) -> Self {
        Self {
            client: ThriftReflectionClient::new(client.clone()),
            limits: client.limits(),
        }
    }

    /// The services that the server has now.
    ///
    /// # Errors
    ///
    /// Whatever ends a call; a server without reflection does not know the service, or not the method.
    pub async fn list(&self) -> Result<Listing, Status> {
        let told = self.client.reflect_services().await?;
        Ok(Listing {
            services: told.services.into_iter().filter_map(listed).collect(),
            refuses_nameless: told.refuses_nameless,
            serves_unknown: told.serves_unknown,
        })
    }

    /// The schema of a service by its full name, with the types that its methods need; comments are
    /// not told.
    ///
    /// # Errors
    ///
    /// As for [`list`](Self::list); and when the server has no such service, or does not know its types.
    pub async fn schema(&self, codec: Codec, service: &str) -> Result<Schema, Status> {
        let told = self.client.reflect_schema(asked(codec), service.to_owned());
        let told = told.await.map_err(|error| match error {
            ReflectSchemaError::Unknown(unknown) => Status::error(unknown.message),
            ReflectSchemaError::NoSchema(none) => Status::error(none.message),
            ReflectSchemaError::Status(status) => status,
        })?;
        as_schema(&told, &self.limits)
    }

    /// The same for calls by JSON.
    ///
    /// # Errors
    ///
    /// As for [`schema`](Self::schema); and when it is Protobuf's, and damaged or not known to this
    /// build.
    pub async fn services(&self, codec: Codec, service: &str) -> Result<Services, Status> {
        let schema = self.schema(codec, service).await?;
        Services::new(schema).map_err(|error| Status::error(error.to_string()))
    }

    /// Where the server would lead a call, without making it.
    ///
    /// # Errors
    ///
    /// As for [`list`](Self::list).
    pub async fn route(
        &self,
        transport: Transport,
        codec: Codec,
        service: Option<&str>,
        method: &str,
    ) -> Result<Explanation, Status> {
        let question = idl::Question {
            transport: match transport {
                Transport::Buffered => idl::Transport::BUFFERED,
                Transport::Framed => idl::Transport::FRAMED,
                Transport::TtHeaderFramed => idl::Transport::TTHEADER_FRAMED,
                Transport::Grpc => idl::Transport::GRPC,
                _ => idl::Transport::TTHEADER,
            },
            codec: asked(codec),
            service_name: service.map(str::to_owned),
            method: method.to_owned(),
        };
        let decision = self.client.reflect_route(question).await?;
        Ok(Explanation {
            transport,
            codec,
            service: service.map(str::to_owned),
            method: method.to_owned(),
            outcome: outcome(decision)?,
        })
    }
}

impl Listed {
    /// What tells this service from every other of its codec: `package.Name`, or `Name` without a
    /// package.
    #[must_use]
    pub fn full_name(&self) -> String {
        match &*self.package {
            "" => self.name.clone(),
            package => format!("{package}.{}", self.name),
        }
    }
}

fn asked(codec: Codec) -> idl::Codec {
    match codec {
        Codec::Protobuf => idl::Codec::PROTOBUF,
        _ => idl::Codec::THRIFT_BINARY,
    }
}

fn listed(entry: idl::ServiceEntry) -> Option<Listed> {
    let codec = match entry.codec {
        idl::Codec::THRIFT_BINARY => Codec::ThriftBinary,
        idl::Codec::PROTOBUF => Codec::Protobuf,
        _ => return None,
    };
    Some(Listed {
        package: entry.package_name,
        name: entry.name,
        codec,
        methods: entry
            .methods
            .into_iter()
            .filter_map(listed_method)
            .collect(),
        aliases: entry.aliases,
        is_fallback: entry.is_fallback,
        is_combined: entry.is_combined,
        is_built_in: entry.is_built_in,
        is_grpc_only: entry.is_grpc_only,
        has_schema: entry.has_schema,
        deprecation: entry.deprecation,
    })
}

fn listed_method(entry: idl::MethodEntry) -> Option<ListedMethod> {
    Some(ListedMethod {
        name: entry.name,
        kind: match entry.kind {
            idl::CallKind::UNARY => CallKind::Unary,
            idl::CallKind::ONEWAY => CallKind::Oneway,
            idl::CallKind::CLIENT_STREAM => CallKind::ClientStream,
            idl::CallKind::SERVER_STREAM => CallKind::ServerStream,
            idl::CallKind::BIDIRECTIONAL => CallKind::Bidirectional,
            _ => return None,
        },
        deprecation: entry.deprecation,
    })
}

/// What schemas are encoded as is what the IDL says of them.
fn as_schema(told: &idl::Schema, limits: &Limits) -> Result<Schema, Status> {
    let mut bytes = bytes::BytesMut::new();
    let encoded = thrift::encode(told, &mut bytes);
    let unread = |error: String| Status::error(format!("the schema cannot be read: {error}"));
    encoded.map_err(|error| unread(error.to_string()))?;
    thrift::decode(&bytes.freeze(), limits).map_err(|error| unread(error.to_string()))
}

fn outcome(
    decision: idl::Decision,
) -> Result<Result<(String, RouteReason), ApplicationException>, Status> {
    Ok(match decision {
        idl::Decision::Route(route) => Ok((route.service_name, reason(route.reason)?)),
        idl::Decision::Refusal(refusal) => {
            Err(ApplicationException::new(refusal.type_id, refusal.message))
        }
        idl::Decision::Unset => {
            return Err(Status::error(
                "the server does not say where the call would go",
            ));
        }
    })
}

fn reason(reason: idl::RouteReason) -> Result<RouteReason, Status> {
    Ok(match reason {
        idl::RouteReason::NAMED => RouteReason::Named,
        idl::RouteReason::ALIAS => RouteReason::Alias,
        idl::RouteReason::METHOD => RouteReason::Method,
        idl::RouteReason::FALLBACK => RouteReason::Fallback,
        idl::RouteReason::WRONG_NAME => RouteReason::WrongName,
        idl::RouteReason::COMBINED => RouteReason::Combined,
        idl::RouteReason::UNKNOWN => RouteReason::Unknown,
        other => {
            let text = format!(
                "the server gives reason {}, which is not known here",
                other.0
            );
            return Err(Status::error(text));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_meets_the_limits_of_its_client() {
        let service = idl::Service {
            name: "Greeter".to_owned(),
            codec: idl::Codec::PROTOBUF,
            ..idl::Service::default()
        };
        let told = idl::Schema {
            services: vec![service],
            ..idl::Schema::default()
        };
        let read = as_schema(&told, &Limits::default()).unwrap();
        assert_eq!(read.services[0].name, "Greeter");
        let narrow = Limits {
            decoded: 0,
            ..Limits::default()
        };
        let refused = as_schema(&told, &narrow).unwrap_err();
        let expected = "the schema cannot be read: ";
        assert!(refused.message().starts_with(expected), "{refused}");
    }
}
