//! `polyport call`

mod watch;
mod outcome;

use std::pin::pin;
use std::process::ExitCode;

use polyport::generic::{self, JsonSink, JsonStreaming};
use polyport::{CallKind, Client, Metadata};
use tokio::runtime::Builder;

use crate::args::CallArgs;
use crate::call::outcome::Printer;
use crate::call::watch::Watch;
use crate::failure::Failure;
use crate::requests::Requests;
use crate::target::{Target, fit};

pub(crate) fn run(args: &CallArgs) -> Result<ExitCode, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(call(args));
    // A read of the standard input may have no end.
    runtime.shutdown_background();
    outcome
}

async fn call(args: &CallArgs) -> Result<ExitCode, Failure> {
    let requests = Requests::given(&args.data)?;
    let target = Target::find(&args.target, &args.method).await?;
    let requests = prepared(target.method(), requests).await?;
    let mut printer = Printer {
        json: args.json,
        transport: target.transport(),
        meant: None,
    };
    let client = target.connect().await;
    let client = client.map_err(|error| Failure::Other(error.to_string()))?;
    if !args.verbose {
        return made(&target, &client, requests, &printer).await;
    }
    // The server is there; from here on the relay is called in its place.
    let (watch, client) = Watch::begin(&target).await?;
    printer.meant = Some((watch.address.clone(), target.address().to_owned()));
    let outcome = made(&target, &client, requests, &printer).await;
    drop(client);
    watch.end().await;
    outcome
}

/// Where there is one request only, it is read and checked before anything is sent.
async fn prepared(method: &generic::Method, requests: Requests) -> Result<Requests, Failure> {
    match method.info().kind {
        CallKind::ClientStream | CallKind::Bidirectional => Ok(requests),
        _ => {
            let only = requests.only().await?;
            fit(method, &only)?;
            Ok(Requests::from(only))
        }
    }
}

/// Makes the call, and prints what comes of it.
async fn made(
    target: &Target,
    client: &Client,
    requests: Requests,
    printer: &Printer,
) -> Result<ExitCode, Failure> {
    let kind = target.method().info().kind;
    if kind.is_streaming() {
        return stream(target, client, requests, printer).await;
    }
    let arguments = requests.only().await?;
    if kind == CallKind::Oneway {
        return match target.tell(client, &arguments).await {
            Ok(()) => printer.sent(),
            Err(failure) => printer.failure(&failure, &Metadata::default()),
        };
    }
    let answer = target.call(client, &arguments).answer().await;
    match answer.result {
        Ok(value) => printer.answer(&value, &answer.metadata),
        Err(failure) => printer.failure(&failure, &answer.metadata),
    }
}

async fn stream(
    target: &Target,
    client: &Client,
    requests: Requests,
    printer: &Printer,
) -> Result<ExitCode, Failure> {
    let (sink, answers) = match target.stream(client).await {
        Ok(opened) => opened,
        Err(status) => return printer.failure(&status.into(), &Metadata::default()),
    };
    // When this fails, the answers go first, and with them the call: the server must not take the
    // requests that were sent for all of them.
    let sending = pin!(send(target.method(), requests, sink));
    let mut receiving = pin!(receive(answers, printer));
    tokio::select! {
        ended = &mut receiving => ended,
        sent = sending => {
            sent?;
            receiving.await
        }
    }
}

/// Sends every request as it is read.
async fn send(
    method: &generic::Method,
    mut requests: Requests,
    mut sink: JsonSink,
) -> Result<(), Failure> {
    while let Some(request) = requests.next().await? {
        fit(method, &request)?;
        // The server's word on how the call ended counts more than that it takes no more.
        if sink.send(&request).await.is_err() {
            return Ok(());
        }
    }
    let _ = sink.finish();
    Ok(())
}

/// Prints every answer as it comes, and how the call ended.
async fn receive(mut answers: JsonStreaming, printer: &Printer) -> Result<ExitCode, Failure> {
    let ended = loop {
        match answers.receive().await {
            Ok(Some(answer)) => printer.one_of_many(&answer)?,
            Ok(None) => break Ok(()),
            Err(status) => break Err(status),
        }
    };
    // What has ended makes nobody wait.
    let mut metadata = answers.headers().await.unwrap_or_default();
    metadata.extend(answers.trailers().unwrap_or_default());
    match ended {
        Ok(()) => printer.end(&metadata),
        Err(status) => printer.failure(&status.into(), &metadata),
    }
}
