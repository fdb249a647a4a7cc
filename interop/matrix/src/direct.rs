//! Calls that a command line cannot make: large requests and many at once.

use polyport::{Client, Transport};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::peers::Peer;
use crate::report::Report;
use crate::time_limit::LIMIT;

/// What the generator makes of multi.thrift.
mod idl {
    polyport::include_idl!("multi");
}

const AT_ONCE: usize = 200;
const LARGE: usize = 3 * 1024 * 1024;

pub(crate) fn run(kitex: &Peer, report: &mut Report) {
    let serving = match kitex.serve("multi", &[]) {
        Ok(serving) => serving,
        Err(ended) => {
            report.record("polyport -> kitex direct", "start", Err(ended.text));
            return;
        }
    };
    let outcome = Runtime::new().map_err(|error| error.to_string());
    let runtime = match outcome {
        Ok(runtime) => runtime,
        Err(error) => return report.record("polyport -> kitex direct", "runtime", Err(error)),
    };
    for transport in Transport::ALL {
        let column = format!("polyport -> kitex {transport} direct");
        let outcome = runtime.block_on(in_time(large(&serving.address, transport)));
        report.record(&column, "3 MiB both ways", outcome);
        let outcome = runtime.block_on(in_time(at_once(&serving.address, transport)));
        report.record(&column, "200 calls at once", outcome);
    }
}

async fn in_time(cell: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    timeout(LIMIT, cell)
        .await
        .unwrap_or_else(|_| Err(format!("not within {} s", LIMIT.as_secs())))
}

async fn client(address: &str, transport: Transport) -> Result<idl::multi::ServiceAClient, String> {
    let client = Client::options(address)
        .transport(transport)
        .connect_timeout(LIMIT)
        .connect()
        .await
        .map_err(|error| error.to_string())?;
    Ok(idl::multi::ServiceAClient::new(client))
}

async fn large(address: &str, transport: Transport) -> Result<(), String> {
    let client = client(address, transport).await?;
    let message = "y".repeat(LARGE);
    let expected = format!("ServiceA/onlyA: {message}");
    let answer = client
        .only_a(idl::multi::Request { message })
        .await
        .map_err(|status| status.to_string())?;
    if answer.message == expected {
        Ok(())
    } else {
        Err(format!("an answer of {} bytes", answer.message.len()))
    }
}

async fn at_once(address: &str, transport: Transport) -> Result<(), String> {
    let client = client(address, transport).await?;
    let mut calls = JoinSet::new();
    for number in 0..AT_ONCE {
        let client = client.clone();
        calls.spawn(async move {
            let message = format!("sleep:50:{number}");
            let answer = client.only_a(idl::multi::Request { message }).await;
            (number, answer)
        });
    }
    while let Some(done) = calls.join_next().await {
        let (number, answer) = done.map_err(|error| error.to_string())?;
        let answer = answer.map_err(|status| status.to_string())?;
        if answer.message != format!("ServiceA/onlyA: {number}") {
            return Err(format!(
                "call {number} was answered with {}",
                answer.message
            ));
        }
    }
    Ok(())
}
