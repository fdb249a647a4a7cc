//! What a run says at its end.

use std::io::{self, Write};
use std::iter;
use std::time::Duration;

use serde::Serialize;

use crate::bench::histogram::{self, Latency};
use crate::bench::load::{Callers, End, Outcome};
use crate::bench::quantity::{per_second, three_digits, time};
use crate::report::print_line;
use crate::terminal::{Color, Colors, visible};

/// The longest bar, in characters.
const WIDTH: u64 = 40;

/// What was called, by whom and how often.
#[derive(Debug, Serialize)]
pub(super) struct Run {
    pub(super) address: String,
    pub(super) service: String,
    pub(super) method: String,
    pub(super) transport: &'static str,
    pub(super) codec: String,
    /// How many different ones are sent in turn.
    pub(super) requests: usize,
    /// Of all of them together: of the arguments alone, or of messages of a stream.
    pub(super) request_bytes: usize,
    #[serde(flatten)]
    pub(super) callers: Callers,
    /// Calls a second that were asked for.
    pub(super) rate: Option<f64>,
    /// Whether there is more than one message in a call.
    #[serde(skip)]
    pub(super) streams: bool,
}

/// The whole of it, as JSON has it.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    run: &'a Run,
    end: End,
    seconds: f64,
    answered: u64,
    failed: u64,
    cut_off: u64,
    not_begun: u64,
    calls_per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages_per_second: Option<f64>,
    latency: Option<Latency>,
    failures: Vec<FailureKind<'a>>,
}

#[derive(Debug, Serialize)]
struct FailureKind<'a> {
    kind: &'a str,
    calls: u64,
    example: &'a str,
}

pub(super) fn print_json(run: &Run, outcome: &Outcome) -> io::Result<()> {
    print_line(&Summary::new(run, outcome))
}

impl<'a> Summary<'a> {
    fn new(run: &'a Run, outcome: &'a Outcome) -> Self {
        let tally = &outcome.tally;
        let messages = run.streams.then_some(tally.messages);
        let rounded = |value: f64| (value * 1e3).round() / 1e3;
        let speed = |count| rounded(per_second(count, outcome.elapsed));
        let failures = failures(outcome).map(|(kind, calls, example)| FailureKind {
            kind,
            calls,
            example,
        });
        Self {
            run,
            end: outcome.end,
            seconds: outcome.elapsed.as_secs_f64(),
            answered: tally.answered(),
            failed: tally.failed(),
            cut_off: outcome.cut_off,
            not_begun: outcome.not_begun,
            calls_per_second: speed(tally.answered()),
            messages,
            messages_per_second: messages.map(speed),
            latency: Latency::new(&tally.latencies),
            failures: failures.collect(),
        }
    }
}

/// Each kind with its count and its example, the most frequent first.
fn failures(outcome: &Outcome) -> impl Iterator<Item = (&str, u64, &str)> {
    let mut kinds: Vec<_> = outcome.tally.failures.iter().collect();
    kinds.sort_by_key(|(_, kind)| std::cmp::Reverse(kind.count));
    kinds
        .into_iter()
        .map(|(name, kind)| (&name[..], kind.count, &kind.example[..]))
}

/// Prints a summary for people.
pub(super) fn print_text(
    run: &Run,
    outcome: &Outcome,
    colors: Colors,
    out: impl Write,
) -> io::Result<()> {
    let mut page = Page { out, colors };
    page.head(run)?;
    page.counts(run, outcome)?;
    page.failures(outcome)?;
    page.latencies(outcome)?;
    page.out.flush()
}

struct Page<W> {
    out: W,
    colors: Colors,
}

impl<W: Write> Page<W> {
    fn head(&mut self, run: &Run) -> io::Result<()> {
        let method = format!("{}/{}", run.service, run.method);
        let method = self.colors.paint(Color::Heading, &visible(&method));
        let (address, transport, codec) = (&run.address, run.transport, &run.codec);
        let bytes = counted(run.request_bytes, "byte");
        let bytes = match run.requests {
            1 => bytes,
            requests => format!("{requests} requests of {bytes} together, in turn"),
        };
        writeln!(
            self.out,
            "{method} at {address}, {transport}, {codec}, {bytes}"
        )?;
        let Callers {
            threads,
            connections,
            in_flight,
        } = run.callers;
        let connections = counted(connections, "connection");
        let in_flight = counted(in_flight, "call");
        let threads = counted(threads, "thread");
        let speed = match run.rate {
            Some(rate) => format!("{rate} calls a second"),
            None => "as fast as answers come".to_owned(),
        };
        writeln!(
            self.out,
            "{connections} with {in_flight} at a time, {threads}, {speed}\n"
        )
    }

    fn counts(&mut self, run: &Run, outcome: &Outcome) -> io::Result<()> {
        let tally = &outcome.tally;
        let elapsed = time(outcome.elapsed);
        let why = match outcome.end {
            End::Interrupted => ", interrupted",
            End::Calls | End::Time => "",
        };
        let speed = |count| three_digits(per_second(count, outcome.elapsed));
        self.row("time", &format!("{elapsed}{why}"))?;
        let answered = tally.answered();
        self.row(
            "answered",
            &format!("{answered}, {} a second", speed(answered)),
        )?;
        if run.streams {
            let messages = tally.messages;
            self.row(
                "messages",
                &format!("{messages}, {} a second", speed(messages)),
            )?;
        }
        if outcome.cut_off > 0 {
            let text = format!("{}, under way at the end", outcome.cut_off);
            self.row("cut off", &text)?;
        }
        if outcome.not_begun > 0 {
            let text = format!("{}, due but nobody was free in time", outcome.not_begun);
            self.row("not begun", &text)?;
        }
        Ok(())
    }

    fn failures(&mut self, outcome: &Outcome) -> io::Result<()> {
        let failed = outcome.tally.failed();
        if failed == 0 {
            return Ok(());
        }
        let name = self.colors.padded(Color::Error, "failed", 12);
        writeln!(self.out, "{name}{failed}, whose latencies are not counted")?;
        for (kind, calls, example) in failures(outcome) {
            writeln!(self.out, "  {calls} of {kind}, such as:")?;
            for line in example.lines() {
                writeln!(self.out, "    {}", visible(line))?;
            }
        }
        Ok(())
    }

    fn latencies(&mut self, outcome: &Outcome) -> io::Result<()> {
        let latencies = &outcome.tally.latencies;
        if latencies.is_empty() {
            return Ok(());
        }
        let title = self.colors.paint(Color::Heading, "latency");
        writeln!(self.out, "\n{title}")?;
        let exact = |nanoseconds| time(Duration::from_nanos(nanoseconds));
        self.row("  lowest", &exact(latencies.min()))?;
        for (percentile, value) in histogram::percentiles(latencies) {
            self.row(&format!("  {percentile} %"), &time(value))?;
        }
        self.row("  highest", &exact(latencies.max()))?;
        let mean = Duration::from_secs_f64(latencies.mean() / 1e9);
        self.row("  mean", &time(mean))?;
        writeln!(self.out)?;
        self.bars(outcome)
    }

    fn bars(&mut self, outcome: &Outcome) -> io::Result<()> {
        let bars = histogram::bars(&outcome.tally.latencies);
        let most = bars.iter().map(|bar| bar.calls).max().unwrap_or(0).max(1);
        for bar in bars {
            let (from, to) = (edge(bar.from), edge(bar.to));
            // What is not nothing can be seen.
            let width = u128::from(bar.calls) * u128::from(WIDTH);
            let width = usize::try_from(width.div_ceil(u128::from(most))).unwrap_or(0);
            let line: String = iter::repeat_n('#', width).collect();
            let line = self.colors.paint(Color::Name, &line);
            let row = format!("{from:>8} - {to:<8}{:>9}  {line}", bar.calls);
            writeln!(self.out, "{}", row.trim_end())?;
        }
        Ok(())
    }

    fn row(&mut self, name: &str, text: &str) -> io::Result<()> {
        let name = self.colors.padded(Color::Dim, name, 12);
        writeln!(self.out, "{name}{text}")
    }
}

/// A round time in whole numbers.
fn edge(at: Duration) -> String {
    let nanoseconds = at.as_nanos();
    for (unit, size) in [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000)] {
        if nanoseconds >= size {
            let rest = nanoseconds % size * 10 / size;
            return match rest {
                0 => format!("{} {unit}", nanoseconds / size),
                rest => format!("{}.{rest} {unit}", nanoseconds / size),
            };
        }
    }
    format!("{nanoseconds} ns")
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
