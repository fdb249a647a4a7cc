//! Calls by JSON of generated services.

use polyport::generic::{Failure, Services};
use polyport::{Server, StatusKind, Transport};
use polyport_tests::serving::Serving;
use polyport_tests::types::{generated, several, types};
use serde_json::{Value, json};

use crate::{client, method, services, transports};

/// Something of every type.
fn everything() -> Value {
    json!({
        "flag": true,
        "small": -128,
        "short_number": -32768,
        "number": i32::MIN,
        "long_number": 9_007_199_254_740_993_i64,
        "ratio": -0.1,
        "text": "äöü \u{0} \"",
        "blob": "/wCA",
        "color": 10,
        "id": i64::MIN,
        "numbers": [1, 2],
        "words": ["one"],
        "counts": { "a": i64::MAX },
        "nested": { "-1": [{ "name": "n", "rank": 1, "note": "x" }] },
        "inner": { "name": "i", "note": "none" },
        "choice": { "number": 5 },
        "deep": [{ "k": [3] }],
        "tree": { "label": "root", "children": [{ "label": "leaf", "children": [] }] },
        "with_default": 8,
        "by_name": { "b": { "name": "b", "note": "" } },
    })
}

#[tokio::test]
async fn every_type_comes_back_over_every_transport() {
    let serving = Serving::start(Server::new().add(types())).await;
    let echo = method("types.thrift", "types.Types", "echo");
    for transport in transports() {
        let client = client(&serving, transport).await;
        let arguments = json!({ "value": everything() });
        let reply = client.json(&echo, &arguments).await.unwrap();
        assert_eq!(reply, everything(), "{transport}");
    }
}

#[tokio::test]
async fn results_of_other_types_than_structs() {
    let serving = Serving::start(Server::new().add(types()).add_all(several())).await;
    let client = client(&serving, Transport::TtHeader).await;
    // The schema that generated code carries.
    let of_types = Services::new(generated::types::SCHEMA.get().clone()).unwrap();
    let call = async |service, name, arguments: Value| {
        let method = of_types.method(service, name).unwrap();
        client.json(&method, &arguments).await.unwrap()
    };
    let map = json!({ "values": { "a": "AAE=" } });
    assert_eq!(call("Types", "echoMap", map.clone()).await, map["values"]);
    assert_eq!(
        call("Types", "echoColor", json!({ "color": "BLUE" })).await,
        10
    );
    assert_eq!(call("Types", "echoColor", json!({ "color": 77 })).await, 77);
    let sum = call("ServiceA", "add", json!({ "left": i64::MAX, "right": -1 })).await;
    assert_eq!(sum, i64::MAX - 1);
    assert_eq!(call("ServiceA", "nothing", json!({})).await, Value::Null);
    let told = json!({ "req": { "message": "fine" } });
    assert_eq!(call("ServiceA", "notify", told).await, Value::Null);
}

#[tokio::test]
async fn several_services_of_one_file_have_methods_of_one_name() {
    let serving = Serving::start(Server::new().add_all(several())).await;
    let client = client(&serving, Transport::TtHeader).await;
    let services = services(&["multi.thrift", "types.thrift"]);
    for service in ["ServiceA", "multi.ServiceB"] {
        let method = services.method(service, "sameNamedMethod").unwrap();
        let arguments = json!({ "req": { "message": service } });
        let reply = client.json(&method, &arguments).metadata("a", "b").await;
        assert_eq!(reply, Ok(arguments["req"].clone()));
    }
    let missing = |service, method| services.method(service, method).unwrap_err().to_string();
    let expected = "service ServiceB has no method onlyA: there are [sameNamedMethod, onlyB]";
    assert_eq!(missing("ServiceB", "onlyA"), expected);
    let expected = "there is no service Nobody: there are [multi.ServiceA, multi.ServiceB, \
                    multi.ServiceC, multi.ServiceD, types.Types]";
    assert_eq!(missing("Nobody", "onlyA"), expected);
}

#[tokio::test]
async fn exceptions_and_other_failures_are_told_apart() {
    let serving = Serving::start(Server::new().add_all(several())).await;
    for transport in transports() {
        let client = client(&serving, transport).await;
        let declines = method("multi.thrift", "ServiceA", "declines");
        let no = json!({ "req": { "message": "no" } });
        let declined = Failure::Exception {
            name: "declined".to_owned(),
            value: json!({ "code": 7, "reason": "no" }),
        };
        let failure = client.json(&declines, &no).await.unwrap_err();
        assert_eq!(failure, declined, "{transport}");
        assert_eq!(failure.to_string(), r#"declined: {"code":7,"reason":"no"}"#);

        // Nothing is sent that does not fit.
        let wrong = json!({ "req": { "mesage": "no" } });
        let failure = client.json(&declines, &wrong).await.unwrap_err();
        let expected = "req.mesage: there is no such field: there are [message]";
        assert!(matches!(failure, Failure::Json(_)), "{failure}");
        assert_eq!(failure.to_string(), expected);
    }
    let client = client(&serving, Transport::Framed).await;
    let unknown = method("types.thrift", "Types", "echoColor");
    let failure = client
        .json(&unknown, &json!({ "color": 1 }))
        .await
        .unwrap_err();
    let Failure::Status(status) = failure else {
        panic!("{failure}")
    };
    assert!(matches!(status.kind(), StatusKind::Remote(_)), "{status}");
}
