//! A relay in front of a server, which counts the bytes: whether anything was compressed cannot be
//! seen in values.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What went either way.
#[derive(Debug, Default)]
struct Counts {
    to_server: AtomicUsize,
    to_client: AtomicUsize,
}

/// One connection's way to a server.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) address: String,
    counts: Arc<Counts>,
}

impl Relay {
    /// Takes connections, each of which it takes on to the server, until the process ends.
    pub(crate) fn before(server: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let counts = Arc::new(Counts::default());
        let (counted, server) = (Arc::clone(&counts), server.to_owned());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A client whose server is gone finds its connection closed.
                let _ = connect(client, &server, &counted);
            }
        });
        Ok(Self { address, counts })
    }

    pub(crate) fn to_server(&self) -> usize {
        self.counts.to_server.load(Ordering::SeqCst)
    }

    pub(crate) fn to_client(&self) -> usize {
        self.counts.to_client.load(Ordering::SeqCst)
    }
}

fn connect(client: TcpStream, server: &str, counts: &Arc<Counts>) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    let (from_client, from_server) = (client.try_clone()?, server.try_clone()?);
    let counted = Arc::clone(counts);
    thread::spawn(move || pass(from_client, server, &counted.to_server));
    let counted = Arc::clone(counts);
    thread::spawn(move || pass(from_server, client, &counted.to_client));
    Ok(())
}

/// Takes bytes from one to the other until there are no more.
fn pass(mut from: TcpStream, mut to: TcpStream, count: &AtomicUsize) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        count.fetch_add(read, Ordering::SeqCst);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
