//! What servers and clients leave behind when they are gone: no task, and no memory.
//!
//! A test binary of its own with one test, because the counting allocator is there for all.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use peak_alloc::PeakAlloc;
use polyport::client::Connections;
use polyport::{Client, Codec, Server, Service, Transport};
use polyport_tests::demo::{ECHO, EchoArgs, TextArgs, WAIT, Watch, demo};
use polyport_tests::{named, soon};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// How a server comes to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// In order, when its clients are gone.
    Stopped,
    /// At once, with calls under way.
    Cut,
}

#[tokio::test]
async fn nothing_outlives_its_server_and_its_clients() {
    let (service, mut watch) = demo();
    let services = [service, named::service("Other", &["say"])];
    let mut usage = Vec::new();
    for _ in 0..3 {
        for end in [End::Stopped, End::Cut].repeat(10) {
            live(&services, end, &mut watch).await;
            let tasks = Handle::current().metrics();
            let gone = async {
                while tasks.num_alive_tasks() > 0 {
                    tokio::task::yield_now().await;
                }
            };
            soon(gone).await;
        }
        usage.push(MEMORY.current_usage());
    }
    // The first rounds fill what is kept for all that come: the buffers of a thread, for one.
    let [_, second, third] = usage[..] else {
        panic!("three rounds");
    };
    assert!(third <= second + 4 * 1024, "{second}, then {third}");
}

/// The life of a server with clients of every kind.
async fn live([service, other]: &[Service; 2], end: End, watch: &mut Watch) {
    let server = Server::new().add(service.clone()).reflection();
    let listening = server.bind("127.0.0.1:0").await.unwrap();
    let address = listening.address().to_string();
    let (registry, local) = (listening.registry(), listening.local());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(listening.serve_until(async {
        let _ = stopped.await;
    }));
    registry.add(other.clone()).unwrap();
    let mut clients = vec![local.client()];
    for transport in Transport::ALL.into_iter().chain([Transport::Grpc]) {
        let options = Client::options(&*address).transport(transport);
        clients.push(options.connect().await.unwrap());
    }
    let shared = Connections::Multiplexed { connections: 1 };
    let options = Client::options(&*address).connections(shared);
    clients.push(options.connect().await.unwrap());
    for client in &clients {
        let arguments = EchoArgs {
            text: "hi".to_owned(),
        };
        assert_eq!(client.call(&ECHO, arguments).await.unwrap(), "hi");
        assert_eq!(watch.event().await, "echo hi");
    }
    registry.remove(Codec::ThriftBinary, "Other").unwrap();
    match end {
        End::Stopped => {
            drop(clients);
            stop.send(()).unwrap();
            assert_eq!(soon(serving).await.unwrap(), 0);
        }
        End::Cut => {
            let waiting: Vec<_> = clients[1..]
                .iter()
                .map(|client| client.call(&WAIT, TextArgs::new("x")))
                .map(|call| tokio::spawn(call.into_future()))
                .collect();
            for _ in &waiting {
                assert_eq!(watch.event().await, "waiting x");
            }
            serving.abort();
            for call in waiting {
                assert!(soon(call).await.unwrap().is_err());
                assert_eq!(watch.event().await, "dropped x");
            }
        }
    }
}
