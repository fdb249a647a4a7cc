//! Calls whose time runs out: when they end, and what their callers may be told.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::expect::exception;
use crate::time_limit::SOON;

/// What a handler is asked for that nobody waits for to its end: to sleep for an hour and to do then as the
/// dream says.
pub(crate) fn sleep(dream: &str) -> String {
    format!("sleep:3600000:{dream}")
}

/// What is told to a client, in milliseconds, that is to have its answer in time: nobody is so slow.
pub(crate) const IN_TIME: &str = "60000";

/// What a call shows whose time has run out.
pub(crate) fn timeout() -> Value {
    json!({ "timeout": true })
}

/// What a server says that keeps time as Polyport's does.
pub(crate) fn passed() -> Value {
    exception(6, "biz error: context deadline exceeded")
}

/// Makes a call that is to run out of time, and gives what came of it.
///
/// A server that is told the time ends the call as well, in the same moment by its own clock: on a busy
/// machine its answer may be there before the caller has looked at the other one. What servers say then
/// counts as the same.
pub(crate) fn out_of_time(of_servers: &[Value], call: impl FnOnce() -> Value) -> Value {
    let started = Instant::now();
    let line = call();
    let took = started.elapsed();
    if took > SOON {
        return json!({ "after": format!("{took:?}"), "line": line });
    }
    if of_servers.contains(&line) {
        timeout()
    } else {
        line
    }
}
