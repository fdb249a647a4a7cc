//! What a server does, counted by valgrind's callgrind.

use std::fs;
use std::net::SocketAddr;

use anyhow::{Context, Result};

use crate::process::Process;

/// What a server does in its whole life.
pub(crate) struct Counts {
    pub(crate) instructions: u64,
    /// Calls of `malloc` and its like.
    pub(crate) allocations: u64,
}

impl Counts {
    /// Counts the life of a server that is loaded by `load`.
    pub(crate) fn of<T>(
        command: &[String],
        core: usize,
        load: impl FnOnce(SocketAddr) -> Result<T>,
    ) -> Result<(Self, T)> {
        let path = std::env::temp_dir().join(format!("callgrind.{}.out", std::process::id()));
        let out = path
            .to_str()
            .context("the temporary directory is not text")?;
        let out = format!("--callgrind-out-file={out}");
        let valgrind = ["valgrind", "--tool=callgrind", &out].map(str::to_owned);
        let mut server = Process::start(&[&valgrind, command].concat(), core)?;
        let loaded = load(server.address()?)?;
        server.finish()?;
        let text = fs::read_to_string(&path)?;
        fs::remove_file(&path)?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let counts = Self {
            instructions: total.context("callgrind gives no totals")?.trim().parse()?,
            allocations: allocations(&text)?,
        };
        Ok((counts, loaded))
    }
}

/// Adds up the calls of the allocator in callgrind's file: `cfn=(7) malloc`, later on `cfn=(7)`, names
/// what is called, and `calls=3 ...` in the next line says how often.
fn allocations(text: &str) -> Result<u64> {
    let mut allocators = Vec::new();
    let mut is_allocator = false;
    let mut calls = 0;
    for line in text.lines() {
        if let Some((_, name)) = line.split_once("fn=(") {
            let (number, name) = name.split_once(')').context("a name without a number")?;
            if matches!(
                name.trim(),
                "malloc" | "calloc" | "realloc" | "memalign" | "posix_memalign"
            ) {
                allocators.push(number);
            }
            is_allocator = line.starts_with("cfn") && allocators.contains(&number);
        } else if let Some(count) = line.strip_prefix("calls=").filter(|_| is_allocator) {
            let count = count.split(' ').next().unwrap_or(count);
            calls += count.parse::<u64>()?;
        }
    }
    Ok(calls)
}
