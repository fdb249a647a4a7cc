//! The comparison's client in volo-thrift: `compare-volo-client ADDRESS TASKS BYTES`.
//!
//! For each line of its input, a number of seconds, it makes calls for that long and prints how
//! many it made.

use std::env;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use pilota::FastStr;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::volo_gen::bench::{LeftClient, LeftClientBuilder, Request};

#[expect(unsafe_code, reason = "generated")]
mod volo_gen {
    include!(concat!(env!("OUT_DIR"), "/volo_gen.rs"));
    pub use volo_gen::*;
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, tasks, bytes] = &arguments[..] else {
        bail!("usage: compare-volo-client ADDRESS TASKS BYTES");
    };
    let tasks: usize = tasks.parse().context("TASKS")?;
    let message = FastStr::from("x".repeat(bytes.parse().context("BYTES")?));
    let address: SocketAddr = address.parse().context("ADDRESS")?;
    let client = LeftClientBuilder::new("Left").address(address).build();
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let until = Instant::now() + Duration::from_secs_f64(line.parse().context("seconds")?);
        let mut calling = JoinSet::new();
        for _ in 0..tasks {
            calling.spawn(call_until(until, client.clone(), message.clone()));
        }
        let mut calls = 0;
        while let Some(made) = calling.join_next().await {
            calls += made??;
        }
        println!("{calls}");
    }
    Ok(())
}

async fn call_until(until: Instant, client: LeftClient, message: FastStr) -> Result<u64> {
    let mut calls = 0;
    while Instant::now() < until {
        let message = Some(message.clone());
        let request = Request {
            message: message.clone(),
        };
        let response = client
            .echo(request)
            .await
            .map_err(|error| anyhow!("{error}"))?;
        ensure!(response.message == message, "another message came back");
        calls += 1;
    }
    Ok(calls)
}
