//! What differs from Kitex on purpose and is no case of anything else.

use polyport::{BizStatus, Call, Client, Layer, Next, Reply, Server, Status, Transport};
use polyport_tests::PATIENCE;
use polyport_tests::demo::{TELL, TextArgs, demo};
use polyport_tests::peer::Request;
use polyport_tests::serving::Serving;
use polyport_wire::thrift::MessageType;
use polyport_wire::ttheader::keys;

#[tokio::test]
async fn a_business_status_of_code_0_is_an_exception() {
    /// Says that all is well as if it were not.
    struct Zero;

    impl Layer for Zero {
        async fn call(&self, _call: Call, _next: Next<'_>) -> Reply {
            Status::from(BizStatus::new(0, "fine")).into()
        }
    }

    let serving = Serving::start(Server::new().add(demo().0).layer(Zero)).await;
    for transport in Transport::ALL {
        let mut peer = serving.connect().await;
        let response = peer.call(&Request::new(transport, "echo").text("hi")).await;
        let text = "biz error: code=0, msg=fine";
        assert_eq!(response.exception(), (6, text.to_owned()));
        assert_eq!(response.string(keys::BIZ_STATUS), None);
    }
}

#[tokio::test]
async fn a_methods_name_has_a_limit() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    for transport in Transport::ALL {
        let longest = "m".repeat(1024);
        let mut peer = serving.connect().await;
        let response = peer.call(&Request::new(transport, &longest)).await;
        let text = format!("unknown service , method {longest}");
        assert_eq!(response.exception(), (20, text));

        let mut peer = serving.connect().await;
        let response = peer.call(&Request::new(transport, &"m".repeat(1025))).await;
        assert_eq!(response.exception().0, 1);
        peer.ended().await;
    }
}

#[tokio::test]
async fn a_reply_to_a_stream_message_has_its_number() {
    let serving = Serving::start(Server::new().add(demo().0)).await;
    let mut peer = serving.connect().await;
    for transport in [Transport::Buffered, Transport::Framed] {
        let request = Request::new(transport, "echo").text("hi").sequence(77);
        let response = peer.call(&request.kind(MessageType::Stream)).await;
        assert_eq!((response.sequence, response.text()), (77, "hi".to_owned()));
    }
}

#[tokio::test]
async fn a_one_way_call_has_no_deadline() {
    /// Fails where a one-way call could be cut short.
    struct Endless;

    impl Layer for Endless {
        async fn call(&self, call: Call, next: Next<'_>) -> Reply {
            if call.context.method() == "tell" && call.context.deadline().is_some() {
                return Status::error("a deadline").into();
            }
            next.call(call).await
        }
    }

    let (service, mut watch) = demo();
    let serving = Serving::start(Server::new().add(service).layer(Endless)).await;
    let mut peer = serving.connect().await;
    let oneway = Request::new(Transport::TtHeader, "tell").kind(MessageType::Oneway);
    let oneway = oneway.text("fine").int(keys::RPC_TIMEOUT, "1");
    peer.send(oneway.encode()).await;
    assert_eq!(watch.event().await, "told fine");
    // Its client does not say how long nobody waits.
    let client = Client::options(serving.address.to_string()).transport(Transport::Grpc);
    let client = client.timeout(PATIENCE).connect().await.unwrap();
    client.call(&TELL, TextArgs::new("more")).await.unwrap();
    assert_eq!(watch.event().await, "told more");
}
