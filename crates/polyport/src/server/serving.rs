//! Admission, reading room, hallway and handler: a call that has found its method, for as long as its
//! client waits.

use std::pin::pin;

use polyport_wire::error::DecodeError;
use polyport_wire::limits::Limits;
use polyport_wire::schema::CallKind;
use tokio::time::Instant;

use crate::admission::Visitor;
use crate::call::{Call, Reply};
use crate::context::Context;
use crate::layer::{End, Endpoint, Next, Payload};
use crate::server::deadline::{Over, Timed};
use crate::service::{Late, ServiceMethod, catch_panic};
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
    stack.note(&context);
    let deadline = stack.deadline(context.facts.deadline);
    context.facts.deadline = deadline;
    // Handlers take the context with them.
    let hook = stack.on_error.as_ref();
    let hook = hook.map(|hook| (hook, context.clone()));
    // Each is pinned where it is made: a future that is moved into another has room in both, in
    // every connection's task.
    let over = Over::default();
    let entering = pin!(enter(method, context, payload, limits, &over));
    let serving = pin!(catch_panic(entering));
    let outcome = match deadline {
        None => serving.await,
        Some(deadline) => {
            let served = over.at(deadline, serving).await;
            served.unwrap_or_else(|| Ok(Ok(Status::deadline().into())))
        }
    };
    // A handler's own panic does not come this far.
    let reply = match outcome {
        Ok(served) => in_time(served?, deadline),
        Err(payload) => {
            let info = &method.info;
            Status::panic("middleware", &info.service, &info.method, &*payload).into()
        }
    };
    Ok(match hook {
        None => reply,
        Some((hook, context)) => hook.look_at(&context, reply),
    })
}

/// A call that the handler has made within this one may end first of the two whose time is over in the
/// same moment. It names a server of which this caller knows nothing.
fn in_time(mut reply: Reply, deadline: Option<Instant>) -> Reply {
    let is_over = || deadline.is_some_and(|until| until <= Instant::now());
    if reply.outcome.as_ref().is_err_and(Status::is_timeout) && is_over() {
        reply.outcome = Err(Status::deadline());
    }
    reply
}

async fn enter(
    method: &ServiceMethod,
    context: Context,
    payload: Payload,
    limits: &Limits,
    over: &Over,
) -> Result<Reply, DecodeError> {
    let stack = &*method.stack;
    let visitor = Visitor {
        transport: context.facts.transport,
        size: payload.size(),
    };
    let _ticket = match stack.admit(visitor).await {
        Ok(ticket) => ticket,
        Err(status) => return Ok(refused(&context, status)),
    };
    // Its turn may come in the same moment as its end.
    if over.is_set() {
        return Ok(Status::deadline().into());
    }
    let late = Late::new(&*method.endpoint, limits);
    let endpoint: &dyn Endpoint = match (&payload, method.info.kind) {
        (Payload::Requests(_), CallKind::Unary | CallKind::Oneway) => &late,
        _ => &*method.endpoint,
    };
    let message = endpoint.decode(payload, limits)?;
    let timed = Timed::new(endpoint, over);
    // Without layers nobody sees how the handler ends.
    let end: &dyn End = match (context.facts.deadline, stack.layers.is_empty()) {
        (Some(_), false) => &timed,
        _ => endpoint,
    };
    let next = Next::new(&stack.layers, end);
    Ok(next.call(Call { context, message }).await)
}

#[cold]
fn refused(context: &Context, status: Status) -> Reply {
    tracing::debug!(
        peer = context.facts.peer.map(tracing::field::display),
        caller = context.caller(),
        service = context.service(),
        method = context.method(),
        "a call is refused: {status}"
    );
    status.into()
}
