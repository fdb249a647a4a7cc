//! Ports for programs that want to be told theirs.

use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

use tokio::time::Instant;

use crate::time_limit::LIMIT;

/// Another program may take it before it is used; then the server ends, and another one is tried.
pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.to_string())
        .unwrap_or_else(|error| panic!("there is no free port: {error}"))
}

/// Waits until a program listens; false when it ended instead.
pub(crate) fn listens(child: &mut Child, address: &str) -> bool {
    let until = Instant::now() + LIMIT;
    while let Ok(None) = child.try_wait() {
        if TcpStream::connect(address).is_ok() {
            return true;
        }
        assert!(
            Instant::now() < until,
            "nobody listens at {address} within {} s",
            LIMIT.as_secs()
        );
        #[expect(
            clippy::disallowed_methods,
            reason = "a program that does not say when it listens can only be asked again"
        )]
        sleep(Duration::from_millis(20));
    }
    false
}
