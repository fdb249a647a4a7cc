//! Files that include others, from wherever these are.

use std::fs;
use std::path::Path;

use super::{files, idls, misused, new, refused};

/// What code is generated from.
fn script(project: &Path) -> String {
    let text = fs::read_to_string(project.join("build.rs")).unwrap();
    let (_, calls) = text.split_once("    let files = ").unwrap();
    calls.split_whitespace().collect()
}

const MONEY: &str =
    "namespace * money\nstruct Price { 1: i64 cents }\nservice Rates { Price rate() }\n";
const CART: &str = "namespace * cart\ninclude \"../base/money.thrift\"\n\
                    service Cart { money.Price total() }\n";

#[test]
fn files_keep_their_places_to_each_other() {
    let directory = idls(&[
        ("api/base/money.thrift", MONEY),
        ("api/shop/cart.thrift", CART),
    ]);
    let directory = directory.path();
    let said = new(directory, &["shop", "--idl", "api/shop/cart.thrift"]);
    let copies = "new      idl/shop/cart.thrift\nnew      idl/base/money.thrift\n";
    assert!(said.starts_with(copies), "{said}");
    // What is only included is not served.
    assert!(
        said.ends_with("1 service; now: cd shop && cargo run\n"),
        "{said}"
    );
    let project = directory.join("shop");
    assert_eq!(
        script(&project),
        "[\"idl/shop/cart.thrift\"];Builder::new().name(\"idl\").compile(&files)}"
    );

    // A file finds its copy again, and others come beside it.
    let before = files(&project);
    let again = new(directory, &["shop", "--idl", "api/shop/cart.thrift"]);
    assert_eq!(again, "1 service, nothing to add\n");
    assert_eq!(files(&project), before);
    let said = new(directory, &["shop", "--idl", "api/base/money.thrift"]);
    let expected = "\
changed  build.rs
new      src/services/rates.rs
changed  src/services.rs
changed  tests/calls.rs
2 services, up to date
";
    assert_eq!(said, expected);
    let calls = "[\"idl/shop/cart.thrift\",\"idl/base/money.thrift\"];\
                 Builder::new().name(\"idl\").compile(&files)}";
    assert_eq!(script(&project), calls);
}

#[test]
fn include_directories_come_along() {
    let cart = CART.replace("../base/", "");
    let stock = "syntax = \"proto3\"; package list.v1; import \"types/name.proto\";\n\
                 import \"google/protobuf/empty.proto\";\n\
                 service List { rpc Get(types.Name) returns (google.protobuf.Empty); }\n";
    let name = "syntax = \"proto3\"; package types; message Name { string name = 1; }\n";
    let directory = idls(&[
        ("lib/money.thrift", MONEY),
        ("lib/types/name.proto", name),
        ("api/cart.thrift", &cart),
        ("api/list.proto", stock),
    ]);
    let directory = directory.path();
    let all = [
        "shop",
        "--idl",
        "api/cart.thrift",
        "--idl",
        "api/list.proto",
    ];
    let error = refused(directory, &all);
    assert!(
        error.contains("cannot find the included file `money.thrift`"),
        "{error}"
    );
    let said = new(directory, &[&all[..], &["-I", "lib", "-I", "api"]].concat());
    for copy in [
        "cart.thrift",
        "list.proto",
        "lib/money.thrift",
        "lib/types/name.proto",
    ] {
        assert!(said.contains(&format!("new      idl/{copy}\n")), "{said}");
    }
    let project = directory.join("shop");
    let calls = "[\"idl/cart.thrift\",\"idl/list.proto\"];Builder::new()\
                 .include_dir(\"idl/lib\").include_dir(\"idl\").name(\"idl\").compile(&files)}";
    assert_eq!(script(&project), calls);
    assert_eq!(new(directory, &["shop"]), "2 services, nothing to add\n");
    let again = [&all[..], &["-I", "lib", "-I", "api"]].concat();
    assert_eq!(new(directory, &again), "2 services, nothing to add\n");
}

#[test]
fn protobuf_names_are_paths_from_an_include_directory() {
    let a = "syntax = \"proto3\"; package a.v1; message A {}\n";
    let b = "syntax = \"proto3\"; package b.v1; import \"a/v1/a.proto\";\n\
             service B { rpc Get(a.v1.A) returns (a.v1.A); }\n";
    let directory = idls(&[("proto/a/v1/a.proto", a), ("proto/b/v1/b.proto", b)]);
    let directory = directory.path();
    let said = new(
        directory,
        &["shop", "--idl", "proto/b/v1/b.proto", "-I", "proto"],
    );
    let copies = "new      idl/b/v1/b.proto\nnew      idl/a/v1/a.proto\n";
    let copies_the_other_way = "new      idl/a/v1/a.proto\nnew      idl/b/v1/b.proto\n";
    assert!(
        said.starts_with(copies) || said.starts_with(copies_the_other_way),
        "{said}"
    );
    let calls = "[\"idl/b/v1/b.proto\"];\
                 Builder::new().include_dir(\"idl\").name(\"idl\").compile(&files)}";
    assert_eq!(script(&directory.join("shop")), calls);
}

#[test]
fn services_of_one_name_have_modules_of_their_own() {
    let echo = |version: &str| {
        format!(
            "syntax = \"proto3\"; package echo.{version}; message M {{}}\n\
             service Echo {{ rpc Echo(M) returns (M); }}\n"
        )
    };
    let directory = idls(&[("v1.proto", &echo("v1")), ("v2.proto", &echo("v2"))]);
    let directory = directory.path();
    let both = ["shop", "--idl", "v1.proto", "--idl", "v2.proto"];
    let error = misused(directory, &[&both[..], &["--service", "Echo"]].concat());
    let expected = "error: 2 services are called Echo, so say the package: echo.v1.Echo, \
                    echo.v2.Echo";
    assert_eq!(error, expected);
    let said = new(
        directory,
        &[&both[..], &["--fallback", "echo.v2.Echo"]].concat(),
    );
    assert!(said.contains("new      src/services/echo.rs\n"), "{said}");
    assert!(
        said.contains("new      src/services/echo_v2_echo.rs\n"),
        "{said}"
    );
    let text = fs::read_to_string(directory.join("shop/src/services.rs")).unwrap();
    let second = ".add(idl::echo::v2::EchoServer::new(echo_v2_echo::Echo).fallback())";
    assert!(text.contains(second), "{text}");
    assert_eq!(new(directory, &["shop"]), "2 services, nothing to add\n");

    let twice = [("w1.proto", echo("v1")), ("w2.proto", echo("v1"))];
    for (name, text) in &twice {
        fs::write(directory.join(name), text).unwrap();
    }
    let error = refused(
        directory,
        &["other", "--idl", "w1.proto", "--idl", "w2.proto"],
    );
    assert!(error.contains("`echo.v1.Echo` is defined twice"), "{error}");
    assert!(error.contains("--> w2.proto:2:9"), "{error}");
}
