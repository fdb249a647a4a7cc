//! `polyport bench` from outside, against servers of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use polyport::generic::{Failure, JsonHandler, JsonSink, JsonStreaming, Services};
use polyport::{BizStatus, Context, Server, Service, Status};
use polyport_build::Builder;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::Serving;
use crate::{patient, polyport, text};

const THRIFT: &str = "\
namespace * load
struct Item { 1: string text }
exception Declined { 1: string reason }
service Loaded {
  Item echo(1: Item item) throws (1: Declined declined)
  void nothing()
  oneway void tell(1: Item item)
  Item many(1: Item item) (streaming.mode = \"bidirectional\")
}
";

const PROTO: &str = "\
syntax = \"proto3\";
package load.v1;
message Item { string text = 1; }
service Loaded {
  rpc Echo(Item) returns (Item);
  rpc Many(stream Item) returns (stream Item);
  rpc List(Item) returns (stream Item);
}
";

/// A server of both IDLs.
struct Loaded {
    directory: TempDir,
    address: String,
    seen: Arc<Seen>,
    serving: Serving,
}

/// What arrived.
#[derive(Default)]
struct Seen {
    calls: Mutex<u64>,
    called: Condvar,
    peers: Mutex<BTreeSet<SocketAddr>>,
    transports: Mutex<BTreeSet<String>>,
    texts: Mutex<BTreeMap<String, u64>>,
}

/// Does what the text says.
struct Handler(Arc<Seen>);

impl Loaded {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let seen = Arc::new(Seen::default());
        let mut server = Server::new();
        for (name, idl, service) in [
            ("load.thrift", THRIFT, "load.Loaded"),
            ("load.proto", PROTO, "load.v1.Loaded"),
        ] {
            let path = directory.path().join(name);
            fs::write(&path, idl).unwrap();
            let services = Services::new(Builder::new().schema(&[path]).unwrap()).unwrap();
            let handler = Handler(Arc::clone(&seen));
            server = server.add(Service::json(&services, service, handler).unwrap());
        }
        let serving = Serving::of(server);
        Self {
            directory,
            address: serving.address(),
            seen,
            serving,
        }
    }

    /// Runs the command with one of the IDLs and these arguments after the address.
    fn bench(&self, idl: &str, arguments: &str) -> Output {
        let arguments = self.arguments(idl, arguments);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        polyport(&arguments)
    }

    fn arguments(&self, idl: &str, arguments: &str) -> Vec<String> {
        let idl = self.directory.path().join(idl);
        let words = patient(&["bench", &self.address, "--idl"]);
        let words = words.into_iter().map(str::to_owned);
        words
            .chain([idl.to_str().unwrap().to_owned()])
            .chain(arguments.split_whitespace().map(str::to_owned))
            .collect()
    }

    /// The same with `--json`; gives what it printed.
    #[track_caller]
    fn json(&self, idl: &str, arguments: &str, status: i32) -> Value {
        let output = self.bench(idl, &format!("{arguments} --json"));
        assert_eq!(text(&output.stderr), "");
        assert_eq!(output.status.code(), Some(status));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// How many calls have arrived since this was asked.
    fn calls(&self) -> u64 {
        std::mem::take(&mut self.seen.calls.lock().unwrap())
    }

    /// Waits until so many have arrived.
    fn wait_for_calls(&self, count: u64) {
        let calls = self.seen.calls.lock().unwrap();
        let waiting = self.seen.called.wait_while(calls, |calls| *calls < count);
        drop(waiting.unwrap());
    }
}

impl Handler {
    fn see(&self, cx: &Context) {
        *self.0.calls.lock().unwrap() += 1;
        self.0.called.notify_all();
        self.0.peers.lock().unwrap().extend(cx.peer());
        let transport = cx.transport().to_string();
        self.0.transports.lock().unwrap().insert(transport);
    }
}

impl JsonHandler for Handler {
    async fn call(&self, cx: &mut Context, arguments: Value) -> Result<Value, Failure> {
        self.see(cx);
        if matches!(cx.method(), "nothing" | "tell") {
            return Ok(Value::Null);
        }
        // A Protobuf method has its message, one of Thrift its arguments.
        let item = arguments.get("item").unwrap_or(&arguments);
        let text = item["text"].as_str().unwrap_or_default();
        *self
            .0
            .texts
            .lock()
            .unwrap()
            .entry(text.to_owned())
            .or_default() += 1;
        match text {
            "throw" => Err(Failure::Exception {
                name: "declined".to_owned(),
                value: json!({ "reason": "not today" }),
            }),
            "fail" => Err(Status::error("it did not work").into()),
            "business" => Err(Status::from(BizStatus::new(404, "no such thing")).into()),
            "hang" => std::future::pending().await,
            _ => Ok(item.clone()),
        }
    }

    async fn stream(
        &self,
        cx: &mut Context,
        mut requests: JsonStreaming,
        mut answers: JsonSink,
    ) -> Result<(), Status> {
        self.see(cx);
        while let Some(request) = requests.receive().await? {
            let times = if cx.method() == "List" { 7 } else { 1 };
            for _ in 0..times {
                answers.send(&request).await?;
            }
        }
        Ok(())
    }
}

#[test]
fn every_transport_carries_as_many_calls_as_were_asked_for() {
    let server = Loaded::start();
    for (idl, method, transport, named) in [
        ("load.thrift", "Loaded/echo", "buffered", "PurePayload"),
        ("load.thrift", "Loaded/echo", "framed", "Framed"),
        ("load.thrift", "Loaded/echo", "ttheader", "TTHeader"),
        (
            "load.thrift",
            "Loaded/echo",
            "ttheader-framed",
            "TTHeader|Framed",
        ),
        ("load.thrift", "Loaded/echo", "grpc", "GRPC"),
        ("load.proto", "Loaded/Echo", "framed", "Framed"),
        (
            "load.proto",
            "Loaded/Echo",
            "ttheader-framed",
            "TTHeader|Framed",
        ),
        ("load.proto", "Loaded/Echo", "grpc", "GRPC"),
    ] {
        let in_flight: &[u64] = match transport {
            "buffered" | "framed" => &[1],
            _ => &[1, 8],
        };
        for in_flight in in_flight {
            server.seen.peers.lock().unwrap().clear();
            server.seen.transports.lock().unwrap().clear();
            let arguments =
                format!("{method} --transport {transport} -n 203 -c 3 -m {in_flight} -t 2");
            let found = server.json(idl, &arguments, 0);
            assert_eq!(found["answered"], 203, "{found}");
            assert_eq!(found["failed"], 0, "{found}");
            assert_eq!(found["transport"], transport);
            assert_eq!(server.calls(), 203, "{transport}");
            assert_eq!(server.seen.peers.lock().unwrap().len(), 3, "{transport}");
            let transports = server.seen.transports.lock().unwrap().clone();
            assert_eq!(transports, BTreeSet::from([named.to_owned()]));
        }
    }
}

#[test]
fn json_has_all_that_was_measured() {
    let server = Loaded::start();
    let data = "{\"item\":{\"text\":\"hi\"}}";
    let arguments = format!("Loaded/echo -n 1000 -c 2 -m 3 -t 1 -r 50000 -w 100ms -d {data}");
    let found = server.json("load.thrift", &arguments, 0);
    assert_eq!(found["address"], server.address);
    let mut shape = found.clone();
    // What is different each time.
    shape["address"] = json!("HOST:PORT");
    for name in ["seconds", "calls_per_second"] {
        assert!(found[name].as_f64().unwrap() > 0.0, "{found}");
        shape[name] = json!(1.0);
    }
    let latency = shape["latency"].as_object_mut().unwrap();
    let distribution = latency.remove("distribution").unwrap();
    let last = distribution.as_array().unwrap().last().unwrap();
    assert_eq!(last["percentile"], 100.0);
    assert_eq!(last["calls"], 1000);
    for (name, value) in latency.iter_mut() {
        assert!(value.as_f64().unwrap() > 0.0, "{name} {value}");
        *value = json!(1.0);
    }
    let expected = json!({
        "address": "HOST:PORT",
        "service": "load.Loaded",
        "method": "echo",
        "transport": "ttheader",
        "codec": "Thrift",
        "requests": 1,
        "request_bytes": 14,
        "threads": 1,
        "connections": 2,
        "in_flight": 3,
        "rate": 50000.0,
        "end": "calls",
        "seconds": 1.0,
        "answered": 1000,
        "failed": 0,
        "cut_off": 0,
        "not_begun": 0,
        "calls_per_second": 1.0,
        "latency": {
            "lowest_us": 1.0, "mean_us": 1.0, "deviation_us": 1.0, "highest_us": 1.0,
            "p50_us": 1.0, "p75_us": 1.0, "p90_us": 1.0, "p95_us": 1.0,
            "p99_us": 1.0, "p99_9_us": 1.0, "p99_99_us": 1.0,
        },
        "failures": [],
    });
    assert_eq!(shape, expected);
    // Those of the warm-up were made, too.
    assert!(server.calls() > 1000);
}

#[test]
fn calls_take_several_requests_in_turn() {
    let server = Loaded::start();
    let input = "{\"item\":{\"text\":\"b\"}}\n{\"item\":\n{\"text\":\"c\"}}";
    let arguments = "echo -n 40 -c 2 -d {\"item\":{\"text\":\"a\"}} -d - -d {\"item\":{\"text\":\"fail\"}} --json";
    let arguments = server.arguments("load.thrift", arguments);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = crate::polyport_with(&arguments, input.as_bytes());
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    // The last of four does not work.
    assert_eq!(found["requests"], 4, "{found}");
    assert_eq!(
        (&found["answered"], &found["failed"]),
        (&json!(30), &json!(10))
    );
    assert_eq!(output.status.code(), Some(1));
    let texts = server.seen.texts.lock().unwrap().clone();
    let each = ["a", "b", "c", "fail"].map(|text| (text.to_owned(), 10));
    assert_eq!(texts, BTreeMap::from(each));

    let output = crate::polyport_with(&arguments, b"{\"item\":{}} {\"itm\":{}}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        found["message"].as_str().unwrap().contains("itm"),
        "{found}"
    );
    assert_eq!((server.calls(), output.status.code()), (40, Some(2)));
}

#[test]
fn a_page_for_people_has_no_escape_codes_off_a_terminal() {
    let server = Loaded::start();
    let histogram = server.directory.path().join("latency.hgrm");
    let flag = format!("--histogram {}", histogram.display());
    let arguments = format!("echo -n 100 -c 1 -d {{\"item\":{{}}}} {flag}");
    let output = server.bench("load.thrift", &arguments);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    let drawn = fs::read_to_string(histogram).unwrap();
    assert!(drawn.contains("Total count    =          100]"), "{drawn}");
    let page = text(&output.stdout);
    let head = format!(
        "load.Loaded/echo at {}, ttheader, Thrift, 5 bytes\n\
         1 connection with 1 call at a time, 1 thread, as fast as answers come\n\ntime        ",
        server.address
    );
    assert!(page.starts_with(&head), "{page}");
    assert!(page.contains("\nanswered    100, "), "{page}");
    assert!(page.contains("\n  99 %      "), "{page}");
    assert!(!page.contains("\n  99.9 %"), "{page}");
    assert!(!page.contains('\u{1b}'), "{page}");
    // Each call is in one of the bars.
    let bars = page.lines().filter_map(|line| line.split_once(" - "));
    let counts = bars.filter_map(|(_, bar)| bar.split_whitespace().nth(2));
    let counted: u64 = counts.map(|count| count.parse::<u64>().unwrap()).sum();
    assert_eq!(counted, 100, "{page}");
}

/// On a terminal, which `script` makes where there is one.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_there_is_a_bar_until_there_is_a_summary() {
    let server = Loaded::start();
    let arguments = server.arguments("load.thrift", "echo -c 1 -r 20 -n 10");
    let line = format!("{} {}", env!("CARGO_BIN_EXE_polyport"), arguments.join(" "));
    let mut command = Command::new("script");
    command
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm");
    let Ok(output) = command.stdin(Stdio::null()).output() else {
        return;
    };
    let shown = text(&output.stdout);
    let (before, summary) = shown.split_once("load.Loaded/echo").expect("a summary");
    assert!(before.contains("calling ["), "{shown:?}");
    assert!(!summary.contains("calling ["), "{shown:?}");
    // The last that is done to the bar's line is to clear it.
    let (_, behind) = before.rsplit_once("calling [").unwrap();
    assert!(behind.contains("\u{1b}[2K"), "{shown:?}");
    assert!(summary.contains("answered"), "{shown:?}");
}

#[test]
fn errors_are_counted_by_kind_with_an_example() {
    let server = Loaded::start();
    for (idl, method, asked, kind, example) in [
        (
            "load.thrift",
            "echo",
            "throw",
            "thrown declined",
            "declined: {\"reason\":\"not today\"}",
        ),
        (
            "load.thrift",
            "echo",
            "fail",
            "exception 6",
            "biz error: it did not work",
        ),
        (
            "load.thrift",
            "echo",
            "business",
            "business status 404",
            "no such thing",
        ),
        (
            "load.proto",
            "Echo",
            "fail",
            "status 13 Internal",
            "it did not work [biz error]",
        ),
    ] {
        let data = match idl {
            "load.proto" => format!("{{\"text\":\"{asked}\"}}"),
            _ => format!("{{\"item\":{{\"text\":\"{asked}\"}}}}"),
        };
        let found = server.json(idl, &format!("{method} -n 20 -c 2 -d {data}"), 1);
        assert_eq!(
            (&found["answered"], &found["failed"]),
            (&json!(0), &json!(20))
        );
        assert_eq!(found["latency"], Value::Null);
        let failure = &found["failures"][0];
        assert_eq!(failure["kind"], kind);
        assert_eq!(failure["calls"], 20);
        let text = failure["example"].as_str().unwrap();
        assert!(text.contains(example), "{text}");
        assert_eq!(server.calls(), 20);
    }
    let data = "{\"item\":{\"text\":\"hang\"}}";
    let arguments = format!("echo -n 3 -c 1 --timeout 20ms -d {data}");
    let found = server.json("load.thrift", &arguments, 1);
    assert_eq!(found["failures"][0]["kind"], "timeout");
    let output = server.bench("load.thrift", &arguments);
    let page = text(&output.stdout);
    let failed = "\nfailed      3, whose latencies are not counted\n  3 of timeout, such as:\n    rpc timeout: ";
    assert!(page.contains(failed), "{page}");
}

#[test]
fn streams_are_counted_by_their_messages() {
    let server = Loaded::start();
    for (idl, method, calls, messages, expected) in [
        ("load.proto", "Many", 20, 50, 1000),
        ("load.thrift", "many", 20, 50, 1000),
        ("load.proto", "List", 20, 50, 140),
    ] {
        let arguments = format!("Loaded/{method} -n {calls} -c 2 -m 2 --messages {messages}");
        let found = server.json(idl, &arguments, 0);
        assert_eq!(found["answered"], calls, "{found}");
        assert_eq!(found["messages"], expected, "{found}");
        assert!(found["messages_per_second"].as_f64().unwrap() > 0.0);
        assert_eq!(server.calls(), calls);
    }
}

#[test]
fn what_returns_nothing_is_answered_by_it() {
    let server = Loaded::start();
    for (method, transport) in [
        ("nothing", "framed"),
        ("nothing", "grpc"),
        ("tell", "ttheader -m 4"),
    ] {
        let arguments = format!("Loaded/{method} -n 40 -c 2 --transport {transport}");
        let found = server.json("load.thrift", &arguments, 0);
        assert_eq!(found["answered"], 40, "{found}");
    }
}

#[test]
fn a_rate_is_kept() {
    let server = Loaded::start();
    let found = server.json("load.thrift", "echo -n 101 -r 1000 -c 4", 0);
    assert_eq!(found["answered"], 101);
    // The last call is due after a tenth of a second, and none is made before it is due.
    assert!(found["seconds"].as_f64().unwrap() >= 0.1, "{found}");

    let found = server.json("load.thrift", "echo -z 200ms -r 1000 -c 4", 0);
    assert_eq!(found["end"], "time");
    let calls = found["answered"].as_u64().unwrap();
    let not_begun = found["not_begun"].as_u64().unwrap();
    assert_eq!(calls + not_begun, 200, "{found}");
    assert_eq!(server.calls(), 101 + calls);
}

#[cfg(unix)]
#[test]
fn an_interruption_ends_the_run_and_shows_what_came_of_it() {
    let server = Loaded::start();
    let child = Command::new(env!("CARGO_BIN_EXE_polyport"))
        .args(server.arguments("load.thrift", "echo -z 1h -c 2"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    server.wait_for_calls(100);
    let interrupt = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    let page = text(&output.stdout);
    assert!(page.contains(", interrupted\nanswered    "), "{page}");
    assert!(page.contains("\n  50 %"), "{page}");
}

#[test]
fn wrong_calls_are_told_from_servers_that_are_not_there() {
    let server = Loaded::start();
    let check = |arguments: &str, expected: &str, status| {
        let output = server.bench("load.thrift", arguments);
        let report = text(&output.stderr);
        assert!(report.contains(expected), "{report}");
        assert_eq!(text(&output.stdout), "");
        assert_eq!(output.status.code(), Some(status), "{report}");
    };
    check(
        "echo -m 2 --transport framed",
        "use more `--connections`",
        2,
    );
    check("echo -d {", "`-d` number 1 is not JSON", 2);
    check("echo -d {\"itm\":{}}", "itm", 2);
    check(
        "echo -d @/nowhere/x.json",
        "cannot read `/nowhere/x.json`",
        2,
    );
    check("echo -r 0", "expected calls a second", 2);
    check("echo -n 0", "0 is not in", 2);
    check("echo -z 0s", "expected a number and a unit", 2);
    check("many --transport framed", "streams", 2);
    assert_eq!(server.calls(), 0);

    let idl = server.directory.path().join("load.thrift");
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let output = polyport(&["bench", &address, "echo", "--idl", idl.to_str().unwrap()]);
    let report = text(&output.stderr);
    assert!(report.starts_with("error: cannot connect to "), "{report}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_server_that_goes_away_is_an_error_of_calls() {
    let server = Loaded::start();
    let child = Command::new(env!("CARGO_BIN_EXE_polyport"))
        .args(server.arguments("load.thrift", "echo -z 1h -n 5000 -c 2 --json"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    server.wait_for_calls(10);
    drop(server.serving);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failure = &found["failures"][0];
    assert_eq!(failure["kind"], "connection");
    let answered = found["answered"].as_u64().unwrap();
    assert_eq!(found["failed"].as_u64().unwrap() + answered, 5000);
}
