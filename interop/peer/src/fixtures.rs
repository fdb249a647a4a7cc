//! What each fixture registers.

use polyport::{Server, Service};

use crate::generated::proto::multi::v1 as proto;
use crate::generated::several::multi::{ServiceAServer, ServiceBServer, ServiceDServer};
use crate::generated::several::streams::StreamsServer;
use crate::generated::several::types::TypesServer;
use crate::generated::{apart, combined};
use crate::handlers::Handlers;

/// The server of a fixture, or why there is none.
pub(crate) fn server(name: &str) -> Result<Server, String> {
    let services = match name {
        "single" => vec![service_a()],
        "multi" => multi().into(),
        "multi-b" => vec![
            service_a(),
            service_b().fallback(),
            service_d(),
            types(),
            streams(),
        ],
        "conflict" => vec![service_a(), service_b()],
        "two-fallbacks" => vec![service_a().fallback(), service_b().fallback()],
        "duplicate" => vec![service_a(), service_a()],
        "empty" => Vec::new(),
        "combine" => vec![combined_service()],
        "combine-and-more" => vec![combined_service(), service_a()],
        "apart" => vec![
            apart::apart::LeftServer::new(Handlers),
            apart::apart::RightServer::new(Handlers),
        ],
        "unknown" => return Ok(Server::new().add(service_b()).unknown(Handlers)),
        "proto" => proto().into(),
        "all" => multi().into_iter().chain(proto()).collect(),
        "hundred" => hundred(),
        other => {
            return Err(format!(
                "fixture {other} is not in this version of the peer"
            ));
        }
    };
    Ok(Server::new().add_all(services))
}

fn multi() -> [Service; 5] {
    [
        service_a().fallback(),
        service_b(),
        service_d(),
        types(),
        streams(),
    ]
}

fn proto() -> [Service; 3] {
    [
        proto::ServiceAServer::new(Handlers).fallback(),
        proto::ServiceBServer::new(Handlers),
        proto::StreamsServer::new(Handlers),
    ]
}

fn service_a() -> Service {
    ServiceAServer::new(Handlers)
}

fn service_b() -> Service {
    ServiceBServer::new(Handlers)
}

fn service_d() -> Service {
    ServiceDServer::new(Handlers)
}

fn types() -> Service {
    TypesServer::new(Handlers)
}

fn streams() -> Service {
    StreamsServer::new(Handlers)
}

fn combined_service() -> Service {
    combined::combine::CombineServiceServer::new(Handlers)
}

/// Two generated services among 98 others, to see what a crowd costs.
fn hundred() -> Vec<Service> {
    let extra = (0..98).map(|service| {
        let methods = (0..20).map(move |method| format!("extra{service:02}Method{method:02}"));
        Service::raw(format!("Extra{service:02}"), methods, Handlers)
    });
    [service_a().fallback(), service_b()]
        .into_iter()
        .chain(extra)
        .collect()
}
