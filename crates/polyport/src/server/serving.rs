//! Admission, reading room, hallway and handler: a call that has found its method, for as long as its
//! client waits.

use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;
use tokio::time::timeout_at;

use crate::admission::Visitor;
use crate::call::{Call, Reply};
use crate::context::Context;
use crate::layer::{Next, Payload};
use crate::service::{ServiceMethod, catch_panic};
use crate::status::Status;

/// Decodes the arguments and runs layers and handler, if the call is admitted.
///
/// # Errors
///
/// When the arguments cannot be decoded.
pub(super) async fn serve(
    method: &ServiceMethod,
    mut context: Context,
    payload: Payload,
    limits: &Limits,
) -> Result<Reply, DecodeError> {
    let stack = &*method.stack;
    context.deadline = stack.deadline(context.deadline);
    stack.note(&context);
    let deadline = context.deadline;
    // Making the future is the first layer's own code already.
    let serving = catch_panic(async {
        let visitor = Visitor {
            transport: context.transport,
            size: payload.size(),
        };
        let _ticket = match stack.admit(visitor).await {
            Ok(ticket) => ticket,
            Err(status) => return Ok(refused(&context, status)),
        };
        let message = method.endpoint.decode(payload, limits)?;
        let next = Next::new(&stack.layers, &*method.endpoint);
        Ok(next.call(Call { context, message }).await)
    });
    let outcome = match deadline {
        None => serving.await,
        Some(deadline) => timeout_at(deadline, serving)
            .await
            .unwrap_or_else(|_| Ok(Ok(Status::deadline().into()))),
    };
    outcome.unwrap_or_else(|payload| {
        // The handler's own panic does not come this far.
        let info = &method.info;
        let status = Status::panic("middleware", &info.service, &info.method, &*payload);
        Ok(status.into())
    })
}

#[cold]
fn refused(context: &Context, status: Status) -> Reply {
    tracing::debug!(
        peer = context.peer.map(tracing::field::display),
        caller = context.caller(),
        service = context.service(),
        method = context.method(),
        "a call is refused: {status}"
    );
    status.into()
}
