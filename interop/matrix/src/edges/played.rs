//! A server that a case plays: it writes down what a client sends, and answers what the case says.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use polyport_wire::frame::Frame;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot::{self, Receiver, Sender};

use crate::edges::seen::{Messages, describe, sequence};

/// What the server does with a request: it answers, or ends the connection after these bytes.
#[derive(Clone, Debug)]
pub(crate) enum Play {
    Answer(Vec<u8>),
    Last(Vec<u8>),
}

/// What a client did.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Its requests in words.
    pub(crate) requests: Vec<String>,
    pub(crate) connections: usize,
}

/// Serves while `client` runs, and gives what that gives and what was noted, of connections that nobody
/// had come to accept by then, too. The server knows of a request only its number.
pub(crate) fn serve<T>(
    play: &(dyn Fn(i32) -> Play + Sync),
    client: impl FnOnce(&str) -> T,
) -> io::Result<(T, Notes)> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let (running, ended) = oneshot::channel();
    let connections = AtomicUsize::new(0);
    let requests = Mutex::new(Vec::new());
    let (outcome, accepted) = thread::scope(|scope| {
        let accepting = scope.spawn(|| {
            accept(&runtime, listener, ended, |stream| {
                connections.fetch_add(1, Ordering::SeqCst);
                scope.spawn(|| answer(stream, play, &requests));
            })
        });
        // A client that panics drops this, too, or its scope would wait for the other thread for ever.
        let running: Sender<()> = running;
        let outcome = client(&address.to_string());
        drop(running);
        (outcome, accepting.join())
    });
    accepted.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    let notes = Notes {
        requests: requests
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner),
        connections: connections.into_inner(),
    };
    Ok((outcome, notes))
}

/// Takes connections until the client has ended, and then those that nobody had come to accept.
fn accept(
    runtime: &Runtime,
    listener: TcpListener,
    mut ended: Receiver<()>,
    taken: impl Fn(TcpStream),
) -> io::Result<()> {
    let take = |stream: TcpStream| stream.set_nonblocking(false).map(|()| taken(stream));
    let listener = runtime.block_on(async {
        loop {
            tokio::select! {
                accepted = listener.accept() => take(accepted?.0.into_std()?)?,
                _ = &mut ended => return listener.into_std(),
            }
        }
    })?;
    // It does not block: an error says that there are no more.
    while let Ok((stream, _)) = listener.accept() {
        take(stream)?;
    }
    Ok(())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers on one connection until the client ends it.
fn answer(mut stream: TcpStream, play: &dyn Fn(i32) -> Play, requests: &Mutex<Vec<String>>) {
    let mut messages = Messages::default();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        messages.push(&buffer[..count]);
        while let Some(frame) = messages.frame() {
            locked(requests).push(describe(&frame));
            if !reply(&mut stream, &frame, play) {
                return;
            }
        }
    }
}

/// Whether the connection goes on.
fn reply(stream: &mut TcpStream, request: &Frame, play: &dyn Fn(i32) -> Play) -> bool {
    match play(sequence(request)) {
        Play::Answer(bytes) => stream.write_all(&bytes).is_ok(),
        Play::Last(bytes) => {
            let _ = stream.write_all(&bytes);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn silent(_: i32) -> Play {
        Play::Last(Vec::new())
    }

    #[test]
    fn a_client_that_panics_ends_its_server() {
        let served = || serve::<()>(&silent, |_| panic!("no client"));
        assert!(catch_unwind(AssertUnwindSafe(served)).is_err());
    }

    #[test]
    fn every_connection_is_counted_that_was_made() {
        let connect = |address: &str| {
            (0..20).for_each(|_| drop(TcpStream::connect(address).unwrap()));
        };
        let ((), notes) = serve(&silent, connect).unwrap();
        assert_eq!(notes.connections, 20);
    }
}
