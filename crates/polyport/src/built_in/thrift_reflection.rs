//! Reflection over Thrift: the services of a server, their schemas, and where a call would go.

use std::sync::{Arc, OnceLock, Weak};

use arc_swap::ArcSwap;
use polyport_wire::limits::Limits;
use polyport_wire::schema::{CallKind, Schema};
use polyport_wire::thrift;
use polyport_wire::transport::{Codec, Transport};

use crate::built_in::descriptors;
use crate::built_in::thrift_generated::polyport::reflection::v1 as idl;
use crate::context::Context;
use crate::route::RouteReason;
use crate::router::{Explanation, Router, Rules};
use crate::service::{Reach, Service, ServiceMethod};
use crate::status::Status;
use idl::thrift_reflection::ReflectSchemaError;
use idl::{Question, ServiceEntry, ThriftReflection, ThriftReflectionServer};

/// Where the tables of a server are, for the service that tells of them and is itself in them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables(Arc<OnceLock<Weak<ArcSwap<Router>>>>);

impl Tables {
    /// These are the tables, for as long as the server is there.
    pub(crate) fn are(&self, router: &Arc<ArcSwap<Router>>) {
        // A server has one place for them.
        let _ = self.0.set(Arc::downgrade(router));
    }

    fn now(&self) -> Option<Arc<Router>> {
        let tables = self.0.get().and_then(Weak::upgrade)?;
        Some(tables.load_full())
    }
}

/// The service that tells of these services and of itself.
pub(crate) fn service(registered: &[Service], rules: &Rules, tables: &Tables) -> Service {
    // Who tells of a service does not serve it.
    let registered = registered.iter().cloned().map(Service::registered);
    // What it tells of itself is not who answers.
    let itself = ThriftReflectionServer::new(Reflection::default()).built_in();
    let mut services: Vec<Service> = registered.chain([itself]).collect();
    services.sort_by_cached_key(Service::full_name);
    let reflection = Reflection {
        services,
        refuses_nameless: rules.refuse_nameless,
        serves_unknown: !rules.unknown.is_empty(),
        tables: tables.clone(),
    };
    ThriftReflectionServer::new(reflection).built_in()
}

#[derive(Default)]
struct Reflection {
    /// By full name.
    services: Vec<Service>,
    refuses_nameless: bool,
    serves_unknown: bool,
    tables: Tables,
}

impl ThriftReflection for Reflection {
    async fn reflect_services(&self, _cx: &mut Context) -> Result<idl::Services, Status> {
        Ok(idl::Services {
            services: self.services.iter().map(entry).collect(),
            refuses_nameless: self.refuses_nameless,
            serves_unknown: self.serves_unknown,
        })
    }

    async fn reflect_schema(
        &self,
        _cx: &mut Context,
        codec: idl::Codec,
        name: String,
    ) -> Result<idl::Schema, ReflectSchemaError> {
        let codec = known_codec(codec)?;
        let mut services = self.services.iter();
        let found = services.find(|known| known.codec == codec && known.full_name() == name);
        let Some(found) = found else {
            let message = format!("there is no {codec} service {name}");
            return Err(idl::UnknownService { message }.into());
        };
        let Some((schema, description)) = found.description() else {
            let message = format!("the types of {name} are not known here");
            return Err(idl::NoSchema { message }.into());
        };
        let mut part = schema.part(description);
        part.descriptors = descriptors::of_service(&part.descriptors, description);
        Ok(as_idl(&part)?)
    }

    async fn reflect_route(
        &self,
        _cx: &mut Context,
        call: Question,
    ) -> Result<idl::Decision, Status> {
        let transport = known_transport(call.transport)?;
        let codec = known_codec(call.codec)?;
        let tables = self.tables.now();
        let tables = tables.ok_or_else(|| Status::error("the server has gone"))?;
        let explanation =
            tables.explain(transport, codec, call.service_name.as_deref(), &call.method);
        Ok(decision(explanation))
    }
}

fn entry(service: &Service) -> ServiceEntry {
    let (reach, aliases) = (service.reach(), service.aliases.iter());
    ServiceEntry {
        package_name: service.package.clone(),
        name: service.name.clone(),
        codec: match service.codec {
            Codec::Protobuf => idl::Codec::PROTOBUF,
            _ => idl::Codec::THRIFT_BINARY,
        },
        methods: service
            .methods
            .iter()
            .map(|method| method_entry(service, method))
            .collect(),
        aliases: aliases.map(|(name, _)| name.clone()).collect(),
        is_fallback: service.fallback,
        is_combined: service.combined,
        is_built_in: service.built_in,
        is_grpc_only: matches!(reach, Reach::Grpc | Reach::BuiltIn),
        has_schema: service.description().is_some(),
        deprecation: service.options.deprecation().map(str::to_owned),
    }
}

fn method_entry(service: &Service, method: &ServiceMethod) -> idl::MethodEntry {
    let info = &method.info;
    idl::MethodEntry {
        name: info.method.clone(),
        kind: match info.kind {
            CallKind::Oneway => idl::CallKind::ONEWAY,
            CallKind::ClientStream => idl::CallKind::CLIENT_STREAM,
            CallKind::ServerStream => idl::CallKind::SERVER_STREAM,
            CallKind::Bidirectional => idl::CallKind::BIDIRECTIONAL,
            _ => idl::CallKind::UNARY,
        },
        deprecation: service
            .options_of(&info.method)
            .deprecation()
            .map(str::to_owned),
    }
}

/// What the IDL says of schemas is what schemas are encoded as.
fn as_idl(schema: &Schema) -> Result<idl::Schema, Status> {
    let bytes = schema.encode().map_err(|error| error.to_string());
    let read = bytes.and_then(|bytes| {
        thrift::decode(&bytes, &Limits::default()).map_err(|error| error.to_string())
    });
    read.map_err(|error| Status::error(format!("the schema cannot be told: {error}")))
}

fn decision(explanation: Explanation) -> idl::Decision {
    match explanation.outcome {
        Ok((service_name, reason)) => {
            let reason = match reason {
                RouteReason::Named => idl::RouteReason::NAMED,
                RouteReason::Alias => idl::RouteReason::ALIAS,
                RouteReason::Method => idl::RouteReason::METHOD,
                RouteReason::Fallback => idl::RouteReason::FALLBACK,
                RouteReason::WrongName => idl::RouteReason::WRONG_NAME,
                RouteReason::Combined => idl::RouteReason::COMBINED,
                RouteReason::Unknown => idl::RouteReason::UNKNOWN,
            };
            idl::Decision::Route(idl::Route {
                service_name,
                reason,
            })
        }
        Err(exception) => idl::Decision::Refusal(idl::Refusal {
            type_id: exception.type_id,
            message: exception.to_string(),
        }),
    }
}

fn known_codec(codec: idl::Codec) -> Result<Codec, Status> {
    match codec {
        idl::Codec::THRIFT_BINARY => Ok(Codec::ThriftBinary),
        idl::Codec::PROTOBUF => Ok(Codec::Protobuf),
        other => Err(Status::error(format!("there is no codec {}", other.0))),
    }
}

fn known_transport(transport: idl::Transport) -> Result<Transport, Status> {
    match transport {
        idl::Transport::BUFFERED => Ok(Transport::Buffered),
        idl::Transport::FRAMED => Ok(Transport::Framed),
        idl::Transport::TTHEADER => Ok(Transport::TtHeader),
        idl::Transport::TTHEADER_FRAMED => Ok(Transport::TtHeaderFramed),
        idl::Transport::GRPC => Ok(Transport::Grpc),
        other => Err(Status::error(format!("there is no transport {}", other.0))),
    }
}
