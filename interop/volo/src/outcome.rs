//! What comes of a call, as a line of JSON.

use std::cell::RefCell;

use metainfo::{Backward, Forward, METAINFO, MetaInfo};
use serde_json::{Value, json};
use tokio::time::{Duration, timeout};
use volo_thrift::{ClientError, MaybeException};

use crate::Call;
use crate::values::{Failure, Json};
use crate::volo_gen::multi::ServiceADeclinesException;
use crate::volo_gen::types::TypesEchoException;

/// Longer than any answer takes. A server that says nothing must not stop the tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for a call with the metadata and the time that the command line says.
pub(crate) async fn of<T: Answer>(
    call: &Call,
    calling: impl Future<Output = Result<T, ClientError>>,
) -> Result<Value, Failure> {
    let mut metadata = MetaInfo::new();
    for (key, value) in call.transient.clone() {
        metadata.set_transient(key, value);
    }
    for (key, value) in call.persistent.clone() {
        metadata.set_persistent(key, value);
    }
    let calling = async {
        let limit = call.timeout().unwrap_or(PATIENCE);
        let answer = timeout(limit, calling).await;
        let back = METAINFO.with(|all| back(&all.borrow()));
        (answer, back)
    };
    let (answer, back) = METAINFO.scope(RefCell::new(metadata), calling).await;
    let mut line = match answer {
        Err(_) => json!({ "timeout": true }),
        Ok(Err(error)) => failure(&error),
        Ok(Ok(answer)) => answer.line()?,
    };
    if let Some(back) = back {
        line["back"] = back;
    }
    Ok(line)
}

fn back(metadata: &MetaInfo) -> Option<Value> {
    let all = metadata.get_all_backward_transients()?;
    let pairs = all.iter();
    let pairs = pairs.map(|(key, value)| (key.to_string(), Value::from(value.as_str())));
    Some(Value::Object(pairs.collect()))
}

fn failure(error: &ClientError) -> Value {
    match error {
        ClientError::Application(exception) => json!({
            "error": { "type": exception.kind().as_i32(), "message": exception.message() }
        }),
        ClientError::Biz(biz) => {
            let extra = biz.extra.iter().flatten();
            let extra = extra.map(|(key, value)| (key.to_string(), Value::from(value.as_str())));
            let extra: serde_json::Map<_, _> = extra.collect();
            json!({
                "biz": {
                    "code": biz.status_code,
                    "message": biz.status_message.as_str(),
                    "extra": extra,
                }
            })
        }
        other => json!({ "transport_error": other.to_string() }),
    }
}

/// What a method gives, which may be an exception of its IDL.
pub(crate) trait Answer {
    fn line(&self) -> Result<Value, Failure>;
}

impl<T: Json> Answer for T {
    fn line(&self) -> Result<Value, Failure> {
        Ok(json!({ "ok": self.to_json()? }))
    }
}

/// Methods that declare exceptions.
macro_rules! throws {
    ($($exception:ident::$variant:ident, $name:literal;)*) => {
        $(impl<T: Json> Answer for MaybeException<T, $exception> {
            fn line(&self) -> Result<Value, Failure> {
                match self {
                    Self::Ok(value) => value.line(),
                    Self::Exception($exception::$variant(value)) => Ok(json!({
                        "exception": { "name": $name, "value": value.to_json()? }
                    })),
                }
            }
        })*
    };
}

throws! {
    ServiceADeclinesException::Declined, "declined";
    TypesEchoException::Broken, "broken";
}
