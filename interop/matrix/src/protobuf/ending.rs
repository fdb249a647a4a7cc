//! Calls that end before they are answered, by their time or because the client gives them up: then
//! the handler must end, too, which the server says.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Column, without_headers};
use crate::deadlines::{out_of_time, sleep, timeout};
use crate::implementations::Implementation;
use crate::peers::Sleepers;
use crate::time_limit::SOON;

/// What is done so that handlers are heard.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// How many milliseconds a call lasts: more when its handler did not begin within fewer, on a busy
    /// machine.
    lasts: &'static [&'static str],
    /// For what the server says of its handlers.
    waits: Duration,
}

/// Enough for every machine.
const PATIENT: Patience = Patience {
    lasts: &["300", "3000", "30000"],
    waits: SOON,
};

/// For a column with handlers that were not heard even so: it has failed, and all its cells with as much
/// patience would take half an hour.
const IMPATIENT: Patience = Patience {
    lasts: &["300"],
    waits: Duration::from_secs(10),
};

pub(super) fn run(column: &mut Column<'_>) {
    let pair = column.pair;
    let request = |text: &str| pair.request(text);
    let items = |text: &str| json!([pair.item(1, text)]);
    let rows: [(&str, &str, Asks<'_>); 4] = [
        ("ServiceA", "onlyA", &request),
        ("Streams", "bidirectional", &items),
        ("Streams", "client", &items),
        ("Streams", "server", &items),
    ];
    let mut patience = PATIENT;
    for (service, method, asks) in rows {
        let mut call = Call {
            column,
            service,
            method,
            asks,
            patience,
        };
        call.out_of_time();
        call.given_up();
        patience = call.patience;
    }
}

/// Makes the arguments that ask for what a text says.
type Asks<'a> = &'a dyn Fn(&str) -> Value;

/// A call of a handler that sleeps for longer than anybody waits.
struct Call<'a, 'b> {
    column: &'a mut Column<'b>,
    service: &'static str,
    method: &'static str,
    asks: Asks<'a>,
    patience: Patience,
}

impl Call<'_, '_> {
    fn out_of_time(&mut self) {
        let (line, sleepers) = self.end_early("--timeout", 1);
        self.compare("--timeout", &timeout(), &without_headers(line));
        self.ended("at the deadline", 1, &sleepers);
    }

    /// Twice by the same client, because a call that is given up leaves its connection usable.
    fn given_up(&mut self) {
        let (lines, sleepers) = self.end_early("--cancel", 2);
        let lines = lines.as_array().into_iter().flatten();
        let seen = Value::from_iter(lines.map(is_cancelled));
        self.compare("--cancel", &json!([true, true]), &seen);
        self.ended("given up", 2, &sleepers);
    }

    /// Makes calls that this flag ends, one after the other, and gives their lines and what the server
    /// says of their handlers. A handler that did not begin in time proves nothing: then there is more
    /// time.
    fn end_early(&mut self, flag: &str, count: usize) -> (Value, Sleepers) {
        let mut ended = (Value::Null, Sleepers::default());
        for lasts in self.patience.lasts {
            ended = self.end_after(flag, lasts, count);
            if self.has_begun(&ended.1) >= count {
                return ended;
            }
        }
        self.patience = IMPATIENT;
        ended
    }

    /// How many handlers began while somebody waited for them. Ours always learn that nobody does, others do
    /// not when they begin after that.
    fn has_begun(&self, sleepers: &Sleepers) -> usize {
        match self.column.pair.server {
            Implementation::Polyport => sleepers.asleep,
            _ => sleepers.given_up.len(),
        }
    }

    fn end_after(&self, flag: &str, milliseconds: &str, count: usize) -> (Value, Sleepers) {
        let many = count.to_string();
        let flags = [flag, milliseconds, "--count", &many];
        let column = &*self.column;
        // Handlers of calls before may still have to end.
        let dream = format!("{flag} {milliseconds}");
        let json = (self.asks)(&sleep(&dream));
        let line = out_of_time(&[], || {
            column.call(self.service, self.method, &json, &flags)
        });
        let sleepers = column.serving.sleepers(&dream, count, self.patience.waits);
        (line, sleepers)
    }

    /// Compares who has given up with who was called.
    fn ended(&mut self, when: &str, count: usize, sleepers: &Sleepers) {
        let called = format!("{}/{}", self.service, self.column.pair.method(self.method));
        let expected = Value::from(vec![called; count]);
        let seen = Value::from(sleepers.given_up.clone());
        self.compare(&format!("ends {when}"), &expected, &seen);
    }

    fn compare(&mut self, what: &str, expected: &Value, seen: &Value) {
        let cell = format!("{}/{} {what}", self.service, self.method);
        let Column { report, name, .. } = &mut *self.column;
        report.compare(name, &cell, expected, seen);
    }
}

/// Some clients are told by their library, with gRPC's number for it.
fn is_cancelled(line: &Value) -> Value {
    if line["cancelled"] == true || line["error"]["type"] == 1 {
        Value::from(true)
    } else {
        line.clone()
    }
}
