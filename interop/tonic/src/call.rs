//! `call`: a method by its names, with JSON at both ends.

use std::error::Error;
use std::time::Duration;

use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::generated::{self as idl, Item};
use crate::message::insert;
use crate::{Call, outcome};

/// Longer than any answer takes. A server that says nothing must not stop the tests.
const PATIENCE: Duration = Duration::from_secs(120);

type Outcome<T> = Result<T, Box<dyn Error>>;

pub(crate) async fn run(call: &Call) -> Outcome<()> {
    let endpoint = Endpoint::from_shared(format!("http://{}", call.addr))?;
    let channel = endpoint.connect_lazy();
    for _ in 0..call.count {
        let calling = async {
            match call.service.rsplit('.').next() {
                Some("Streams") => once::<Item, Item>(call, &channel).await,
                _ => once::<idl::Request, idl::Response>(call, &channel).await,
            }
        };
        let line = match call.cancel() {
            None => calling.await?,
            // A call is given up by dropping it.
            Some(after) => tokio::select! {
                line = calling => line?,
                () = sleep(after) => json!({ "cancelled": true }),
            },
        };
        println!("{line}");
    }
    Ok(())
}

/// Makes a call and gives its line.
async fn once<Q, A>(call: &Call, channel: &Channel) -> Outcome<Value>
where
    Q: DeserializeOwned + Default + Message + 'static,
    A: Default + Message + Serialize + 'static,
{
    let requests: Vec<Q> = match serde_json::from_str(&call.json)? {
        Value::Array(items) => items
            .into_iter()
            .map(serde_json::from_value)
            .collect::<Result<_, _>>()?,
        single => vec![serde_json::from_value(single)?],
    };
    let path = format!("/{}/{}", call.service, call.method).parse()?;
    let answers = timeout(PATIENCE, answers::<Q, A>(call, channel, path, requests)).await;
    Ok(match answers {
        Err(_) => json!({ "timeout": true }),
        Ok(Ok(line)) => line,
        Ok(Err(status)) => outcome::failed(&status),
    })
}

async fn answers<Q, A>(
    call: &Call,
    channel: &Channel,
    path: PathAndQuery,
    mut requests: Vec<Q>,
) -> Result<Value, Status>
where
    Q: Default + Message + 'static,
    A: Default + Message + Serialize + 'static,
{
    let codec = ProstCodec::<Q, A>::default();
    let mut grpc = Grpc::new(channel.clone());
    if call.compress.is_some() {
        grpc = grpc.send_compressed(Gzip).accept_compressed(Gzip);
    }
    let ready = grpc.ready().await;
    ready.map_err(|error| Status::unavailable(error.to_string()))?;
    match call.method.as_str() {
        "Bidirectional" => {
            let request = beside(call, tokio_stream::iter(requests));
            listed(grpc.streaming(request, path, codec).await?).await
        }
        "Server" => {
            let request = beside(call, requests.pop().unwrap_or_default());
            listed(grpc.server_streaming(request, path, codec).await?).await
        }
        "Client" => {
            let request = beside(call, tokio_stream::iter(requests));
            let answer = grpc.client_streaming(request, path, codec).await?;
            Ok(outcome::answered([answer.get_ref()], answer.metadata()))
        }
        _ => {
            let request = beside(call, requests.pop().unwrap_or_default());
            let answer = grpc.unary(request, path, codec).await?;
            Ok(outcome::answered(answer.get_ref(), answer.metadata()))
        }
    }
}

/// A request with what the command line asks for beside it.
fn beside<T>(call: &Call, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(limit) = call.timeout() {
        request.set_timeout(limit);
    }
    let kitex = [
        ("rpc-transit-", &call.transient),
        ("rpc-persist-", &call.persistent),
    ];
    for (prefix, pairs) in kitex {
        for (key, value) in pairs {
            let key = format!("{prefix}{}", key.replace('_', "-"));
            insert(request.metadata_mut(), &key, value);
        }
    }
    for (key, value) in &call.header {
        insert(request.metadata_mut(), key, value);
    }
    request
}

/// Everything that is answered. Trailers stand among the headers, as tonic itself has them beside a single
/// answer.
async fn listed<A: Serialize>(answer: Response<Streaming<A>>) -> Result<Value, Status> {
    let (headers, mut answers, _) = answer.into_parts();
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await? {
        all.push(answer);
    }
    let mut headers = headers.into_headers();
    if let Some(trailers) = answers.trailers().await? {
        headers.extend(trailers.into_headers());
    }
    let headers = MetadataMap::from_headers(headers);
    Ok(outcome::answered(all, &headers))
}
