//! The rows for multi.proto and streams.thrift: Kitex Protobuf, and HTTP/2 with either codec.

mod unary;
mod streams;
mod ending;
mod compression;
mod around;
mod routes;

use serde_json::{Value, json};

use crate::expect::exception;
use crate::implementations::Implementation;
use crate::peers::{Peer, Serving};
use crate::report::Report;

const CALLER: &str = "matrix";

/// One client and one server, over everything of these that both speak.
pub(crate) fn run(client: &Peer, server: &Peer, report: &mut Report) {
    let transports = client.implementation.newer_transports().iter().copied();
    for transport in transports.filter(|one| server.implementation.newer_transports().contains(one))
    {
        let pair = Pair {
            client: client.implementation,
            server: server.implementation,
            transport,
        };
        if pair.client == Implementation::Kitex && transport == "kitex-protobuf-framed" {
            // It always puts a TTHeader in front.
            continue;
        }
        let further: &[&str] = match pair.server.is_ours_or_kitex() {
            true => &["--further-words"],
            // The others know no others.
            false => &[],
        };
        let serving = server.must_serve(pair.fixture(), further);
        let mut column = Column {
            client,
            serving: &serving,
            pair,
            name: format!("{} -> {} {transport}", client.name(), server.name()),
            report,
        };
        unary::run(&mut column);
        if pair.is_http2() {
            streams::run(&mut column);
            ending::run(&mut column);
            compression::run(&mut column);
            around::run(&mut column);
        }
    }
    if client.implementation.is_ours_or_kitex() && server.implementation.is_ours_or_kitex() {
        routes::run(client, server, report);
    }
}

/// Who calls whom, over what.
#[derive(Clone, Copy, Debug)]
struct Pair {
    client: Implementation,
    server: Implementation,
    transport: &'static str,
}

impl Pair {
    fn is_http2(self) -> bool {
        self.transport.starts_with("grpc")
    }

    fn is_thrift(self) -> bool {
        self.transport == "grpc-thrift"
    }

    /// Kitex cannot have two services of the same bare name, whatever their codec is.
    fn fixture(self) -> &'static str {
        match self.server {
            Implementation::Polyport => "all",
            _ if self.is_thrift() => "multi",
            _ => "proto",
        }
    }

    /// Whether the server is told which service is meant.
    fn names_service(self) -> bool {
        self.transport != "kitex-protobuf-framed"
    }

    /// A service's name on the command line.
    fn service(self, bare: &str) -> String {
        if self.is_thrift() {
            bare.to_owned()
        } else {
            format!("multi.v1.{bare}")
        }
    }

    /// A method's name, which begins with a capital in Protobuf.
    fn method(self, name: &str) -> String {
        if self.is_thrift() {
            return name.to_owned();
        }
        let (first, rest) = name.split_at(1);
        format!("{}{rest}", first.to_uppercase())
    }

    /// The arguments of a method that takes a Request.
    fn request(self, text: &str) -> Value {
        if self.is_thrift() {
            json!({ "req": { "message": text } })
        } else {
            json!({ "message": text })
        }
    }

    /// An item; the canonical JSON of Protobuf leaves out what is zero or empty.
    fn item(self, number: usize, text: &str) -> Value {
        let mut item = json!({ "number": number, "message": text });
        if let (false, Value::Object(fields)) = (self.is_thrift(), &mut item) {
            fields.retain(|_, value| *value != json!(0) && *value != json!(""));
        }
        item
    }

    /// An ordinary error of a handler.
    fn error(self, text: &str) -> Value {
        match (self.is_http2(), self.server.is_ours_or_kitex()) {
            (true, true) => exception(13, &format!("{text} [biz error]")),
            // gRPC's word for what is not known further.
            (true, false) => exception(2, text),
            (false, _) => exception(6, &format!("biz error: {text}")),
        }
    }

    /// An error with a number, which on gRPC is its code.
    fn typed(self, number: i32, text: &str) -> Value {
        if self.server.is_ours_or_kitex() {
            exception(number, &format!("{text} [biz error]"))
        } else {
            exception(number, text)
        }
    }

    fn panic(self, service: &str, method: &str, text: &str) -> Value {
        let number = if self.is_http2() { 13 } else { 6 };
        let place = format!("method={service}.{method}");
        exception(
            number,
            &format!(
                "panic: [happened in biz handler, {place}, please check the panic at the server \
                 side] {text}"
            ),
        )
    }

    /// A business status. Others' clients see only the code of gRPC that it travels with.
    fn biz(self, code: i32, text: &str, extra: &Value) -> Value {
        match self.transport {
            "kitex-protobuf-framed" => json!({ "ok": {} }),
            _ if self.client.is_ours_or_kitex() => {
                json!({ "biz": { "code": code, "message": text, "extra": extra } })
            }
            _ => exception(13, text),
        }
    }

    /// What `who` answers.
    fn who(self, service: &str, method: &str) -> String {
        let (caller, transport, reason) = match self.transport {
            "kitex-protobuf" => (CALLER, "TTHeader|Framed", "named"),
            "kitex-protobuf-framed" => ("", "Framed", "method"),
            _ => (CALLER, "GRPC", "named"),
        };
        let caller = if self.client.is_ours_or_kitex() {
            caller
        } else {
            ""
        };
        let who = format!("{service}/{method} caller={caller} transport={transport}");
        match self.server {
            Implementation::Polyport => format!("{who} kind=unary reason={reason}"),
            _ => who,
        }
    }
}

/// The cells of one client, server and transport.
#[derive(Debug)]
struct Column<'a> {
    client: &'a Peer,
    serving: &'a Serving,
    pair: Pair,
    name: String,
    report: &'a mut Report,
}

impl Column<'_> {
    /// Calls a method by its bare names and compares the line.
    fn check(&mut self, service: &str, method: &str, json: &Value, expected: &Value) {
        self.check_with(service, method, json, &[], expected);
    }

    #[expect(clippy::too_many_arguments, reason = "a row of a table")]
    fn check_with(
        &mut self,
        service: &str,
        method: &str,
        json: &Value,
        flags: &[&str],
        expected: &Value,
    ) {
        let cell = format!("{service}/{method} {json} {}", flags.join(" "));
        let cell: String = cell.chars().take(200).collect();
        let seen = without_headers(self.call(service, method, json, flags));
        self.report.compare(&self.name, &cell, expected, &seen);
    }

    fn call(&self, service: &str, method: &str, json: &Value, flags: &[&str]) -> Value {
        self.call_at(&self.serving.address, service, method, json, flags)
    }

    #[expect(clippy::too_many_arguments, reason = "a row of a table")]
    fn call_at(
        &self,
        address: &str,
        service: &str,
        method: &str,
        json: &Value,
        flags: &[&str],
    ) -> Value {
        let service = self.pair.service(service);
        let method = self.pair.method(method);
        let json = json.to_string();
        let mut all = vec![
            "--transport",
            self.pair.transport,
            "--service",
            &service,
            "--method",
            &method,
            "--json",
            &json,
        ];
        if self.pair.client.is_ours_or_kitex() {
            all.extend(["--caller", CALLER]);
        }
        all.extend(flags);
        let mut lines = self.client.call(address, &all);
        if lines.len() == 1 {
            lines.remove(0)
        } else {
            Value::from(lines)
        }
    }

    /// A call of a method that takes a Request and answers with a text.
    #[expect(clippy::too_many_arguments, reason = "a row of a table")]
    fn says(&mut self, service: &str, method: &str, text: &str, flags: &[&str], answer: &str) {
        let request = self.pair.request(text);
        let expected = crate::expect::message(answer);
        self.check_with(service, method, &request, flags, &expected);
    }
}

/// Leaves out what the servers of grpc-js and tonic send beside every answer.
fn without_headers(mut line: Value) -> Value {
    let Value::Object(fields) = &mut line else {
        return line;
    };
    if let Some(Value::Object(back)) = fields.get_mut("back") {
        back.retain(|key, _| key != "date" && key != "grpc-accept-encoding");
        if back.is_empty() {
            fields.remove("back");
        }
    }
    line
}
