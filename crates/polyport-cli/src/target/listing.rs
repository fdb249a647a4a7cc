//! The services that a server or an IDL has, without their types.

use polyport::reflection::{Listed, ListedMethod};
use polyport_wire::schema::{Method, Schema, Service};
use polyport_wire::transport::Codec;
use serde::Serialize;

use crate::target::reflection::Described;

/// What there is; a server that is asked by gRPC's reflection tells names alone, and an IDL says nothing
/// of servers.
#[derive(Debug, Serialize)]
pub(crate) struct Listing {
    pub(crate) services: Vec<ServiceEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refuses_calls_without_service_name: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) has_handler_for_unknown: Option<bool>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ServiceEntry {
    #[serde(rename = "service")]
    pub(crate) name: String,
    pub(crate) codec: String,
    /// What it is to the server.
    pub(crate) roles: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) aliases: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deprecation: Option<String>,
    /// Why its methods are not known, if they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    pub(crate) methods: Vec<MethodEntry>,
}

#[derive(Debug, Serialize)]
pub(crate) struct MethodEntry {
    #[serde(rename = "method")]
    pub(crate) name: String,
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deprecation: Option<String>,
}

impl Listing {
    /// What a server tells by Thrift's reflection.
    pub(super) fn told(listing: &polyport::reflection::Listing) -> Self {
        Self {
            services: listing.services.iter().map(ServiceEntry::told).collect(),
            refuses_calls_without_service_name: Some(listing.refuses_nameless),
            has_handler_for_unknown: Some(listing.serves_unknown),
        }
    }

    /// Services of Protobuf, each as far as it is described.
    pub(super) fn named(services: &[String], described: &Described) -> Self {
        let entry = |name: &String| {
            let mut known = described.schema.services.iter();
            let known = known.find(|service| service.full_name() == *name);
            let problem = || described.problem(name);
            known.map_or_else(|| ServiceEntry::unknown(name, problem()), ServiceEntry::of)
        };
        Self {
            services: services.iter().map(entry).collect(),
            ..Self::of(&Schema::default())
        }
    }

    /// What a schema has.
    pub(super) fn of(schema: &Schema) -> Self {
        Self {
            services: schema.services.iter().map(ServiceEntry::of).collect(),
            refuses_calls_without_service_name: None,
            has_handler_for_unknown: None,
        }
    }
}

impl ServiceEntry {
    fn told(service: &Listed) -> Self {
        let roles = [
            (service.is_fallback, "fallback"),
            (service.is_combined, "combined"),
            (service.is_built_in, "built in"),
            (service.is_grpc_only, "gRPC only"),
        ];
        Self {
            name: service.full_name(),
            codec: service.codec.to_string(),
            roles: roles
                .iter()
                .filter(|(is, _)| *is)
                .map(|(_, role)| *role)
                .collect(),
            aliases: service.aliases.clone(),
            deprecation: service.deprecation.clone(),
            problem: None,
            methods: service.methods.iter().map(MethodEntry::told).collect(),
        }
    }

    fn unknown(name: &str, problem: Option<String>) -> Self {
        let mut service = Service::new("", name);
        service.codec = Codec::Protobuf;
        Self {
            problem,
            ..Self::of(&service)
        }
    }

    fn of(service: &Service) -> Self {
        Self {
            name: service.full_name(),
            codec: service.codec.to_string(),
            roles: match service.combined {
                true => vec!["combined"],
                false => Vec::new(),
            },
            aliases: Vec::new(),
            deprecation: None,
            problem: None,
            methods: service.methods.iter().map(MethodEntry::of).collect(),
        }
    }
}

impl MethodEntry {
    fn told(method: &ListedMethod) -> Self {
        Self {
            name: method.name.clone(),
            kind: method.kind.to_string(),
            deprecation: method.deprecation.clone(),
        }
    }

    fn of(method: &Method) -> Self {
        Self {
            name: method.name.clone(),
            kind: method.kind.to_string(),
            deprecation: None,
        }
    }
}
