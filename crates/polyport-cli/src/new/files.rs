//! The files of a new project that do not change with its IDL.

use std::path::Path;

use polyport_build::{MethodOutline, ServiceOutline};
use polyport_wire::schema::CallKind;
use polyport_wire::transport::Codec;

use super::registration::Entry;
use super::source::without_raw;

/// What a project is told apart by.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    /// The package's name.
    pub(super) name: &'a str,
    /// A checkout of Polyport, when it does not come from crates.io.
    pub(super) checkout: Option<&'a Path>,
    pub(super) entries: &'a [Entry<'a>],
}

pub(super) const GITIGNORE: &str = "/target\n";

impl Facts<'_> {
    /// The name by which its own code names the package.
    fn krate(&self) -> String {
        self.name.replace('-', "_")
    }

    pub(super) fn manifest(&self) -> String {
        let [polyport, build] = ["polyport", "polyport-build"].map(|name| match self.checkout {
            Some(checkout) => {
                let path = checkout.join("crates").join(name);
                format!("{name} = {{ path = {:?} }}", path.display().to_string())
            }
            None => format!("{name} = \"{}\"", version()),
        });
        let name = self.name;
        format!(
            "[package]\n\
             name = \"{name}\"\n\
             version = \"0.1.0\"\n\
             edition = \"2024\"\n\
             publish = false\n\n\
             [dependencies]\n\
             {polyport}\n\
             tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"signal\"] }}\n\n\
             [build-dependencies]\n\
             {build}\n"
        )
    }

    pub(super) fn library(&self) -> String {
        let name = self.name;
        let is_ours = |entry: &Entry<'_>| entry.service.module.starts_with("crate::idl::polyport");
        // The IDL's module would be meant.
        let root = if self.entries.iter().any(is_ours) {
            "::"
        } else {
            ""
        };
        format!(
            "//! The services of `{name}`.\n\n\
             pub mod services;\n\n\
             /// What `build.rs` generates from the files in `idl`.\n\
             pub mod idl {{\n    \
                 {root}polyport::include_idl!(\"idl\");\n\
             }}\n"
        )
    }

    pub(super) fn main(&self) -> String {
        let krate = self.krate();
        format!(
            r#"//! Serves all services on one port: `cargo run`, or `cargo run -- 0.0.0.0:8888`.

use polyport::Error;

use {krate}::services;

#[tokio::main]
async fn main() -> Result<(), Error> {{
    let address = std::env::args().nth(1);
    let address = address.unwrap_or_else(|| "127.0.0.1:8888".to_owned());

    let listening = services::server().bind(&address).await?;
    println!("listening on {{}}", listening.address());
    println!("{{}}", listening.router());

    listening.serve_until(interrupted()).await;
    Ok(())
}}

/// Ends when somebody presses Ctrl-C; the calls that are there by then are still answered.
async fn interrupted() {{
    let signal = tokio::signal::ctrl_c().await;
    signal.expect("a process can listen to signals");
}}
"#
        )
    }

    pub(super) fn tests(&self) -> String {
        let krate = self.krate();
        let tests: Vec<String> = self.entries.iter().filter_map(test).collect();
        let tests = tests.join("\n");
        format!(
            r#"//! Starts the server on a free port and calls it, as its clients do.

use polyport::{{Client, Transport}};

use {krate}::{{idl, services}};

/// A client of a server that runs until the test ends.
async fn connect(transport: Transport) -> Client {{
    let listening = services::server().bind("127.0.0.1:0").await;
    let listening = listening.expect("the services go together, and a port is free");
    let address = listening.address().to_string();
    tokio::spawn(listening.serve_until(std::future::pending()));

    let options = Client::options(address).transport(transport);
    options.connect().await.expect("the server listens")
}}

{tests}"#
        )
    }

    pub(super) fn client(&self) -> String {
        let krate = self.krate();
        let calls: Vec<String> = self.entries.iter().filter_map(example).collect();
        let calls = calls.join("\n");
        format!(
            r#"//! Calls each service once: `cargo run --example client`, while the server runs.

use polyport::{{Client, Error, Transport}};

use {krate}::idl;

#[tokio::main]
async fn main() -> Result<(), Error> {{
    let address = std::env::args().nth(1);
    let address = address.unwrap_or_else(|| "127.0.0.1:8888".to_owned());
    let connect = |transport| Client::options(&address).transport(transport).connect();

{calls}
    Ok(())
}}
"#
        )
    }

    pub(super) fn readme(&self) -> String {
        let name = self.name;
        let services: String = self
            .entries
            .iter()
            .map(|entry| {
                let file = without_raw(&entry.module);
                let service = &entry.service.description;
                let (full_name, idl) = (service.full_name(), entry.service.file.display());
                format!("| `{full_name}` | `{idl}` | `src/services/{file}.rs` |\n")
            })
            .collect();
        let dependency = match self.checkout {
            None => "Polyport comes from crates.io.".to_owned(),
            Some(checkout) => format!(
                "Polyport comes from a checkout, `{}`; with\n`polyport = \"{version}\"` and \
                 `polyport-build = \"{version}\"` in `Cargo.toml` it comes from crates.io.",
                checkout.display(),
                version = version(),
            ),
        };
        format!(
            r#"# {name}

A [Polyport](https://crates.io/crates/polyport) server: all services on one port, for clients of Kitex,
gRPC and Apache Thrift.

```sh
cargo run                     # serves on 127.0.0.1:8888
cargo run -- 0.0.0.0:9000     # or somewhere else
cargo test                    # starts the server on a free port and calls it
```

| service | described by | written in |
| --- | --- | --- |
{services}
Each method answers `not implemented` until you write it: replace `Err(cx.not_implemented())` in its
handler, and what the test says of it.

| file | what it is |
| --- | --- |
| `idl/` | the IDL files: copies, which are yours to change |
| `build.rs` | generates `crate::idl` from them, at every build; nothing generated is checked in |
| `src/services.rs` | the server with all services, and which of them is the fallback |
| `src/services/` | the handlers |
| `src/main.rs` | the port |

After a change of the IDL, or for another one:

```sh
polyport new .
polyport new . --idl ../more.proto
```

adds what is new, a handler for each service and a stub for each method, and says what is no longer
there. What you wrote stays as it is. `polyport new . --client` adds an example of a client,
`examples/client.rs`.

{dependency}
"#
        )
    }
}

/// What `polyport = "..."` says: a minor version before 1.0 may break.
fn version() -> &'static str {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    VERSION.rsplit_once('.').map_or(VERSION, |(minor, _)| minor)
}

/// The method of a service that is called to see whether it is there: one that answers once and takes
/// little, if it has such a one.
fn tried<'a>(entry: &Entry<'a>) -> Option<&'a MethodOutline> {
    let methods = &entry.service.methods;
    let is_short = |method: &&MethodOutline| {
        let method = &method.description;
        method.kind == CallKind::Unary && method.arguments.len() <= 2
    };
    let short = methods.iter().find(is_short);
    short.or_else(|| methods.first())
}

/// The name of a service's test.
pub(super) fn test_name(entry: &Entry<'_>) -> String {
    format!("{}_is_there", without_raw(&entry.module))
}

/// A test that finds a service there, but nothing written yet; none without methods.
pub(super) fn test(entry: &Entry<'_>) -> Option<String> {
    let method = tried(entry)?;
    let name = test_name(entry);
    let client = client_of(entry.service);
    let connect = format!("connect(Transport::{}).await", transport(entry.service));
    let call = call(method);
    let said = match method.description.kind {
        CallKind::Oneway => {
            "    outcome.expect(\"a call that nobody answers goes out\");".to_owned()
        }
        _ => format!(
            r#"    // Nobody has written it yet. When you have, say here what it answers.
    let error = outcome.expect_err("it is not written").to_string();
    let expected = "{} is not implemented";
    assert!(error.contains(expected), "{{error}}");"#,
            title(entry, method)
        ),
    };
    Some(format!(
        "#[tokio::test]\n\
         async fn {name}() {{\n    \
             let client = {connect};\n    \
             let client = {client}::new(client);\n    \
             let outcome = {call}.await;\n\
         {said}\n\
         }}\n"
    ))
}

/// A call in the example of a client.
fn example(entry: &Entry<'_>) -> Option<String> {
    let method = tried(entry)?;
    let client = client_of(entry.service);
    let connect = format!("connect(Transport::{}).await?", transport(entry.service));
    let (call, title) = (call(method), title(entry, method));
    Some(format!(
        "    let client = {connect};\n    \
             let client = {client}::new(client);\n    \
             match {call}.await {{\n        \
                 Ok(answer) => println!(\"{title}: {{answer:?}}\"),\n        \
                 Err(error) => println!(\"{title}: {{error}}\"),\n    \
             }}\n"
    ))
}

fn title(entry: &Entry<'_>, method: &MethodOutline) -> String {
    let (service, method) = (&entry.service.description, &method.description);
    format!("{}.{}", service.name, method.name)
}

/// The path of a service's client outside of the library.
fn client_of(service: &ServiceOutline) -> String {
    let module = service.module.trim_start_matches("crate::");
    format!("{module}::{}", service.client)
}

/// The transport that most clients of such a service use.
fn transport(service: &ServiceOutline) -> &'static str {
    let mut methods = service.methods.iter();
    let only_streams = methods.all(|method| method.description.kind.is_streaming());
    match service.description.codec {
        Codec::ThriftBinary if !only_streams => "TtHeader",
        _ => "Grpc",
    }
}

/// How many arguments the function of a client takes.
pub(super) fn argument_count(method: &MethodOutline) -> usize {
    match method.description.kind {
        CallKind::ClientStream | CallKind::Bidirectional => 0,
        _ => method.description.arguments.len(),
    }
}

/// The call of a method with nothing in its arguments, up to its `.await`.
fn call(method: &MethodOutline) -> String {
    let arguments = vec!["Default::default()"; argument_count(method)].join(", ");
    let function = &method.function;
    match method.description.kind {
        CallKind::ClientStream => {
            format!("async {{ client.{function}().await?.finish().await }}")
        }
        CallKind::ServerStream => {
            format!("async {{ client.{function}({arguments}).await?.receive().await }}")
        }
        CallKind::Bidirectional => {
            format!("async {{ client.{function}().await?.1.receive().await }}")
        }
        _ => format!("client.{function}({arguments})"),
    }
}
