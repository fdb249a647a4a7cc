//! Reflection as grpcio asks for it, in its first version, v1alpha.

use serde_json::{Value, json};

use crate::peers::Peer;
use crate::report::Report;

pub(crate) fn run(grpcio: &Peer, polyport: &Peer, report: &mut Report) {
    let serving = polyport.must_serve("all", &["--built-in"]);
    let seen = grpcio.ask("reflect", &serving.address, &["multi.v1.Streams"]);
    let expected = json!({
        "services": [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            "multi.v1.ServiceA",
            "multi.v1.ServiceB",
            "multi.v1.Streams",
        ],
        "methods": {
            "Bidirectional": "multi.v1.Item multi.v1.Item",
            "Client": "multi.v1.Item multi.v1.Item",
            "Server": "multi.v1.Item multi.v1.Item",
            "Unary": "multi.v1.Item multi.v1.Item",
        },
    });
    let column = format!(
        "{} -> {} reflection v1alpha",
        grpcio.name(),
        polyport.name()
    );
    report.compare(
        &column,
        "multi.v1.Streams",
        &Value::from(vec![expected]),
        &Value::from(seen),
    );
}
