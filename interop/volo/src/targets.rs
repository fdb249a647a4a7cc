//! From the names on the command line to the generated method.

use serde_json::Value;
use volo_thrift::codec::default::DefaultMakeCodec;
use volo_thrift::codec::default::thrift::MakeThriftCodec;
use volo_thrift::codec::default::ttheader::MakeTTHeaderCodec;

use crate::outcome;
use crate::values::{Failure, Json};
use crate::volo_gen::multi::{ServiceAClientBuilder, ServiceBClientBuilder, ServiceDClientBuilder};
use crate::volo_gen::types::TypesClientBuilder;
use crate::{Call, Transport};

/// A client of the service, over what the command line says.
macro_rules! client {
    ($builder:ident, $call:expr) => {{
        let builder = $builder::new(&$call.service)
            .address($call.addr)
            .caller_name(&$call.caller)
            .rpc_timeout($call.timeout())
            // Its error cannot be told from a server's; `call` has a timeout of its own.
            .disable_timeout_layer()
            .enable_biz_error(true);
        match $call.transport {
            Transport::Buffered => builder.make_codec(DefaultMakeCodec::buffered()).build(),
            Transport::Framed => builder.make_codec(DefaultMakeCodec::framed()).build(),
            Transport::Ttheader => {
                let codec = MakeTTHeaderCodec::new(MakeThriftCodec::default());
                builder.make_codec(DefaultMakeCodec::new(codec)).build()
            }
            Transport::TtheaderFramed => builder.build(),
            Transport::Mux => builder.multiplex(true).build(),
        }
    }};
}

/// Calls the method as often as asked for, a line each.
pub(crate) async fn run(call: &Call) -> Result<(), Failure> {
    let json: Value = serde_json::from_str(&call.json)?;
    /// One arm for each method of each service.
    macro_rules! by_name {
        ($($service:literal, $builder:ident, {
            $($method:literal => $name:ident($($argument:literal),*)),* $(,)?
        };)*) => {
            match (call.service.as_str(), call.method.as_str()) {
                $($(($service, $method) => {
                    let client = client!($builder, call);
                    for _ in 0..call.count {
                        let calling = client.$name($(Json::from_json(&json[$argument])?),*);
                        println!("{}", outcome::of(call, calling).await?);
                    }
                    Ok(())
                })*)*
                (service, method) => Err(format!("{service}/{method} is in no IDL").into()),
            }
        };
    }
    by_name!(
        "ServiceA", ServiceAClientBuilder, {
            "sameNamedMethod" => same_named_method("req"),
            "onlyA" => only_a("req"),
            "declines" => declines("req"),
            "nothing" => nothing(),
            "notify" => notify("req"),
            "add" => add("left", "right"),
        };
        "ServiceB", ServiceBClientBuilder, {
            "sameNamedMethod" => same_named_method("req"),
            "onlyB" => only_b("req"),
        };
        "ServiceD", ServiceDClientBuilder, {
            "onlyC" => only_c("req"),
            "onlyD" => only_d("req"),
        };
        "Types", TypesClientBuilder, {
            "echo" => echo("value"),
            "echoList" => echo_list("values"),
            "echoMap" => echo_map("values"),
            "echoColor" => echo_color("color"),
        };
    )
}
