//! A proxy that knows no IDL: whatever it is called with, it calls another server with, over the same
//! transport, and passes the answers back.
//!
//! ```text
//! cargo run --release --example proxy -- 127.0.0.1:8889 127.0.0.1:8888
//! ```

use std::convert::Infallible;
use std::io::Write;

use bytes::Bytes;
use polyport::client::RawMethod;
use polyport::service::UnknownHandler;
use polyport::{CallKind, Client, Context, Error, Server, Sink, Status, Streaming, Transport};
use tokio::sync::OnceCell;

/// Calls the server behind the proxy.
pub(crate) struct Proxy {
    server: String,
    /// A client for each transport, once it is needed.
    clients: [(Transport, OnceCell<Client>); 5],
}

impl Proxy {
    /// A proxy for the server at this address.
    #[must_use]
    pub(crate) fn new(server: String) -> Self {
        let [buffered, framed, ttheader, ttheader_framed] = Transport::ALL;
        let transports = [buffered, framed, ttheader, ttheader_framed, Transport::Grpc];
        Self {
            server,
            clients: transports.map(|transport| (transport, OnceCell::new())),
        }
    }

    /// The method that a call is for, as the server behind knows it.
    async fn method(&self, cx: &Context) -> Result<RawMethod, Status> {
        let mut clients = self.clients.iter();
        let found = clients.find(|(transport, _)| *transport == cx.transport());
        let (transport, client) = found.ok_or_else(|| Status::error("no such transport"))?;
        let connect = || {
            Client::options(&self.server)
                .transport(*transport)
                .connect()
        };
        let client = client.get_or_try_init(connect).await;
        let client = client.map_err(|error| Status::from(error).forwarded())?;
        Ok(client.raw(cx.service(), cx.method()).codec(cx.codec()))
    }
}

impl UnknownHandler for Proxy {
    async fn call(&self, cx: &mut Context, request: Bytes) -> Result<Bytes, Status> {
        let mut method = self.method(cx).await?;
        if cx.kind() == CallKind::Oneway {
            method = method.oneway();
        }
        let answer = method.call(request).forwarding(cx).answer().await;
        cx.reply_metadata().extend(answer.metadata);
        answer.result.map_err(Status::forwarded)
    }

    async fn stream(
        &self,
        cx: &mut Context,
        requests: Streaming<Bytes>,
        answers: Sink<Bytes>,
    ) -> Result<(), Status> {
        let call = self.method(cx).await?.stream().forwarding(cx);
        let (there, back) = call.await.map_err(Status::forwarded)?;
        // In this order, because the last one is dropped first: without its answers the call is given
        // up, while a sink that is dropped before them says that all requests are there.
        let mut there = Some(there);
        let mut back = back;
        // The server's word ends the call; the client has said its last before, or has not.
        let outcome = tokio::select! {
            outcome = pass_back(&mut back, answers) => outcome,
            Err(status) = pass_on(requests, &mut there) => Err(status),
        };
        cx.reply_trailers()
            .extend(back.trailers().unwrap_or_default());
        outcome.map_err(Status::forwarded)
    }
}

/// Passes requests on, and waits for ever behind the last one.
async fn pass_on(
    mut requests: Streaming<Bytes>,
    there: &mut Option<Sink<Bytes>>,
) -> Result<Infallible, Status> {
    while let Some(request) = requests.receive().await? {
        if let Some(there) = there
            && there.send(request).await.is_err()
        {
            // The server has ended the call, and says how on the way back.
            return std::future::pending().await;
        }
    }
    if let Some(there) = there.take() {
        // The same: it may have enough of them.
        let _ = there.finish();
    }
    std::future::pending().await
}

/// Passes answers back, and what stands before them.
async fn pass_back(back: &mut Streaming<Bytes>, mut answers: Sink<Bytes>) -> Result<(), Status> {
    answers.add_headers(&back.headers().await?)?;
    answers.send_headers()?;
    while let Some(answer) = back.receive().await? {
        answers.send(answer).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let (Some(here), Some(server)) = (args.next(), args.next()) else {
        eprintln!("proxy HERE SERVER: two addresses, host:port");
        std::process::exit(2);
    };
    let listening = Server::new().unknown(Proxy::new(server)).bind(here).await?;
    println!("listening on {}", listening.address());
    // Whoever starts it may wait for that line.
    let _ = std::io::stdout().flush();
    listening.serve_until(std::future::pending()).await;
    Ok(())
}
