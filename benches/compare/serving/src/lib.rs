//! What the comparison's servers in Rust have in common: how they begin, what they answer, and when
//! they end.

use std::env;
use std::future::Future;
use std::net::SocketAddr;

use anyhow::Result;
use tokio::runtime::Builder;

/// Where servers listen.
pub const ADDRESS: &str = "127.0.0.1:0";

/// How many answers `Repeat` of `bench.proto` gives.
pub const REPEATED: usize = 1000;

/// Runs a server until it ends: on all cores, or with the argument `--one-thread` on one.
pub fn run(serve: impl Future<Output = Result<()>>) -> Result<()> {
    let mut runtime = match env::args().any(|argument| argument == "--one-thread") {
        true => Builder::new_current_thread(),
        false => Builder::new_multi_thread(),
    };
    runtime.enable_all().build()?.block_on(serve)
}

/// Tells whoever started this program where its server is.
pub fn announce(address: SocketAddr) {
    println!("listening on {address}");
}

/// Whoever started this program closes its input to end it.
pub async fn input_ends() {
    // A failure to read is an end as well.
    let _ = tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await;
}

/// Whether a message asks for the service's name.
pub fn asks_who(message: &str) -> bool {
    message == "who"
}
