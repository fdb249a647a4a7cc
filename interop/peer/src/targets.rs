//! From the names on the command line to the generated method.

use std::error::Error;

use polyport::Codec;
use polyport::method::{Method, StreamMethod};
use polyport_wire::schema::{self, Schema};

use crate::call::Calling;
use crate::generated::apart::apart::{combine_service as combine_apart, left, right};
use crate::generated::combined::combine::{combine_a, combine_b, combine_service};
use crate::generated::proto::multi::{SCHEMA, v1 as proto};
use crate::generated::several::multi::{service_a, service_b, service_c, service_d};
use crate::generated::several::streams::streams;
use crate::generated::several::types::types;
use crate::generated::{apart, combined, several};
use crate::{protobuf_json, thrift_json};

/// Calls the method that is asked for. The service's name goes out as it was given, also when no
/// IDL has it: the method is then looked for in all of them, so that servers can be asked for what
/// they do not have.
pub(crate) async fn call(calling: &Calling) -> Result<(), Box<dyn Error>> {
    match calling.call.transport.codec() {
        Codec::Protobuf => call_protobuf(calling).await,
        _ => call_thrift(calling).await,
    }
}

async fn call_thrift(calling: &Calling) -> Result<(), Box<dyn Error>> {
    /// One arm for each method of each service: first those with one answer.
    macro_rules! by_name {
        (
            $found:expr, $notation:expr, $target:expr;
            $($service:literal, $module:ident, { $($method:literal => $token:ident),* };)*
            streams: $($stream:literal => $stream_token:ident),*
        ) => {
            match $found {
                $($(
                    ($service, $method) => {
                        let token = &$module::$token;
                        let method = Method::new($target.service, token.name(), token.kind());
                        let method = method.package($target.package);
                        // Under its own name, a combined client sends none.
                        let method = if token.is_combined() && $target.service == token.service() {
                            method.combined()
                        } else {
                            method
                        };
                        let method = same_types(token, method);
                        let arguments = $notation.arguments(&calling.json()?)?;
                        calling.unary(method, arguments, |result| $notation.line(result)).await
                    }
                )*)*
                $(("Streams", $stream) => {
                    let token = &streams::$stream_token;
                    let method = StreamMethod::thrift($target.service, token.name(), token.kind());
                    let method = same_items(token, method.package($target.package));
                    let items = calling.items()?;
                    let items = items.iter().map(|item| $notation.item(item));
                    let items = items.collect::<Result<_, _>>()?;
                    calling.stream(method, items, |answer| $notation.answer(&answer)).await
                })*
                (service, method) => Err(format!("{service}/{method} is in no IDL").into()),
            }
        };
    }

    let schemas = [
        several::multi::SCHEMA.get(),
        combined::combine::SCHEMA.get(),
        apart::apart::SCHEMA.get(),
    ];
    let (schema, service, method) = find(&schemas, &calling.call)?;
    let target = Target {
        // What no IDL has, no IDL has put into a package.
        package: if service.name == calling.call.service {
            &service.package
        } else {
            ""
        },
        // The program makes one call and ends.
        service: calling.call.service.clone().leak(),
    };
    let notation = thrift_json::Notation { schema, method };
    by_name!((service.name.as_str(), method.name.as_str()), notation, target;
        "ServiceA", service_a, {
            "sameNamedMethod" => SAME_NAMED_METHOD, "onlyA" => ONLY_A, "declines" => DECLINES,
            "nothing" => NOTHING, "notify" => NOTIFY, "add" => ADD
        };
        "ServiceB", service_b, { "sameNamedMethod" => SAME_NAMED_METHOD, "onlyB" => ONLY_B };
        "ServiceC", service_c, { "onlyC" => ONLY_C };
        "ServiceD", service_d, { "onlyC" => ONLY_C, "onlyD" => ONLY_D };
        "Types", types, {
            "echo" => ECHO, "echoList" => ECHO_LIST, "echoMap" => ECHO_MAP,
            "echoColor" => ECHO_COLOR
        };
        "Streams", streams, { "unary" => UNARY, "pingPong" => PING_PONG };
        "CombineA", combine_a, { "fromA" => FROM_A };
        "CombineB", combine_b, { "fromB" => FROM_B };
        "CombineService", combine_service, {
            "fromA" => FROM_A, "fromB" => FROM_B
        };
        "Left", left, { "fromLeft" => FROM_LEFT };
        "Right", right, { "fromRight" => FROM_RIGHT };
        "CombineService", combine_apart, {
            "fromLeft" => FROM_LEFT, "fromRight" => FROM_RIGHT
        };
        streams: "bidirectional" => BIDIRECTIONAL, "client" => CLIENT, "server" => SERVER
    )
}

async fn call_protobuf(calling: &Calling) -> Result<(), Box<dyn Error>> {
    /// One arm for each method of each service: first those with one answer.
    macro_rules! by_name {
        (
            $found:expr, $notation:expr, $target:expr;
            $($service:literal, $module:ident, { $($method:literal => $token:ident),* };)*
            streams: $($stream:literal => $stream_token:ident),*
        ) => {
            match $found {
                $($(
                    ($service, $method) => {
                        let token = &proto::$module::$token;
                        let Target { package, service } = $target;
                        let method = Method::protobuf(package, service, token.name(), token.kind());
                        let method = same_types(token, method);
                        let request = $notation.request(&calling.json()?)?;
                        calling.unary(method, request, |result| $notation.line(result)).await
                    }
                )*)*
                $(("Streams", $stream) => {
                    let token = &proto::streams::$stream_token;
                    let Target { package, service } = $target;
                    let method =
                        StreamMethod::protobuf(package, service, token.name(), token.kind());
                    let method = same_items(token, method);
                    let items = calling.items()?;
                    let items = items.iter().map(|item| $notation.request(item));
                    let items = items.collect::<Result<_, _>>()?;
                    calling.stream(method, items, |answer| $notation.answer(&answer)).await
                })*
                (service, method) => Err(format!("{service}/{method} is in no IDL").into()),
            }
        };
    }

    let (schema, service, method) = find(&[SCHEMA.get()], &calling.call)?;
    // The program makes one call and ends.
    let name: &'static str = calling.call.service.clone().leak();
    let (package, name) = name.rsplit_once('.').unwrap_or(("", name));
    let target = Target {
        package,
        service: name,
    };
    let notation = protobuf_json::Notation::new(schema, method)?;
    by_name!((service.name.as_str(), method.name.as_str()), notation, target;
        "ServiceA", service_a, { "SameNamedMethod" => SAME_NAMED_METHOD, "OnlyA" => ONLY_A };
        "ServiceB", service_b, { "SameNamedMethod" => SAME_NAMED_METHOD, "OnlyB" => ONLY_B };
        "Streams", streams, { "Unary" => UNARY };
        streams: "Bidirectional" => BIDIRECTIONAL, "Client" => CLIENT, "Server" => SERVER
    )
}

/// What goes out.
#[derive(Clone, Copy, Debug)]
struct Target {
    package: &'static str,
    service: &'static str,
}

/// The same method under another service's name.
fn same_types<A, V, E>(_of: &Method<A, V, E>, method: Method<A, V, E>) -> Method<A, V, E> {
    method
}

/// The same for a method that streams.
fn same_items<A, V>(_of: &StreamMethod<A, V>, method: StreamMethod<A, V>) -> StreamMethod<A, V> {
    method
}

type Found = (
    &'static Schema,
    &'static schema::Service,
    &'static schema::Method,
);

fn find(schemas: &[&'static Schema], call: &crate::args::Call) -> Result<Found, String> {
    let all = || {
        schemas.iter().flat_map(|&schema| {
            let services = schema.services.iter();
            services.flat_map(move |service| {
                let methods = service.methods.iter();
                methods.map(move |method| (schema, service, method))
            })
        })
    };
    let bare = call.service.rsplit('.').next().unwrap_or_default();
    all()
        .find(|(_, has, of)| has.name == bare && of.name == call.method)
        .or_else(|| all().find(|(_, _, of)| of.name == call.method))
        .ok_or_else(|| format!("no IDL has a method {}", call.method))
}
