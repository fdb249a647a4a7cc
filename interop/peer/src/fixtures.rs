//! What each fixture registers.

use polyport::{Server, Service};

use crate::generated::several::multi::{ServiceAServer, ServiceBServer, ServiceDServer};
use crate::generated::several::types::TypesServer;
use crate::generated::{apart, combined};
use crate::handlers::Handlers;

/// The server of a fixture, or why there is none.
pub(crate) fn server(name: &str) -> Result<Server, String> {
    let services = match name {
        "single" => vec![service_a()],
        "multi" => vec![service_a().fallback(), service_b(), service_d(), types()],
        "multi-b" => vec![service_a(), service_b().fallback(), service_d(), types()],
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
        "hundred" => hundred(),
        other => {
            return Err(format!(
                "fixture {other} is not in this version of the peer"
            ));
        }
    };
    Ok(Server::new().add_all(services))
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
