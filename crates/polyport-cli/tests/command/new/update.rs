//! Runs in a project that is there, after its IDL or its code has changed.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{ORDERS, files, idls, misused, new, refused, write};
use crate::idl;

/// A project of the orders.
fn shop() -> (TempDir, PathBuf) {
    let directory = idls(&[]);
    let orders = ["shop", "--idl", "orders.thrift", "--fallback", "Orders"];
    new(directory.path(), &orders);
    let project = directory.path().join("shop");
    (directory, project)
}

/// Changes a file as a user does.
#[track_caller]
fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn new_methods_are_added_at_the_end_of_the_handler() {
    let (directory, project) = shop();
    let handler = project.join("src/services/orders.rs");
    // Not as rustfmt would have it, with imports of its own and something behind.
    let mine = "\u{feff}use crate::idl::shop::{self as api, Order}; // \u{fc}\r\nuse polyport::Context as Cx;\r\n\
                pub struct Orders { pub count : u8 }\r\n\
                impl api::Orders for Orders {\r\n\
                \tasync fn ping(&self, _: &mut Cx) -> Result<(), polyport::Status> { Ok(()) }\r\n\
                \t// } not the end\r\n\
                \tasync fn place(&self, _: &mut Cx, _: Order, _: i32)\r\n\
                \t-> Result<String, api::orders::PlaceError> { Ok(\"}\".into()) }\r\n\
                }\r\n\r\nfn more() {}\r\n";
    fs::write(&handler, mine).unwrap();
    edit(
        &project.join("idl/orders.thrift"),
        "  void ping()\n",
        "  void ping()\n  Order find(1: string id)\n",
    );
    let said = new(directory.path(), &["shop"]);
    assert_eq!(
        said,
        "changed  src/services/orders.rs\n2 services, up to date\n"
    );
    let added = "\r\n    async fn find(&self, cx: &mut Cx, _id: String) \
                 -> Result<Order, polyport::Status> {\r\n        \
                 Err(cx.not_implemented())\r\n    }\r\n\
                 \r\n    async fn forget(&self, cx: &mut Cx, _type: polyport::Bytes) \
                 -> Result<(), polyport::Status> {\r\n        \
                 Err(cx.not_implemented())\r\n    }\r\n";
    let found = fs::read_to_string(&handler).unwrap();
    assert!(found.contains(added), "{found}");
    assert_eq!(found.replace(added, ""), mine);
    assert_eq!(
        new(directory.path(), &["shop"]),
        "2 services, nothing to add\n"
    );
}

#[test]
fn traits_of_the_users_own_are_not_those_of_the_idl() {
    let (directory, project) = shop();
    let mine = "\
trait Carts {}
impl Carts for u8 {}
";
    write(&project.join("src/mine.rs"), mine);
    assert_eq!(
        new(directory.path(), &["shop"]),
        "2 services, nothing to add\n"
    );
    let theirs = "use crate::idl::shop::*;\nimpl Carts for u8 {}\n";
    write(&project.join("src/theirs.rs"), theirs);
    let said = new(directory.path(), &["shop"]);
    assert_eq!(said, "changed  src/theirs.rs\n2 services, up to date\n");
}

#[test]
fn a_handler_without_methods_gets_some() {
    let (directory, project) = shop();
    let handler = project.join("src/services/carts.rs");
    fs::write(
        &handler,
        "pub struct Carts;\nimpl crate::idl::shop::Carts for Carts {}\n",
    )
    .unwrap();
    new(directory.path(), &["shop"]);
    let expected = "pub struct Carts;
impl crate::idl::shop::Carts for Carts {
    async fn items(
        &self,
        cx: &mut polyport::Context,
        _user: String,
    ) -> Result<Vec<crate::idl::shop::Order>, polyport::Status> {
        Err(cx.not_implemented())
    }

    async fn ping(&self, cx: &mut polyport::Context) -> Result<(), polyport::Status> {
        Err(cx.not_implemented())
    }
}
";
    assert_eq!(fs::read_to_string(&handler).unwrap(), expected);
}

#[test]
fn new_services_get_handlers_and_are_registered() {
    let (directory, project) = shop();
    let services = project.join("src/services.rs");
    edit(&services, "carts::Carts", "carts::Carts::from_env()");
    edit(&services, "mod orders;", "mod orders; // the first");
    let before = fs::read_to_string(&services).unwrap();
    let said = new(directory.path(), &["shop", "--idl", "stock.proto"]);
    let expected = "\
new      idl/stock.proto
changed  build.rs
new      src/services/stock.rs
new      src/services/feed.rs
changed  src/services.rs
changed  tests/calls.rs
4 services, up to date
";
    assert_eq!(said, expected);
    let tests = fs::read_to_string(project.join("tests/calls.rs")).unwrap();
    let names =
        ["orders", "carts", "stock", "feed"].map(|name| format!("async fn {name}_is_there() {{"));
    let places: Vec<_> = names.iter().map(|name| tests.find(name).unwrap()).collect();
    assert!(places.is_sorted(), "{tests}");
    assert!(
        tests.ends_with("}\n") && !tests.contains("\n\n\n"),
        "{tests}"
    );
    let found = fs::read_to_string(&services).unwrap();
    let added = [
        "mod feed;\n",
        "\nmod stock;",
        "\n        .add(idl::stock::v1::StockServer::new(stock::Stock))\
         \n        .add(idl::stock::v1::FeedServer::new(feed::Feed))",
    ];
    let mut rest = found.clone();
    for added in added {
        assert!(rest.contains(added), "{found}");
        rest = rest.replacen(added, "", 1);
    }
    assert_eq!(rest, before);
    let script = fs::read_to_string(project.join("build.rs")).unwrap();
    assert!(
        script.contains("[\"idl/orders.thrift\", \"idl/stock.proto\"];"),
        "{script}"
    );
    assert_eq!(
        new(directory.path(), &["shop"]),
        "4 services, nothing to add\n"
    );
}

#[test]
fn a_build_script_of_the_users_is_gone_by() {
    let (directory, project) = shop();
    let script = project.join("build.rs");
    let mine = "use polyport_build::Builder;
fn main() {
    println!(\"mine\");
    Builder::new()
        .boxed(\"Order.note\")
        .name(\"idl\").compile(&[
            \"idl/orders.thrift\", // the first
        ])
        .unwrap();
}
";
    fs::write(&script, mine).unwrap();
    assert_eq!(
        new(directory.path(), &["shop"]),
        "2 services, nothing to add\n"
    );
    let stock = ["shop", "--idl", "stock.proto", "-I", "."];
    let said = new(directory.path(), &stock);
    assert!(
        said.starts_with("new      idl/stock.proto\nchanged  build.rs\n"),
        "{said}"
    );
    let expected = mine
        .replace(
            "Builder::new()\n",
            "Builder::new()\n        .include_dir(\"idl\")\n",
        )
        .replace("orders.thrift\"", "orders.thrift\", \"idl/stock.proto\"");
    assert_eq!(fs::read_to_string(&script).unwrap(), expected);
    assert_eq!(
        new(directory.path(), &["shop"]),
        "4 services, nothing to add\n"
    );
}

#[test]
fn a_server_that_was_changed_is_left_alone() {
    let (directory, project) = shop();
    let services = project.join("src/services.rs");
    let mine = "\
mod carts;
mod orders;

use crate::idl::shop::{CartsServer, OrdersServer as Made};

pub fn server() -> polyport::Server {
    let mut server = polyport::Server::new();
    for service in vec![Made::new(orders::Orders).fallback(), CartsServer::new(carts::Carts)] {
        server = server.add(service);
    }
    server
}
";
    fs::write(&services, mine).unwrap();
    assert_eq!(new(directory.path(), &["shop", "--refuse-traffic-without-service-name"]), "\
note     src/services.rs: add this to your server, which was not found: `.refuse_traffic_without_service_name()`
2 services, nothing to add
");
    let said = new(
        directory.path(),
        &[
            "shop",
            "--idl",
            "stock.proto",
            "--service",
            "Stock",
            "--refuse-traffic-without-service-name",
        ],
    );
    let note = "note     src/services.rs: add this to your server, which was not found: \
                `.add(crate::idl::stock::v1::StockServer::new(stock::Stock))`\n";
    assert!(said.contains(note), "{said}");
    let found = fs::read_to_string(&services).unwrap();
    assert_eq!(found.replacen("\nmod stock;", "", 1), mine);

    // It has a handler now, and is still not served.
    let said = new(
        directory.path(),
        &["shop", "--refuse-traffic-without-service-name"],
    );
    let note = "note     src/services/stock.rs:11: `stock.v1.Stock` has a handler, but no server: \
                add `.add(crate::idl::stock::v1::StockServer::new(...))` to yours\n";
    assert!(said.contains(note), "{said}");
}

#[test]
fn what_the_idl_no_longer_has_is_said_and_left() {
    let (directory, project) = shop();
    edit(&project.join("idl/orders.thrift"), "  void ping()\n", "");
    let idl = project.join("idl/orders.thrift");
    let text = fs::read_to_string(&idl).unwrap();
    let (orders, _) = text.split_once("service Carts").unwrap();
    fs::write(&idl, orders).unwrap();
    let before = files(&project);
    let expected = "\
note     src/services/orders.rs:21: the IDL has no method for `ping` in `shop.Orders` any more
note     src/services/carts.rs:11: the IDL has no service `shop::Carts` any more: its handler is left
note     src/services.rs:14: the IDL has no `shop::CartsServer` any more: its registration is left
note     tests/calls.rs:32: the IDL has no `shop::CartsClient` any more: its calls are left
1 service, nothing to add
";
    let said = new(directory.path(), &["shop"]);
    let mut said: Vec<&str> = said.lines().collect();
    let mut expected: Vec<&str> = expected.lines().collect();
    said.sort_unstable();
    expected.sort_unstable();
    assert_eq!(said, expected);
    assert_eq!(files(&project), before);
}

#[test]
fn calls_of_what_is_gone_are_said() {
    let (directory, project) = shop();
    new(directory.path(), &["shop", "--client"]);
    let mine = "\
use polyport::Client;
use shop::idl::{self, shop::OrdersClient as Orders};

async fn of_mine(client: Client) {
    let orders = Orders::new(client.clone());
    assert_eq!(orders.ping().await.unwrap(), ());
    orders.clone().place(Default::default()).await.unwrap();
    {
        let orders = idl::shop::CartsClient::connect(\"somewhere\").await.unwrap();
        orders.ping().await.unwrap();
    }
    Orders::connect(\"somewhere\").await.unwrap().ping().await.unwrap();
    client.ping();
}
";
    write(&project.join("tests/mine.rs"), mine);
    write(&project.join("tests/broken.rs"), "fn other( {\n");
    assert_eq!(
        new(directory.path(), &["shop"]),
        "note     tests/mine.rs:7: a call of `shop.Orders.place` takes 2 arguments now\n\
         2 services, nothing to add\n"
    );
    let idl = project.join("idl/orders.thrift");
    edit(&idl, "  void ping()\n", "");
    edit(
        &idl,
        "string place(1: Order order, 2: i32 count)",
        "string put()",
    );
    let text = fs::read_to_string(&idl).unwrap();
    let (orders, _) = text.split_once("service Carts").unwrap();
    fs::write(&idl, orders).unwrap();
    let said = new(directory.path(), &["shop"]);
    let mut notes: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("note     "))
        .filter(|line| !line.starts_with("src/"))
        .collect();
    notes.sort_unstable();
    let expected = [
        "examples/client.rs:15: the IDL has no method for `place` in `shop.Orders` any more",
        "examples/client.rs:21: the IDL has no `shop::CartsClient` any more: its calls are left",
        "tests/calls.rs:22: the IDL has no method for `place` in `shop.Orders` any more",
        "tests/calls.rs:32: the IDL has no `shop::CartsClient` any more: its calls are left",
        "tests/mine.rs:12: the IDL has no method for `ping` in `shop.Orders` any more",
        "tests/mine.rs:6: the IDL has no method for `ping` in `shop.Orders` any more",
        "tests/mine.rs:7: the IDL has no method for `place` in `shop.Orders` any more",
        "tests/mine.rs:9: the IDL has no `shop::CartsClient` any more: its calls are left",
    ];
    assert_eq!(notes, expected, "{said}");
}

#[test]
fn notes_count_lines_as_they_are_by_then() {
    let (directory, project) = shop();
    let idl = project.join("idl/orders.thrift");
    edit(&idl, "  void ping()\n", "  void added()\n");
    // Behind what is inserted.
    let handler = project.join("src/services/orders.rs");
    let text = fs::read_to_string(&handler).unwrap();
    let second = "\nimpl crate::idl::shop::Gone for Orders {}\n";
    fs::write(&handler, format!("{text}{second}")).unwrap();
    let said = new(directory.path(), &["shop"]);
    let text = fs::read_to_string(&handler).unwrap();
    let line = |of: &str| text.lines().position(|line| line.contains(of)).unwrap() + 1;
    let of_service = format!(
        "note     src/services/orders.rs:{}: the IDL has no service `shop::Gone` any more",
        line("shop::Gone")
    );
    let of_method = format!(
        "note     src/services/orders.rs:{}: the IDL has no method for `ping`",
        line("fn ping")
    );
    assert!(text.contains("fn added"), "{text}");
    assert!(
        said.contains(&of_service) && said.contains(&of_method),
        "{said}"
    );
}

#[test]
fn a_project_keeps_its_name_and_its_polyport() {
    let directory = idls(&[]);
    let directory = directory.path();
    let checkout = idl(".");
    let checkout = checkout.to_str().unwrap();
    let from = |more: &[&'static str]| {
        let all = ["shop", "--idl", "stock.proto", "--polyport-path", checkout];
        [&all[..], more].concat()
    };
    new(directory, &from(&[]));
    let before = files(&directory.join("shop"));
    // The same command again.
    new(directory, &from(&["--name", "shop"]));
    assert_eq!(
        misused(directory, &from(&["--name", "other"])),
        "error: the project is called `shop`: `--name` is for a new one; its `Cargo.toml` says the name"
    );
    new(directory, &["released", "--idl", "stock.proto"]);
    let error = misused(directory, &["released", "--polyport-path", checkout]);
    assert_eq!(
        error,
        "error: the project takes Polyport from somewhere else: `--polyport-path` is for a new one; \
         its `Cargo.toml` says from where"
    );
    assert_eq!(files(&directory.join("shop")), before);
}

#[test]
fn a_method_that_became_another_one_is_said() {
    let (directory, project) = shop();
    let idl = project.join("idl/orders.thrift");
    edit(&idl, "2: i32 count", "2: i64 count");
    edit(&idl, "list<Order> items", "list<string> items");
    let expected = "\
note     src/services/orders.rs:12: `shop.Orders.place` is another one in the IDL now: `async fn \
place(&self, cx: &mut Context, _order: shop::Order, _count: i64) -> Result<String, \
shop::orders::PlaceError>`
note     src/services/carts.rs:12: `shop.Carts.items` is another one in the IDL now: `async fn \
items(&self, cx: &mut Context, _user: String) -> Result<Vec<String>, Status>`
2 services, nothing to add
";
    assert_eq!(new(directory.path(), &["shop"]), expected);
    // Names of the user's own are believed.
    let handler = project.join("src/services/orders.rs");
    edit(&handler, "_count: i32", "_count: Count");
    edit(
        &project.join("src/services/carts.rs"),
        "Vec<shop::Order>",
        "Items",
    );
    assert_eq!(
        new(directory.path(), &["shop"]),
        "2 services, nothing to add\n"
    );
}

#[test]
fn services_that_were_chosen_are_remembered() {
    let directory = idls(&[]);
    let directory = directory.path();
    new(
        directory,
        &["shop", "--idl", "orders.thrift", "--service", "Orders"],
    );
    let manifest = directory.join("shop/Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let remembered = "[package.metadata.polyport]\nservices = [\"shop.Orders\"]\n";
    assert!(text.contains(remembered), "{text}");
    assert_eq!(new(directory, &["shop"]), "1 service, nothing to add\n");

    edit(&manifest, "publish = false", "publish = false # mine");
    new(
        directory,
        &[
            "shop",
            "--service",
            "shop.Carts",
            "--refuse-traffic-without-service-name",
        ],
    );
    let found = fs::read_to_string(&manifest).unwrap();
    let expected = text
        .replace("publish = false", "publish = false # mine")
        .replace("[\"shop.Orders\"]", "[\"shop.Orders\", \"shop.Carts\"]");
    assert_eq!(found, expected);
    assert_eq!(new(directory, &["shop"]), "2 services, nothing to add\n");
}

#[test]
fn an_idl_is_copied_again() {
    let (directory, project) = shop();
    let changed = ORDERS.replace("  void ping()\n  oneway", "  void pong()\n  oneway");
    write(&directory.path().join("orders.thrift"), &changed);
    let said = new(directory.path(), &["shop", "--idl", "orders.thrift"]);
    let expected = "\
changed  idl/orders.thrift
changed  src/services/orders.rs
note     src/services/orders.rs:21: the IDL has no method for `ping` in `shop.Orders` any more
2 services, up to date
";
    assert_eq!(said, expected);
    assert_eq!(
        fs::read_to_string(project.join("idl/orders.thrift")).unwrap(),
        changed
    );
}

#[test]
fn code_that_cannot_be_read_is_named() {
    let (directory, project) = shop();
    write(&project.join("src/other.rs"), "fn other( {\n");
    let error = refused(directory.path(), &["shop"]);
    assert!(error.starts_with("error: src/other.rs:"), "{error}");

    let (directory, project) = shop();
    write(
        &project.join("build.rs"),
        "fn main() { polyport_build::compile(\"a\"); }\n",
    );
    let error = refused(directory.path(), &["shop"]);
    let path = Path::new("shop").join("build.rs");
    let expected = format!(
        "error: `{}` does not say what it generates from",
        path.display()
    );
    assert!(error.starts_with(&expected), "{error}");
}
