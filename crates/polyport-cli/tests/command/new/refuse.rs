//! What is refused, and that nothing is written then.

use std::fs;

use super::{files, idls, misused, new, refused, write};

#[test]
fn files_of_others_are_never_overwritten() {
    let directory = idls(&[]);
    let directory = directory.path();
    write(&directory.join("shop/src/main.rs"), "fn main() {}\n");
    write(&directory.join("shop/README.md"), "# Mine\n");
    write(&directory.join("shop/idl/stock.proto"), "// Mine\n");
    let before = files(&directory.join("shop"));
    let error = refused(directory, &["shop", "--idl", "stock.proto"]);
    let expected = "error: `shop` has files already that would be overwritten: idl/stock.proto, \
                    src/main.rs, README.md; choose another directory, or move them out of the way\n";
    assert_eq!(error, expected);
    assert_eq!(files(&directory.join("shop")), before);
}

#[test]
fn an_idl_may_be_where_it_is_to_be() {
    let directory = idls(&[]);
    let directory = directory.path();
    fs::create_dir(directory.join("idl")).unwrap();
    fs::rename(
        directory.join("stock.proto"),
        directory.join("idl/stock.proto"),
    )
    .unwrap();
    let said = new(
        directory,
        &[".", "--name", "shop", "--idl", "idl/stock.proto"],
    );
    assert!(said.starts_with("new      Cargo.toml\n"), "{said}");
    assert!(said.ends_with("2 services; now: cargo run\n"), "{said}");
}

#[test]
fn a_handler_of_others_is_in_the_way_of_a_new_one() {
    let directory = idls(&[]);
    let directory = directory.path();
    new(
        directory,
        &["shop", "--idl", "stock.proto", "--service", "Stock"],
    );
    write(&directory.join("shop/src/services/feed.rs"), "// Mine\n");
    let said = new(directory, &["shop", "--service", "Feed"]);
    assert!(
        said.contains("new      src/services/stock_v1_feed.rs\n"),
        "{said}"
    );
    let mine = fs::read_to_string(directory.join("shop/src/services/feed.rs")).unwrap();
    assert_eq!(mine, "// Mine\n");
}

#[test]
fn wrong_calls_say_what_is_right() {
    let directory = idls(&[("types.thrift", "struct A {}\n")]);
    let directory = directory.path();
    let check = |arguments: &[&str], expected: &str| {
        let error = refused(directory, arguments);
        assert_eq!(error, format!("error: {expected}\n"));
        assert!(!directory.join("shop").exists());
    };
    check(
        &["shop", "--idl", "types.thrift"],
        "there is no service to serve: the given IDLs have none of their own",
    );
    check(
        &["shop", "--idl", "stock.proto", "--polyport-path", "."],
        "`.` is no checkout of Polyport: it has no `crates/polyport`",
    );
}

#[test]
fn what_is_typed_wrong_has_a_status_of_its_own() {
    let directory = idls(&[]);
    let directory = directory.path();
    let check = |arguments: &[&str], expected: &str| {
        let all = [&["shop", "--idl", "stock.proto"], arguments].concat();
        assert_eq!(misused(directory, &all), format!("error: {expected}"));
        assert!(!directory.join("shop").exists());
    };
    check(
        &["--service", "Stok"],
        "there is no service Stok; did you mean stock.v1.Stock? there are [stock.v1.Stock, \
         stock.v1.Feed]",
    );
    check(
        &["--fallback", "Orders"],
        "there is no service Orders; there are [stock.v1.Stock, stock.v1.Feed]",
    );
    check(
        &["--service", "Feed", "--fallback", "Stock"],
        "there is no service Stock; there are [stock.v1.Feed]",
    );
    // The last are modules of the project.
    for name in ["tokio", "2shop", "services"] {
        check(
            &["--name", name],
            &format!("`{name}` cannot be the name of a package: give another one by `--name`"),
        );
    }
    assert_eq!(
        misused(directory, &["shop"]),
        "error: a new project needs an IDL: give at least one by `--idl`"
    );
}

#[test]
fn mistakes_of_the_idl_are_shown_where_they_are() {
    let directory = idls(&[("broken.thrift", "service A { Missing a() }\n")]);
    let directory = directory.path();
    let error = refused(directory, &["shop", "--idl", "broken.thrift"]);
    let expected = "error: there is no type `Missing`\n --> broken.thrift:1:13\n";
    assert!(error.starts_with(expected), "{error}");
    assert!(!directory.join("shop").exists());
}

#[test]
fn a_workspace_around_the_project_is_noted() {
    let directory = idls(&[("Cargo.toml", "[workspace]\n")]);
    let directory = directory.path();
    let said = new(directory, &["shop", "--idl", "stock.proto"]);
    let path = directory.join("Cargo.toml");
    let expected = format!(
        "note     `{}` is a workspace: the project must be among its `members`, or in its \
         `exclude`\n",
        path.display()
    );
    assert!(said.contains(&expected), "{said}");
}
