//! Words beyond those that every peer knows, for servers that are asked to obey them.

use std::sync::atomic::{AtomicBool, Ordering};

use polyport::{BizStatus, Call, Code, Layer, Next, Reply, Status};

use crate::message::obey;

/// Whether handlers obey such words, in this process.
static FURTHER: AtomicBool = AtomicBool::new(false);

/// From now on handlers obey them.
pub(crate) fn obey_from_now_on() {
    FURTHER.store(true, Ordering::SeqCst);
}

pub(crate) fn are_obeyed() -> bool {
    FURTHER.load(Ordering::SeqCst)
}

/// The failure that such a word stands for: `code:N:TEXT` is a status of gRPC, `details:N:TEXT` the
/// same with a detail, and `bizwhy:N:TEXT` a business status with such a one.
pub(crate) fn failure(word: &str, text: &str) -> Option<Status> {
    if !are_obeyed() {
        return None;
    }
    let (number, text) = text.split_once(':')?;
    match word {
        "code" => Some(coded(number.parse().ok()?, text)),
        "details" => {
            let code: u8 = number.parse().ok()?;
            Some(coded(code.into(), text).with_details(why(code, text)))
        }
        "bizwhy" => {
            let biz = BizStatus::new(number.parse().ok()?, text);
            Some(Status::from(biz).with_details(why(13, text)))
        }
        _ => None,
    }
}

fn coded(code: u32, text: &str) -> Status {
    Status::with_code(Code(code), text.to_owned())
}

/// A `google.rpc.Status` with one detail, the string "why". All of it is short.
fn why(code: u8, text: &str) -> Vec<u8> {
    let field = |tag: u8, bytes: &[u8]| {
        let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        [&[tag, length], bytes].concat()
    };
    let detail = [
        field(0x0a, b"type.googleapis.com/google.protobuf.StringValue"),
        field(0x12, &field(0x0a, b"why")),
    ];
    let detail = field(0x1a, &detail.concat());
    [&[0x08, code], &*field(0x12, text.as_bytes()), &detail].concat()
}

/// A layer that fails as the transient value `FAIL` says, in the words of handlers.
#[derive(Debug)]
pub(crate) struct Failing;

impl Layer for Failing {
    async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
        let how = call.context.metadata().transient("FAIL");
        let Some(how) = how.map(str::to_owned) else {
            return next.call(call).await;
        };
        if let Some(reason) = how.strip_prefix("deny:") {
            let text = format!("request forbidden: {reason}");
            return Status::refused(Code::PERMISSION_DENIED, text).into();
        }
        match obey(&mut call.context, &how).await {
            Ok(_) => next.call(call).await,
            Err(status) => status.into(),
        }
    }
}
