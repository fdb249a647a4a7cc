//! From the names on the command line to the generated method.

use std::error::Error;

use polyport::method::Method;
use polyport_wire::schema::{self, Schema};

use crate::call::Calling;
use crate::generated::apart::apart::{combine_service as combine_apart, left, right};
use crate::generated::combined::combine::{combine_a, combine_b, combine_service};
use crate::generated::several::multi::{service_a, service_b, service_c, service_d};
use crate::generated::several::types::types;
use crate::generated::{apart, combined, several};

/// Calls the method that is asked for. The service's name goes out as it was given, also when no
/// IDL has it: the method is then looked for in all of them, so that servers can be asked for what
/// they do not have.
pub(crate) async fn call(calling: &Calling) -> Result<(), Box<dyn Error>> {
    /// One arm for each method of each service.
    macro_rules! by_name {
        ($found:expr, $schema:expr, $name:expr; $($service:literal, $module:ident, { $($method:literal => $token:ident),* };)*) => {
            match $found {
                $($(
                    ($service, $method) => {
                        let token = &$module::$token;
                        let method = Method::new($name, token.name(), token.kind());
                        // Under its own name, a combined client sends none.
                        let method = if token.is_combined() && $name == token.service() {
                            method.combined()
                        } else {
                            method
                        };
                        let method = same_types(token, method);
                        calling.run($schema.0, $schema.1, method).await
                    }
                )*)*
                (service, method) => Err(format!("{service}/{method} is in no IDL").into()),
            }
        };
    }

    let (schema, service, method) = find(&calling.call.service, &calling.call.method)?;
    // The program makes one call and ends.
    let name: &'static str = calling.call.service.clone().leak();
    by_name!((service.name.as_str(), method.name.as_str()), (schema, method), name;
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
    )
}

/// The same method under another service's name.
fn same_types<A, V, E>(_of: &Method<A, V, E>, method: Method<A, V, E>) -> Method<A, V, E> {
    method
}

type Found = (
    &'static Schema,
    &'static schema::Service,
    &'static schema::Method,
);

fn find(service: &str, method: &str) -> Result<Found, String> {
    let schemas = [
        several::multi::SCHEMA.get(),
        combined::combine::SCHEMA.get(),
        apart::apart::SCHEMA.get(),
    ];
    let all = || {
        schemas.into_iter().flat_map(|schema| {
            let services = schema.services.iter();
            services.flat_map(move |service| {
                let methods = service.methods.iter();
                methods.map(move |method| (schema, service, method))
            })
        })
    };
    all()
        .find(|(_, has, of)| has.name == service && of.name == method)
        .or_else(|| all().find(|(_, _, of)| of.name == method))
        .ok_or_else(|| format!("no IDL has a method {method}"))
}
