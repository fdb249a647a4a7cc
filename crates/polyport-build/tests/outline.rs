//! The services of IDLs, as code that uses what is generated names them.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;

use polyport_build::{Builder, Outline, ServiceOutline};

const THRIFT: &str = r#"
namespace * shop
struct Order { 1: string id }
exception Gone { 1: string why }
service Base { void ping() }
service Orders extends Base {
  map<string, list<Order>> find(1: binary key, 2: set<double> type) throws (1: Gone gone)
  oneway void forget(1: Order order)
  Order watch(1: Order order) (streaming.mode = "server")
}
"#;

const PROTOBUF: &str = r#"
syntax = "proto3";
package stock.v1;
import "google/protobuf/empty.proto";
message Item { message Part { string name = 1; } }
service Stock {
  rpc Count(google.protobuf.Empty) returns (Item.Part);
  rpc Fill(stream Item) returns (Item);
  rpc Talk(stream Item) returns (stream Item);
}
"#;

/// What a handler of the service looks like.
fn handler(service: &ServiceOutline) -> String {
    let names = [&service.server, &service.client, &service.types].map(String::as_str);
    let mut text = format!("{}::{} {names:?}", service.module, service.handler);
    for method in &service.methods {
        let parameters = method.parameters.iter();
        let parameters: Vec<String> = parameters
            .map(|parameter| format!("{}: {}", parameter.name, parameter.kind))
            .collect();
        let (parameters, function) = (parameters.join(", "), &method.function);
        let (result, error) = (&method.result, &method.error);
        text += &format!("\n{function}({parameters}) -> {result} or {error}");
    }
    text
}

fn outline(root: &str) -> Outline {
    let directory = tempfile::tempdir().unwrap();
    let paths = [("shop.thrift", THRIFT), ("stock.proto", PROTOBUF)].map(|(name, text)| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    });
    let outline = Builder::new().outline(&paths, root).unwrap();
    assert_eq!(outline.sources, paths);
    let files: Vec<_> = outline
        .services
        .iter()
        .map(|service| &service.file)
        .collect();
    assert_eq!(files, [&paths[0], &paths[0], &paths[1]]);
    outline
}

#[test]
fn names_and_types_are_written_as_users_write_them() {
    let outline = outline("crate::idl");
    let handlers: Vec<String> = outline.services.iter().map(handler).collect();
    let expected = [
        "crate::idl::shop::Base [\"BaseServer\", \"BaseClient\", \"base\"]\n\
         ping() -> () or polyport::Status",
        "crate::idl::shop::Orders [\"OrdersServer\", \"OrdersClient\", \"orders\"]\n\
         ping() -> () or polyport::Status\n\
         find(key: polyport::Bytes, r#type: polyport::wire::thrift::ListSet<f64>) \
         -> std::collections::HashMap<String, Vec<crate::idl::shop::Order>> \
         or crate::idl::shop::orders::FindError\n\
         forget(order: crate::idl::shop::Order) -> () or polyport::Status\n\
         watch(order: crate::idl::shop::Order, output: polyport::Sink<crate::idl::shop::Order>) \
         -> () or polyport::Status",
        "crate::idl::stock::v1::Stock [\"StockServer\", \"StockClient\", \"stock\"]\n\
         count(request: polyport::protobuf::well_known::Empty) \
         -> crate::idl::stock::v1::item::Part or polyport::Status\n\
         fill(input: polyport::Streaming<crate::idl::stock::v1::Item>) \
         -> crate::idl::stock::v1::Item or polyport::Status\n\
         talk(input: polyport::Streaming<crate::idl::stock::v1::Item>, \
         output: polyport::Sink<crate::idl::stock::v1::Item>) -> () or polyport::Status",
    ];
    assert_eq!(handlers, expected);
}

#[test]
fn a_namespace_may_be_called_like_anything() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.thrift");
    let text = "namespace * polyport.std.type\nstruct self {}\nservice A { list<self> b() }";
    fs::write(&path, text).unwrap();
    let outline = Builder::new().outline(&[&path], "crate::idl").unwrap();
    let expected = "crate::idl::polyport::std::r#type::A [\"AServer\", \"AClient\", \"a\"]\n\
                    b() -> Vec<crate::idl::polyport::std::r#type::Self_> or polyport::Status";
    assert_eq!(handler(&outline.services[0]), expected);
}

#[test]
fn the_root_is_a_path() {
    let error = Builder::new()
        .outline(&["no.thrift"], "crate::")
        .unwrap_err();
    assert!(
        error.to_string().contains("cannot read `no.thrift`"),
        "{error}"
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.thrift");
    fs::write(&path, "service A { void ping() }").unwrap();
    let error = Builder::new().outline(&[&path], "crate::").unwrap_err();
    assert_eq!(
        error.to_string(),
        "error: `crate::` is not the path of a module"
    );
    let outline = Builder::new().outline(&[&path], "generated").unwrap();
    assert_eq!(outline.services[0].module, "generated::a");
}
