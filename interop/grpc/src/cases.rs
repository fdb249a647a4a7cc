//! The cases, as grpc's doc/interop-test-descriptions.md describes them.

use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use polyport::codegen::Method;
use polyport::{CallKind, Client, Code, Status};

use crate::idl::grpc::testing::{
    EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, StreamingInputCallRequest,
    StreamingOutputCallRequest, StreamingOutputCallResponse, TestServiceClient,
};

pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// No server implements either.
static UNIMPLEMENTED_METHOD: Method<Empty, Empty> = Method::protobuf(
    "grpc.testing",
    "TestService",
    "UnimplementedCall",
    CallKind::Unary,
);
static UNIMPLEMENTED_SERVICE: Method<Empty, Empty> = Method::protobuf(
    "grpc.testing",
    "UnimplementedService",
    "UnimplementedCall",
    CallKind::Unary,
);

const REQUEST_SIZES: [usize; 4] = [27182, 8, 1828, 45904];
const ANSWER_SIZES: [i32; 4] = [31415, 9, 2653, 58979];
const ECHO_INITIAL: (&str, &str) = ("x-grpc-test-echo-initial", "test_initial_metadata_value");
const ECHO_TRAILING: (&str, &[u8]) = ("x-grpc-test-echo-trailing-bin", &[0xab, 0xab, 0xab]);

/// The client, with a method for each case.
#[derive(Debug)]
pub(crate) struct Tests {
    client: Client,
    tests: TestServiceClient,
}

impl Tests {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            tests: TestServiceClient::new(client.clone()),
            client,
        }
    }

    pub(crate) async fn empty_unary(&self) -> Outcome {
        same(
            self.tests.empty_call(Empty::default()).await?,
            Empty::default(),
        )
    }

    pub(crate) async fn large_unary(&self) -> Outcome {
        let answer = self.tests.unary_call(large()).await?;
        same(answer.payload.body.len(), 314_159)
    }

    pub(crate) async fn client_streaming(&self) -> Outcome {
        let mut call = self.tests.streaming_input_call().await?;
        for size in REQUEST_SIZES {
            let payload = payload(size).into();
            call.send(StreamingInputCallRequest {
                payload,
                ..Default::default()
            })
            .await?;
        }
        same(call.finish().await?.aggregated_payload_size, 74_922)
    }

    pub(crate) async fn server_streaming(&self) -> Outcome {
        let response_parameters = ANSWER_SIZES.map(parameters).into();
        let request = StreamingOutputCallRequest {
            response_parameters,
            ..Default::default()
        };
        let mut answers = self.tests.streaming_output_call(request).await?;
        for size in ANSWER_SIZES {
            of_size(answers.receive().await?, size)?;
        }
        same(answers.receive().await?, None)
    }

    pub(crate) async fn ping_pong(&self) -> Outcome {
        let (mut requests, mut answers) = self.tests.full_duplex_call().await?;
        for (request, answer) in REQUEST_SIZES.into_iter().zip(ANSWER_SIZES) {
            requests.send(ping(request, answer)).await?;
            of_size(answers.receive().await?, answer)?;
        }
        requests.finish()?;
        same(answers.receive().await?, None)
    }

    pub(crate) async fn empty_stream(&self) -> Outcome {
        let (requests, mut answers) = self.tests.full_duplex_call().await?;
        requests.finish()?;
        same(answers.receive().await?, None)
    }

    pub(crate) async fn timeout_on_sleeping_server(&self) -> Outcome {
        let call = self
            .tests
            .full_duplex_call()
            .timeout(Duration::from_millis(1));
        // It asks for no answer, so that there is only the end of time to wait for.
        let request = StreamingOutputCallRequest {
            payload: payload(27182).into(),
            ..Default::default()
        };
        let outcome = async {
            let (mut requests, mut answers) = call.await?;
            // Time may be up already.
            let _ = requests.send(request).await;
            answers.receive().await.map(|answer| answer.is_some())
        };
        match outcome.await {
            Err(status) if status.is_timeout() => Ok(()),
            other => Err(format!("{other:?}, not a timeout").into()),
        }
    }

    pub(crate) async fn cancel_after_begin(&self) -> Outcome {
        drop(self.tests.streaming_input_call().await?);
        // The connection is as good as before.
        self.empty_unary().await
    }

    pub(crate) async fn cancel_after_first_response(&self) -> Outcome {
        let (mut requests, mut answers) = self.tests.full_duplex_call().await?;
        requests.send(ping(27182, 31415)).await?;
        of_size(answers.receive().await?, 31415)?;
        drop((requests, answers));
        self.empty_unary().await
    }

    pub(crate) async fn status_code_and_message(&self) -> Outcome {
        self.status("test status message").await?;
        let request = StreamingOutputCallRequest {
            response_status: asked("test status message").into(),
            ..Default::default()
        };
        let (mut requests, mut answers) = self.tests.full_duplex_call().await?;
        requests.send(request).await?;
        requests.finish()?;
        told(
            answers.receive().await,
            Code::UNKNOWN,
            Some("test status message"),
        )
    }

    pub(crate) async fn special_status_message(&self) -> Outcome {
        self.status(
            "\t\ntest with whitespace\r\nand Unicode BMP \u{263a} and non-BMP \u{1f608}\t\n",
        )
        .await
    }

    async fn status(&self, text: &str) -> Outcome {
        let request = SimpleRequest {
            response_status: asked(text).into(),
            ..Default::default()
        };
        told(
            self.tests.unary_call(request).await,
            Code::UNKNOWN,
            Some(text),
        )
    }

    pub(crate) async fn custom_metadata(&self) -> Outcome {
        let (initial, value) = ECHO_INITIAL;
        let (trailing, bytes) = ECHO_TRAILING;
        let bytes = Bytes::from_static(bytes);
        let call = self.tests.unary_call(large());
        let answer = call
            .header(initial, value)
            .header(trailing, bytes.clone())
            .answer()
            .await;
        same(answer.result?.payload.body.len(), 314_159)?;
        same(answer.metadata.get(initial), Some(value))?;
        same(answer.metadata.bytes(trailing), Some(&bytes))?;

        let call = self.tests.full_duplex_call();
        let call = call.header(initial, value).header(trailing, bytes.clone());
        let (mut requests, mut answers) = call.await?;
        requests.send(ping(27182, 31415)).await?;
        same(answers.headers().await?.get(initial), Some(value))?;
        of_size(answers.receive().await?, 31415)?;
        requests.finish()?;
        same(answers.receive().await?, None)?;
        let trailers = answers.trailers().ok_or("no trailers")?;
        same(trailers.bytes(trailing), Some(&bytes))
    }

    pub(crate) async fn unimplemented_method(&self) -> Outcome {
        let outcome = self
            .client
            .call(&UNIMPLEMENTED_METHOD, Empty::default())
            .await;
        told(outcome, Code::UNIMPLEMENTED, None)
    }

    pub(crate) async fn unimplemented_service(&self) -> Outcome {
        let outcome = self
            .client
            .call(&UNIMPLEMENTED_SERVICE, Empty::default())
            .await;
        told(outcome, Code::UNIMPLEMENTED, None)
    }
}

fn large() -> SimpleRequest {
    SimpleRequest {
        response_size: 314_159,
        payload: payload(271_828).into(),
        ..Default::default()
    }
}

fn ping(request: usize, answer: i32) -> StreamingOutputCallRequest {
    StreamingOutputCallRequest {
        response_parameters: vec![parameters(answer)],
        payload: payload(request).into(),
        ..Default::default()
    }
}

fn payload(size: usize) -> Payload {
    Payload {
        body: vec![0; size].into(),
        ..Default::default()
    }
}

fn parameters(size: i32) -> ResponseParameters {
    ResponseParameters {
        size,
        ..Default::default()
    }
}

fn asked(text: &str) -> EchoStatus {
    EchoStatus {
        code: 2,
        message: text.to_owned(),
    }
}

fn of_size(answer: Option<StreamingOutputCallResponse>, size: i32) -> Outcome {
    let seen = answer.map(|answer| answer.payload.body.len());
    same(seen, usize::try_from(size).ok())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "most of what is compared is made for it"
)]
fn same<T: PartialEq + Debug>(seen: T, expected: T) -> Outcome {
    if seen == expected {
        Ok(())
    } else {
        Err(format!("expected {expected:?}, seen {seen:?}").into())
    }
}

fn told<T>(outcome: Result<T, Status>, code: Code, text: Option<&str>) -> Outcome {
    match outcome {
        Err(status)
            if status.code() == Some(code) && text.is_none_or(|text| text == status.message()) =>
        {
            Ok(())
        }
        Err(status) => Err(format!("{status:?}, not code {code} {text:?}").into()),
        Ok(_) => Err("no error".into()),
    }
}
