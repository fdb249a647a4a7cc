//! A server that a case plays: it writes down what a client sends, and answers what the case says.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use polyport_wire::frame::Frame;

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
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    // Connections are accepted in the order in which they were made. The last one is this server's own.
    let last = Mutex::new(None);
    let connections = AtomicUsize::new(0);
    let requests = Mutex::new(Vec::new());
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            while let Ok((stream, peer)) = listener.accept() {
                if *locked(&last) == Some(peer) {
                    return;
                }
                connections.fetch_add(1, Ordering::SeqCst);
                scope.spawn(|| answer(stream, play, &requests));
            }
        });
        let outcome = client(&address.to_string());
        let mut last = locked(&last);
        *last = TcpStream::connect(address)?.local_addr().ok();
        Ok::<_, io::Error>(outcome)
    })?;
    let notes = Notes {
        requests: requests
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner),
        connections: connections.into_inner(),
    };
    Ok((outcome, notes))
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
