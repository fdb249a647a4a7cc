//! A server of this process is called without a socket, and everything is as over one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use polyport::client::Connections;
use polyport::local::Local;
use polyport::wire::thrift::MessageType;
use polyport::{Call, Client, Layer, Limits, Next, Reply, Server, Transport};
use polyport_tests::demo::{
    ECHO, EchoArgs, FACTS, FAIL, Nothing, RELAY, TELL, TextArgs, WAIT, demo, relaying,
};
use polyport_tests::peer::Request;
use polyport_tests::soon;
use polyport_tests::streams::{self, JOIN, SPLIT, THRIFT_ECHO, UNARY, text};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use tokio::net::{TcpStream, UnixStream};

const SHORT: Duration = Duration::from_millis(30);

/// Counts calls.
struct Count(Arc<AtomicUsize>);

impl Layer for Count {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        self.0.fetch_add(1, Ordering::Relaxed);
        next.call(call).await
    }
}

async fn client(local: &Local, transport: Transport) -> Client {
    let options = local.options().caller("front").transport(transport);
    options.connect().await.unwrap()
}

#[tokio::test]
async fn every_kind_of_call_goes_through_the_servers_layers_once() {
    let count = Arc::new(AtomicUsize::new(0));
    let (service, mut watch) = demo();
    let local = Server::new()
        .layer(Count(Arc::clone(&count)))
        .add(service)
        .add(streams::protobuf().0)
        .add(streams::thrift().0)
        .local()
        .unwrap();
    let client = local.client();
    let calls = || count.swap(0, Ordering::Relaxed);

    let text_of = |text: &str| EchoArgs { text: text.into() };
    assert_eq!(client.call(&ECHO, text_of("hi")).await.unwrap(), "hi");
    assert_eq!(client.call(&UNARY, text("hi")).await.unwrap(), text("hi"));
    assert_eq!(calls(), 2);
    assert_eq!(watch.events(), ["echo hi"]);

    client.call(&TELL, TextArgs::new("x")).await.unwrap();
    assert_eq!(watch.event().await, "told x");
    assert_eq!(calls(), 1);

    let mut joining = client.client_stream(&JOIN).await.unwrap();
    joining.send(text("a")).await.unwrap();
    joining.send(text("b")).await.unwrap();
    assert_eq!(joining.finish().await.unwrap(), text("a,b"));
    let mut words = client.server_stream(&SPLIT, text("a b")).await.unwrap();
    assert_eq!(words.receive().await.unwrap(), Some(text("a")));
    assert_eq!(words.receive().await.unwrap(), Some(text("b")));
    assert_eq!(words.receive().await.unwrap(), None);
    let call = client.bidirectional(&THRIFT_ECHO).metadata("TENANT", "7");
    let (mut requests, mut echoes) = call.await.unwrap();
    requests.send("hi".to_owned()).await.unwrap();
    let headers = echoes.headers().await.unwrap();
    assert_eq!(headers.get("mode"), Some("echo"));
    assert_eq!(echoes.receive().await.unwrap().as_deref(), Some("hi"));
    assert_eq!(calls(), 3);
}

#[tokio::test]
async fn answers_are_those_of_a_connection() {
    let listening = Server::new().add(demo().0).bind("127.0.0.1:0").await;
    let listening = listening.unwrap();
    let local = listening.local();
    let address = listening.address().to_string();
    tokio::spawn(listening.serve_until(std::future::pending()));
    for transport in [&Transport::ALL[..], &[Transport::Grpc]].concat() {
        let near = client(&local, transport).await;
        let options = Client::options(address.as_str()).caller("front");
        let far = options.transport(transport).connect().await.unwrap();
        for how in [
            "error",
            "typed",
            "biz",
            "biz with extra",
            "missing",
            "panic",
        ] {
            let [near, far] = [&near, &far].map(|client| client.call(&FAIL, TextArgs::new(how)));
            let (near, far) = (near.answer().await, far.answer().await);
            assert_eq!(near.result, far.result, "{how} over {transport}");
            let pairs = [&near, &far].map(|answer| {
                let mut pairs: Vec<_> = answer.metadata.iter().collect();
                pairs.sort_unstable();
                pairs
            });
            assert_eq!(pairs[0], pairs[1], "{how} over {transport}");
        }
        let facts = |client: &Client| {
            let call = client.call(&FACTS, Nothing).metadata("TENANT", "7");
            call.persistent("TRACE", "abc")
        };
        let (mut near, mut far) = (facts(&near).await.unwrap(), facts(&far).await.unwrap());
        assert_eq!(near.remove("peer").as_deref(), Some(""));
        assert_eq!(far.remove("peer").as_deref(), Some("127.0.0.1"));
        assert_eq!(near, far, "{transport}");
    }
}

#[tokio::test]
async fn a_call_ends_with_its_time_or_with_its_caller() {
    let (service, mut watch) = demo();
    let local = Server::new().add(service).local().unwrap();
    for transport in [Transport::TtHeader, Transport::Framed, Transport::Grpc] {
        let client = client(&local, transport).await;
        let call = client.call(&WAIT, TextArgs::new("x")).timeout(SHORT);
        assert!(call.await.unwrap_err().is_timeout());
        assert_eq!(watch.event().await, "waiting x");
        assert_eq!(watch.event().await, "dropped x");
        let call = client.call(&WAIT, TextArgs::new("y"));
        let calling = tokio::spawn(async move { call.await });
        assert_eq!(watch.event().await, "waiting y");
        calling.abort();
        assert_eq!(watch.event().await, "dropped y");
    }
}

#[tokio::test]
async fn a_handler_calls_a_neighbour_within_its_own_call() {
    let back = Server::new().add(demo().0).local().unwrap();
    let onward = client(&back, Transport::TtHeader).await;
    let middle = Server::new().add(relaying(Some(onward)).0).local();
    let client = middle.unwrap().client();
    let call = client.call(&RELAY, Nothing).metadata("TENANT", "7");
    let call = call
        .persistent("TRACE", "abc")
        .timeout(Duration::from_secs(60));
    let facts = call.await.unwrap();
    assert_eq!(facts.get("transient TENANT"), None);
    assert_eq!(facts["persistent TRACE"], "abc");
    assert_eq!(facts["caller method"], "relay");
    let left: u64 = facts["milliseconds left"].parse().unwrap();
    assert!((30_000..=60_000).contains(&left), "{left}");
}

#[tokio::test]
async fn what_cannot_be_served_is_refused_as_by_a_port() {
    let twice = || Server::new().add(demo().0).add(demo().0);
    let by_port = twice().bind("127.0.0.1:0").await.unwrap_err();
    let local = twice().local().unwrap_err();
    assert_eq!(local.registration_errors(), by_port.registration_errors());
    assert!(!local.registration_errors().is_empty());

    let local = Server::new().add(demo().0).local().unwrap();
    let options = local.options().connections(Connections::Short);
    let client = options.connect().await.unwrap();
    assert_eq!(client.call(&TELL, TextArgs::new("x")).await, Ok(()));
    let odd = local.options().multiplexed_names().connect().await;
    assert!(odd.unwrap_err().to_string().contains("multiplexed names"));
}

/// Requests of every framing, good and bad.
fn requests() -> Vec<(String, Vec<u8>)> {
    let mut requests = Vec::new();
    for transport in Transport::ALL {
        let of = |method: &str| Request::new(transport, method).sequence(7).text("hi");
        let mut push = |what: &str, bytes: &[u8]| {
            requests.push((format!("{what}, {transport}"), bytes.to_vec()));
        };
        push("good", &of("echo").encode());
        push("named", &of("echo").service("Demo").encode());
        push("two", &[of("echo").encode(), of("fail").encode()].concat());
        push("failure", &of("fail").text("error").encode());
        push("business", &of("fail").text("biz").encode());
        push("unknown method", &of("nope").encode());
        push("one-way", &of("tell").kind(MessageType::Oneway).encode());
        push("reply", &of("echo").kind(MessageType::Reply).encode());
        push(
            "broken arguments",
            &of("echo").arguments(&b"\x0b"[..]).encode(),
        );
        push("too large", &of("echo").text(&"x".repeat(5000)).encode());
        push(
            "shared",
            &of("echo").multiplexed().header_sequence(9).encode(),
        );
    }
    requests
}

#[tokio::test]
async fn bytes_are_answered_as_on_a_connection() {
    let limits = Limits {
        frame: 4096,
        // What does not end is given up soon.
        message: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = Server::new().add(demo().0).limits(limits);
    let local = server.local().unwrap();
    let mut silent = 0;
    for (what, request) in requests() {
        let (near, far) = duplex(1 << 20);
        let serving = local.serve_connection(far);
        let (answer, ()) = tokio::join!(exchange(near, &request), soon(serving));
        let reply = soon(local.invoke(request)).await;
        assert_eq!(reply.as_deref().unwrap_or_default(), answer, "{what}");
        silent += usize::from(reply.is_none());
    }
    // The one-way calls, and those over the limit where nothing says which call it was.
    assert!((4..12).contains(&silent), "{silent}");
    for nothing in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", &[0xff; 64], &[0; 3]] {
        assert_eq!(soon(local.invoke(nothing)).await, None);
    }
}

#[tokio::test]
async fn a_local_server_lives_as_long_as_its_clients() {
    let client = Server::new().add(demo().0).local().unwrap().client();
    assert_eq!(client.address(), "in-process");
    let facts = client.call(&FACTS, Nothing).await.unwrap();
    assert_eq!((&*facts["transport"], &*facts["peer"]), ("TTHeader", ""));
}

/// One set of services on a port and on a Unix socket, both of any kind of client.
#[tokio::test]
async fn a_unix_socket_is_served_beside_the_port() {
    let listening = Server::new().add(demo().0).bind("127.0.0.1:0");
    let listening = listening.await.unwrap();
    let (local, address) = (listening.local(), listening.address());
    tokio::spawn(listening.serve_until(std::future::pending()));
    let request = Request::new(Transport::Framed, "echo").text("hi").encode();
    let (near, far) = UnixStream::pair().unwrap();
    tokio::spawn(async move { local.serve_connection(far).await });
    let by_port = TcpStream::connect(address).await.unwrap();
    let answers = [
        exchange(near, &request).await,
        exchange(by_port, &request).await,
    ];
    assert!(answers[0].ends_with(b"\0\0\0\x02hi\0"));
    assert_eq!(answers[0], answers[1]);
}

/// All that is answered to the only request of a connection.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &[u8]) -> Vec<u8> {
    stream.write_all(request).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    answer
}
