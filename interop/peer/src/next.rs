//! The word `next:REST`: what a handler calls within the call that it serves.

use std::sync::OnceLock;

use polyport::{Client, Codec, Context, Status};
use tokio::sync::OnceCell;

use crate::args::TransportName;
use crate::call::{CONNECTING, transport};
use crate::generated::proto::multi::v1 as proto;
use crate::generated::several::multi::{Request, ServiceAClient};

/// Where the word leads in this process.
static NEXT: OnceLock<Next> = OnceLock::new();

/// A server that handlers call.
#[derive(Debug)]
struct Next {
    address: String,
    transport: TransportName,
    /// Connected when it is needed.
    client: OnceCell<Client>,
}

/// Says where the word leads.
pub(crate) fn lead_to(address: &str, transport: TransportName) {
    let next = Next {
        address: address.to_owned(),
        transport,
        client: OnceCell::new(),
    };
    // A process serves once.
    let _ = NEXT.set(next);
}

/// What the next server does with a message; nothing where the word leads nowhere.
pub(crate) async fn ask(cx: &Context, message: &str) -> Option<Result<String, Status>> {
    let next = NEXT.get()?;
    Some(next.ask(cx, message).await)
}

impl Next {
    /// What `onlyA` of its `ServiceA` answers, and behind it the metadata that it was asked to send
    /// back.
    async fn ask(&self, cx: &Context, asked: &str) -> Result<String, Status> {
        let client = self.client.get_or_try_init(|| self.connect()).await?;
        let message = asked.to_owned();
        let (answer, back) = if self.transport.codec() == Codec::Protobuf {
            let request = proto::Request { message };
            let call = proto::ServiceAClient::new(client.clone()).only_a(request);
            let answer = call.within(cx).answer().await;
            (answer.result?.message, answer.metadata)
        } else {
            let call = ServiceAClient::new(client.clone()).only_a(Request { message });
            let answer = call.within(cx).answer().await;
            (answer.result?.message, answer.metadata)
        };
        let key = asked.strip_prefix("back:").and_then(|pair| {
            let (key, _) = pair.split_once('=')?;
            Some((key, back.get(key)?))
        });
        Ok(match key {
            Some((key, value)) => format!("{answer} {key}={value}"),
            None => answer,
        })
    }

    async fn connect(&self) -> Result<Client, Status> {
        let transport = transport(self.transport);
        let transport = transport.map_err(|error| Status::error(error.to_string()))?;
        let options = Client::options(&self.address).transport(transport);
        let options = options.connect_timeout(CONNECTING);
        Ok(options.caller("middle").connect().await?)
    }
}
