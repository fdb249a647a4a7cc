//! Who answers calls that name no service.

use std::fs;

use super::{idls, new, refused};

/// The calls that make the server.
fn server(project: &std::path::Path) -> String {
    let text = fs::read_to_string(project.join("src/services.rs")).unwrap();
    let (_, server) = text.split_once("    Server::new()").unwrap();
    server.to_owned()
}

#[test]
fn a_conflict_needs_a_decision() {
    let directory = idls(&[]);
    let directory = directory.path();
    let error = refused(
        directory,
        &["shop", "--idl", "orders.thrift", "--idl", "stock.proto"],
    );
    let expected = "\
error: several services have a method of the same name, and not all clients say which service they call:
  `ping` is a method of shop.Carts, shop.Orders
name the service that answers such calls by `--fallback NAME`, or refuse them by `--refuse-traffic-without-service-name`
";
    assert_eq!(error, expected);
    assert!(!directory.join("shop").exists());

    new(
        directory,
        &["a", "--idl", "orders.thrift", "--fallback", "shop.Carts"],
    );
    let expected = "
        .add(idl::shop::OrdersServer::new(orders::Orders))
        .add(idl::shop::CartsServer::new(carts::Carts).fallback())
}
";
    assert_eq!(server(&directory.join("a")), expected);

    new(
        directory,
        &[
            "b",
            "--idl",
            "orders.thrift",
            "--refuse-traffic-without-service-name",
        ],
    );
    let expected = "
        .add(idl::shop::OrdersServer::new(orders::Orders))
        .add(idl::shop::CartsServer::new(carts::Carts))
        .refuse_traffic_without_service_name()
}
";
    assert_eq!(server(&directory.join("b")), expected);
}

#[test]
fn each_codec_has_a_fallback() {
    let second = "syntax = \"proto3\"; package a; import \"stock.proto\";\n\
                  service Other { rpc Count(stock.v1.Item) returns (stock.v1.Item); }\n";
    let directory = idls(&[("other.proto", second)]);
    let directory = directory.path();
    let all = [
        "--idl",
        "orders.thrift",
        "--idl",
        "stock.proto",
        "--idl",
        "other.proto",
        "--fallback",
        "Orders",
    ];
    let with = |others: &[&'static str]| [&["shop"], &all[..], others].concat();
    let error = refused(directory, &with(&[]));
    assert!(
        error.contains("\n  `Count` is a method of a.Other, stock.v1.Stock\n"),
        "{error}"
    );
    let error = refused(directory, &with(&["--fallback", "Carts"]));
    let expected = "error: shop.Orders and shop.Carts cannot both be the fallback: a server has one \
                    for each codec\n";
    assert_eq!(error, expected);
    new(directory, &with(&["--fallback", "a.Other"]));
    let server = server(&directory.join("shop"));
    assert_eq!(server.matches(".fallback()").count(), 2, "{server}");
}

#[test]
fn what_is_new_may_conflict_with_what_is_there() {
    let directory = idls(&[]);
    let directory = directory.path();
    new(
        directory,
        &["shop", "--idl", "orders.thrift", "--service", "Orders"],
    );
    let error = refused(directory, &["shop", "--service", "Carts"]);
    assert!(error.contains("`--fallback NAME`"), "{error}");
    assert!(!directory.join("shop/src/services/carts.rs").exists());

    new(
        directory,
        &["shop", "--service", "Carts", "--fallback", "Orders"],
    );
    let expected = "
        .add(idl::shop::OrdersServer::new(orders::Orders).fallback())
        .add(idl::shop::CartsServer::new(carts::Carts))
}
";
    // The chain stood on one line as long as there was one service.
    let text = fs::read_to_string(directory.join("shop/src/services.rs")).unwrap();
    let (_, found) = text.split_once("    Server::new()").unwrap();
    assert_eq!(found.trim_start(), expected.trim_start());
    assert_eq!(new(directory, &["shop"]), "2 services, nothing to add\n");
}

#[test]
fn a_combined_service_stands_alone() {
    let one = "namespace * one\nservice A { void a() }\nservice B { void b() }\n";
    let two = "namespace * two\nservice C { void c() }\n";
    let directory = idls(&[("one.thrift", one), ("two.thrift", two)]);
    let directory = directory.path();
    let said = new(
        directory,
        &["one", "--idl", "one.thrift", "--combine-service"],
    );
    assert!(
        said.ends_with("1 service; now: cd one && cargo run\n"),
        "{said}"
    );
    let handler = fs::read_to_string(directory.join("one/src/services/combine_service.rs"));
    let handler = handler.unwrap();
    assert!(handler.contains("impl one::CombineService for CombineService {\n    async fn a("));
    assert!(handler.contains("    async fn b("), "{handler}");
    assert_eq!(new(directory, &["one"]), "1 service, nothing to add\n");

    let both = [
        "two",
        "--idl",
        "one.thrift",
        "--idl",
        "two.thrift",
        "--combine-service",
    ];
    let error = refused(directory, &both);
    let expected = "error: a combined service stands alone, and there are several: \
                    one.CombineService, two.CombineService; choose one by `--service`, or do \
                    without `--combine-service`\n";
    assert_eq!(error, expected);
    let chosen = [&both[..], &["--service", "two.CombineService"]].concat();
    let said = new(directory, &chosen);
    assert!(
        said.ends_with("1 service; now: cd two && cargo run\n"),
        "{said}"
    );
    let error = refused(directory, &["one", "--idl", "two.thrift"]);
    assert!(
        error.starts_with("error: a combined service stands alone"),
        "{error}"
    );
}
