//! The hallway and the handler: a call through the layers, for as long as its client waits.

use tokio::time::timeout_at;

use crate::call::{Call, Reply};
use crate::layer::Next;
use crate::service::{ServiceMethod, catch_panic};
use crate::status::Status;

/// Runs layers and handler.
pub(super) async fn serve(method: &ServiceMethod, call: Call) -> Reply {
    let deadline = call.context.deadline;
    let next = Next::new(&method.stack.layers, &*method.endpoint);
    // Making the future is the first layer's own code already.
    let serving = catch_panic(async { next.call(call).await });
    let outcome = match deadline {
        None => serving.await,
        Some(deadline) => timeout_at(deadline, serving)
            .await
            .unwrap_or_else(|_| Ok(Status::deadline().into())),
    };
    outcome.unwrap_or_else(|payload| {
        // The handler's own panic does not come this far.
        let info = &method.info;
        Status::panic("middleware", &info.service, &info.method, &*payload).into()
    })
}
