//! Calls without generated code, by JSON and by bytes, on one side: Kitex's own for our server, ours for
//! Kitex's.

use bytes::Bytes;
use polyport::generic::{Failure, Services};
use polyport::{Client, Codec, Status, StatusKind, Transport};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::expect::{exception, message};
use crate::peers::Peer;
use crate::report::Report;
use crate::time_limit::LIMIT;

/// What the generator makes of the IDLs, of which only the schema is used.
mod idl {
    polyport::include_idl!("multi");
}

/// The same of multi.proto.
mod proto {
    polyport::include_idl!("proto");
}

const IDLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../idl");

/// Kitex's generic client calls a server. Its JSON has no place for methods without an argument, or
/// with several, and cannot read an IDL that has such: ServiceA is left to bytes.
pub(crate) fn run(kitex: &Peer, server: &Peer, report: &mut Report) {
    let serving = server.must_serve("all", &[]);
    let hi = json!({ "req": { "message": "hi" } });
    let mut call = |kind: &str, transport: &str, asks: &str, json: &Value, expected: &Value| {
        let idl = if asks.contains("multi.v1") {
            "proto"
        } else {
            "thrift"
        };
        let (idl, json) = (format!("{IDLS}/multi.{idl}"), json.to_string());
        let mut flags = vec!["--generic", kind, "--idl-file", &idl, "--json", &json];
        flags.extend(["--transport", transport]);
        flags.extend(asks.split_whitespace());
        let seen = kitex.call(&serving.address, &flags).swap_remove(0);
        let column = format!("{} generic -> {} {kind}", kitex.name(), server.name());
        let cell = format!("{transport} {asks} {json}");
        report.compare(&column, &cell, expected, &seen);
    };
    let b = "--service ServiceB --method sameNamedMethod";
    for kind in ["json", "binary"] {
        for transport in [
            "buffered",
            "framed",
            "ttheader",
            "ttheader-framed",
            "mux",
            "grpc-thrift",
        ] {
            let service = match transport {
                "buffered" | "framed" => "ServiceA",
                _ => "ServiceB",
            };
            let answer = message(&format!("{service}/sameNamedMethod: hi"));
            call(kind, transport, b, &hi, &answer);
        }
        for (text, expected) in failures() {
            let request = json!({ "req": { "message": text } });
            call(kind, "ttheader-framed", b, &request, &expected);
        }
        let unknown = "--service ServiceB --method onlyB";
        call(kind, "framed", unknown, &hi, &message("ServiceB/onlyB: hi"));
        for transport in ["kitex-protobuf", "grpc"] {
            let only = "--service multi.v1.ServiceA --method OnlyA";
            let hi = json!({ "message": "hi" });
            call(kind, transport, only, &hi, &message("ServiceA/OnlyA: hi"));
            let special = json!({ "message": "typed:1900:special" });
            let expected = exception(1900, "special [biz error]");
            call(kind, transport, only, &special, &expected);
        }
    }
    let declined = json!({
        "exception": { "name": "declined", "value": { "code": 7, "reason": "hi" } }
    });
    for transport in ["framed", "ttheader-framed", "grpc-thrift"] {
        let a = |method: &str| format!("--service ServiceA --method {method}");
        call("binary", transport, &a("declines"), &hi, &declined);
        call(
            "binary",
            transport,
            &a("nothing"),
            &json!({}),
            &json!({ "ok": null }),
        );
        let sum = json!({ "left": 2, "right": 3 });
        call("binary", transport, &a("add"), &sum, &json!({ "ok": 5 }));
    }
}

/// What a handler fails with over a TTHeader, and what is told of it.
fn failures() -> [(&'static str, Value); 3] {
    [
        ("error:bad", exception(6, "biz error: bad")),
        ("typed:1900:special", exception(1900, "special [biz error]")),
        (
            "biz:404:no:k=v",
            json!({ "biz": { "code": 404, "message": "no", "extra": { "k": "v" } } }),
        ),
    ]
}

/// Our own calls of this kind to Kitex's server.
pub(crate) fn run_ours(kitex: &Peer, report: &mut Report) {
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            let reason = Err(error.to_string());
            return report.record("polyport generic -> kitex", "runtime", reason);
        }
    };
    runtime.block_on(async {
        ours(kitex, "multi", report).await;
        ours(kitex, "proto", report).await;
    });
}

async fn ours(kitex: &Peer, fixture: &str, report: &mut Report) {
    let serving = kitex.must_serve(fixture, &[]);
    let transports = match fixture {
        "proto" => &[Transport::TtHeaderFramed, Transport::Grpc][..],
        _ => &[
            Transport::Buffered,
            Transport::Framed,
            Transport::TtHeader,
            Transport::TtHeaderFramed,
            Transport::Grpc,
        ],
    };
    for &transport in transports {
        let column = format!("polyport generic -> kitex {transport} {fixture}");
        let calling = Calling {
            address: &serving.address,
            transport,
        };
        let outcome = timeout(LIMIT, calling.all(fixture)).await;
        match outcome.unwrap_or_else(|_| Err(format!("not within {} s", LIMIT.as_secs()))) {
            Err(reason) => report.record(&column, "all", Err(reason)),
            Ok(cells) => {
                for (cell, expected, seen) in cells {
                    report.compare(&column, &cell, &expected, &seen);
                }
            }
        }
    }
}

/// A cell's name, what is expected and what was seen.
type Cell = (String, Value, Value);

/// Calls over one transport.
#[derive(Clone, Copy, Debug)]
struct Calling<'a> {
    address: &'a str,
    transport: Transport,
}

impl Calling<'_> {
    async fn all(self, fixture: &str) -> Result<Vec<Cell>, String> {
        let schema = match fixture {
            "proto" => proto::multi::SCHEMA.get(),
            _ => idl::multi::SCHEMA.get(),
        };
        let services = Services::new(schema.clone()).map_err(text)?;
        let options = Client::options(self.address).transport(self.transport);
        let options = options.connect_timeout(LIMIT);
        let client = options.connect().await.map_err(text)?;
        if fixture == "proto" {
            self.protobuf(&client, &services).await
        } else {
            self.thrift(&client, &services).await
        }
    }

    async fn thrift(self, client: &Client, services: &Services) -> Result<Vec<Cell>, String> {
        let b = message("ServiceB/onlyB: hi");
        let declined = json!({
            "exception": { "name": "declined", "value": { "code": 7, "reason": "hi" } }
        });
        let sum = json!({ "left": 2, "right": i64::MAX - 2 });
        let bad = match self.transport {
            Transport::Grpc => exception(13, "bad [biz error]"),
            _ => exception(6, "biz error: bad"),
        };
        let mut rows = vec![
            ("ServiceB", "onlyB", request("hi"), b),
            ("ServiceA", "declines", request("hi"), declined),
            ("ServiceA", "nothing", json!({}), json!({ "ok": null })),
            ("ServiceA", "add", sum, json!({ "ok": i64::MAX })),
            ("ServiceA", "onlyA", request("error:bad"), bad),
        ];
        if self.transport.has_header() || self.transport == Transport::Grpc {
            let [.., (asks, biz)] = failures();
            rows.push(("ServiceA", "onlyA", request(asks), biz));
        }
        let mut cells = by_json(client, services, rows).await?;
        let method = services.method("ServiceA", "onlyA").map_err(text)?;
        let arguments = method.encode_arguments(&request("hi")).map_err(text)?;
        let seen = client.raw("ServiceA", "onlyA").call(arguments).await;
        let answer = b"ServiceA/onlyA: hi";
        // Field 0, whose field 1 is the text.
        let expected = [b"\x0c\0\0\x0b\0\x01\0\0\0\x12", &answer[..], b"\0\0"].concat();
        cells.push(bytes("onlyA by bytes", &expected, seen));
        Ok(cells)
    }

    async fn protobuf(self, client: &Client, services: &Services) -> Result<Vec<Cell>, String> {
        let rows = vec![
            (
                "multi.v1.ServiceB",
                "OnlyB",
                json!({ "message": "hi" }),
                message("ServiceB/OnlyB: hi"),
            ),
            (
                "multi.v1.ServiceA",
                "OnlyA",
                json!({ "message": "typed:1900:special" }),
                exception(1900, "special [biz error]"),
            ),
        ];
        let mut cells = by_json(client, services, rows).await?;
        let raw = client.raw("multi.v1.ServiceA", "OnlyA");
        let raw = raw.codec(Codec::Protobuf);
        let seen = raw.call(Bytes::from_static(b"\x0a\x02hi")).await;
        let expected = [&b"\x0a\x12"[..], b"ServiceA/OnlyA: hi"].concat();
        cells.push(bytes("OnlyA by bytes", &expected, seen));
        if self.transport == Transport::Grpc {
            cells.push(stream(client, services).await?);
        }
        Ok(cells)
    }
}

fn request(text: &str) -> Value {
    json!({ "req": { "message": text } })
}

async fn by_json(
    client: &Client,
    services: &Services,
    rows: Vec<(&str, &str, Value, Value)>,
) -> Result<Vec<Cell>, String> {
    let mut cells = Vec::new();
    for (service, name, arguments, expected) in rows {
        let method = services.method(service, name).map_err(text)?;
        let seen = line(client.json(&method, &arguments).await);
        cells.push((format!("{service}/{name} {arguments}"), expected, seen));
    }
    Ok(cells)
}

/// Items both ways, each by JSON.
async fn stream(client: &Client, services: &Services) -> Result<Cell, String> {
    let method = services.method("multi.v1.Streams", "Bidirectional");
    let method = method.map_err(text)?;
    let (mut items, mut echoes) = client.json_stream(&method).await.map_err(text)?;
    let mut seen = Vec::new();
    for number in 1..=3 {
        let item = json!({ "number": number, "message": "hi" });
        items.send(&item).await.map_err(text)?;
        seen.extend(echoes.receive().await.map_err(text)?);
    }
    items.finish().map_err(text)?;
    seen.extend(echoes.receive().await.map_err(text)?);
    let expected = (1..=3).map(|number| json!({ "number": number, "message": "echo hi" }));
    Ok((
        "Bidirectional".to_owned(),
        Value::from_iter(expected),
        Value::from(seen),
    ))
}

fn bytes(cell: &str, expected: &[u8], seen: Result<Bytes, Status>) -> Cell {
    let seen = match seen {
        Ok(seen) => json!(seen.to_vec()),
        Err(status) => line(Err(status.into())),
    };
    (cell.to_owned(), json!(expected), seen)
}

/// What came of a call, as peers print it.
fn line(result: Result<Value, Failure>) -> Value {
    match result {
        Ok(value) => json!({ "ok": value }),
        Err(Failure::Exception { name, value }) => {
            json!({ "exception": { "name": name, "value": value } })
        }
        Err(Failure::Status(status)) => match status.kind() {
            StatusKind::Biz(biz) => {
                json!({ "biz": { "code": biz.code, "message": biz.message, "extra": biz.extra } })
            }
            _ => {
                let code = status.code().map(|code| code.0.cast_signed());
                let number = code.or_else(|| status.type_id()).unwrap_or_default();
                exception(number, status.message())
            }
        },
        Err(other) => json!({ "failure": other.to_string() }),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
