//! Calls whose time runs out: when they end, and what their callers may be told.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::expect::exception;

/// What a handler is asked for that nobody waits for to its end.
pub(crate) const SLEEP: &str = "sleep:60000:late";

/// Long before such a handler wakes up, and before a client gives up that was told of no time, which
/// is after 30 s.
const SOON: Duration = Duration::from_secs(20);

/// What a call shows whose time has run out.
pub(crate) fn timeout() -> Value {
    json!({ "timeout": true })
}

/// Makes a call that is to run out of time, and gives what came of it.
///
/// A server that is told the time ends the call as well, in the same moment by its own clock: on a busy
/// machine its answer may be there before the caller has looked at the other one. It counts as the
/// same, where a server keeps time.
pub(crate) fn out_of_time(server_keeps_time: bool, call: impl FnOnce() -> Value) -> Value {
    let started = Instant::now();
    let line = call();
    let took = started.elapsed();
    if took > SOON {
        return json!({ "after": format!("{took:?}"), "line": line });
    }
    let servers = exception(6, "biz error: context deadline exceeded");
    if server_keeps_time && line == servers {
        timeout()
    } else {
        line
    }
}
