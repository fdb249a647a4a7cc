//! The server of the test.

use std::error::Error;
use std::future::pending;
use std::io::Write;
use std::time::Duration;

use polyport::{Call, Code, Context, Layer, Next, Reply, Server, Sink, Status, Streaming};
use tokio::time::sleep;

use crate::idl::grpc::testing::{
    EchoStatus, Empty, Payload, SimpleRequest, SimpleResponse, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse,
    TestService, TestServiceServer,
};

/// What comes in these headers goes back, the one before and the other behind the answers.
const ECHO_INITIAL: &str = "x-grpc-test-echo-initial";
const ECHO_TRAILING: &str = "x-grpc-test-echo-trailing-bin";

pub(crate) async fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let listening = Server::new()
        .add(TestServiceServer::new(Tests))
        .layer(PlainStatus)
        .bind(address)
        .await?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on {}", listening.address())?;
    out.flush()?;
    listening.serve_until(pending()).await;
    Ok(())
}

/// Gives the status of a handler its own text, to which Kitex's peers expect an addition.
struct PlainStatus;

impl Layer for PlainStatus {
    async fn call(&self, call: Call, next: Next<'_>) -> Reply {
        let mut reply = next.call(call).await;
        if let Err(status) = &mut reply.outcome
            && let Some(code) = status.code()
        {
            *status = Status::with_code(code, status.message().to_owned());
        }
        reply
    }
}

struct Tests;

impl TestService for Tests {
    async fn empty_call(&self, _cx: &mut Context, _request: Empty) -> Result<Empty, Status> {
        Ok(Empty::default())
    }

    async fn unary_call(
        &self,
        cx: &mut Context,
        request: SimpleRequest,
    ) -> Result<SimpleResponse, Status> {
        if let Some(value) = cx.metadata().get(ECHO_INITIAL) {
            let value = value.to_owned();
            cx.reply_metadata().insert_header(ECHO_INITIAL, value);
        }
        echo_trailing(cx);
        asked_for(request.response_status.as_option())?;
        Ok(SimpleResponse {
            payload: payload(request.response_size)?.into(),
            ..SimpleResponse::default()
        })
    }

    async fn streaming_output_call(
        &self,
        _cx: &mut Context,
        request: StreamingOutputCallRequest,
        mut output: Sink<StreamingOutputCallResponse>,
    ) -> Result<(), Status> {
        answer(&request, &mut output).await
    }

    async fn streaming_input_call(
        &self,
        _cx: &mut Context,
        mut input: Streaming<StreamingInputCallRequest>,
    ) -> Result<StreamingInputCallResponse, Status> {
        let mut size = 0;
        while let Some(request) = input.receive().await? {
            size += request.payload.body.len();
        }
        Ok(StreamingInputCallResponse {
            aggregated_payload_size: i32::try_from(size).unwrap_or(i32::MAX),
        })
    }

    async fn full_duplex_call(
        &self,
        cx: &mut Context,
        mut input: Streaming<StreamingOutputCallRequest>,
        mut output: Sink<StreamingOutputCallResponse>,
    ) -> Result<(), Status> {
        if let Some(value) = cx.metadata().get(ECHO_INITIAL) {
            output.set_header(ECHO_INITIAL, value)?;
        }
        echo_trailing(cx);
        while let Some(request) = input.receive().await? {
            answer(&request, &mut output).await?;
        }
        Ok(())
    }
}

fn echo_trailing(cx: &mut Context) {
    if let Some(value) = cx.metadata().bytes(ECHO_TRAILING) {
        let value = value.clone();
        cx.reply_trailers().insert_header(ECHO_TRAILING, value);
    }
}

/// Sends as many answers of as many bytes as a request wants.
async fn answer(
    request: &StreamingOutputCallRequest,
    output: &mut Sink<StreamingOutputCallResponse>,
) -> Result<(), Status> {
    asked_for(request.response_status.as_option())?;
    for parameters in &request.response_parameters {
        let pause = u64::try_from(parameters.interval_us).unwrap_or_default();
        if pause > 0 {
            sleep(Duration::from_micros(pause)).await;
        }
        let payload = payload(parameters.size)?.into();
        output.send(StreamingOutputCallResponse { payload }).await?;
    }
    Ok(())
}

/// Fails with the status that a request wants.
fn asked_for(status: Option<&EchoStatus>) -> Result<(), Status> {
    match status {
        Some(status) if status.code != 0 => {
            let code = Code(status.code.cast_unsigned());
            Err(Status::with_code(code, status.message.clone()))
        }
        _ => Ok(()),
    }
}

fn payload(size: i32) -> Result<Payload, Status> {
    let size = usize::try_from(size)
        .map_err(|_| Status::with_code(Code::INVALID_ARGUMENT, "a size below 0"))?;
    Ok(Payload {
        body: vec![0; size].into(),
        ..Payload::default()
    })
}
