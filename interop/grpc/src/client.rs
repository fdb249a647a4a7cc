//! The client of the test: every case in turn.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use polyport::{Client, Transport};

use crate::cases::{Outcome, Tests};

/// It takes no time, however busy the machine is.
const CONNECTING: Duration = Duration::from_secs(60);

/// Makes all cases; whether all of them passed.
pub(crate) async fn call(address: &str) -> Result<bool, Box<dyn Error>> {
    let client = Client::options(address)
        .transport(Transport::Grpc)
        .connect_timeout(CONNECTING)
        .connect()
        .await?;
    let tests = Tests::new(client);
    let passed = [
        told("empty_unary", tests.empty_unary()).await,
        told("large_unary", tests.large_unary()).await,
        told("client_streaming", tests.client_streaming()).await,
        told("server_streaming", tests.server_streaming()).await,
        told("ping_pong", tests.ping_pong()).await,
        told("empty_stream", tests.empty_stream()).await,
        told(
            "timeout_on_sleeping_server",
            tests.timeout_on_sleeping_server(),
        )
        .await,
        told("cancel_after_begin", tests.cancel_after_begin()).await,
        told(
            "cancel_after_first_response",
            tests.cancel_after_first_response(),
        )
        .await,
        told("status_code_and_message", tests.status_code_and_message()).await,
        told("special_status_message", tests.special_status_message()).await,
        told("custom_metadata", tests.custom_metadata()).await,
        told("unimplemented_method", tests.unimplemented_method()).await,
        told("unimplemented_service", tests.unimplemented_service()).await,
    ];
    Ok(passed.into_iter().all(|passed| passed))
}

/// Prints what came of a case.
async fn told(name: &str, case: impl Future<Output = Outcome>) -> bool {
    match case.await {
        Ok(()) => {
            println!("ok {name}");
            true
        }
        Err(error) => {
            println!("failed {name}: {error}");
            false
        }
    }
}
