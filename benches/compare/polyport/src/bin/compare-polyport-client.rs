//! The comparison's client in Polyport: `compare-polyport-client ADDRESS TASKS BYTES many|one`.
//!
//! Its tasks share a client, which has a connection for each of them, or one on which all calls are
//! in flight. For each line of its input, a number of seconds, it makes calls for that long and
//! prints how many it made.

use std::env;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use compare_polyport::bench::{LeftClient, Request};
use polyport::Client;
use polyport::client::Connections;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::task::JoinSet;
use tokio::time::Instant;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, tasks, bytes, connections] = &arguments[..] else {
        anyhow::bail!("usage: compare-polyport-client ADDRESS TASKS BYTES many|one");
    };
    let tasks: usize = tasks.parse().context("TASKS")?;
    let message = "x".repeat(bytes.parse().context("BYTES")?);
    let connections = match &**connections {
        "one" => Connections::Multiplexed { connections: 1 },
        _ => Connections::Pooled {
            idle: tasks,
            idle_timeout: Duration::from_secs(30),
            open: None,
        },
    };
    let options = Client::options(address).connections(connections);
    let client = LeftClient::new(options.connect().await?);
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

async fn call_until(until: Instant, client: LeftClient, message: String) -> Result<u64> {
    let mut calls = 0;
    while Instant::now() < until {
        let request = Request {
            message: message.clone(),
        };
        let response = client.echo(request).await?;
        ensure!(response.message == message, "another message came back");
        calls += 1;
    }
    Ok(calls)
}
