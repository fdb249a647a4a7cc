//! Ports for programs that want to be told theirs, and for those whose callers must not reach another.

use std::io;
use std::net::TcpStream;
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::time::Instant;

use crate::time_limit::LIMIT;

/// A port on which nobody listens but who is told of it: as long as this value is there, the system gives
/// the port to no other program, be it to listen or to connect from.
///
/// Programs that set `SO_REUSEADDR`, as those in the matrix do, can listen there nevertheless: nobody does
/// on this socket.
#[derive(Debug)]
pub(crate) struct Reserved {
    pub(crate) address: String,
    _socket: TcpSocket,
}

impl Reserved {
    pub(crate) fn new() -> Self {
        Self::try_new().unwrap_or_else(|error| panic!("there is no free port: {error}"))
    }

    fn try_new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        Ok(Self {
            address: socket.local_addr()?.to_string(),
            _socket: socket,
        })
    }

    pub(crate) fn port(&self) -> &str {
        self.address.rsplit_once(':').unwrap_or_default().1
    }
}

/// Waits until a program listens; an error says why it does not.
pub(crate) fn listens(child: &mut Child, at: &Reserved) -> Result<(), String> {
    let until = Instant::now() + LIMIT;
    while TcpStream::connect(&at.address).is_err() {
        match child.try_wait() {
            Ok(None) if Instant::now() < until => {}
            Ok(None) => {
                let limit = LIMIT.as_secs();
                return Err(format!("nobody listens at {} within {limit} s", at.address));
            }
            Ok(Some(status)) => return Err(format!("it ended with {status}")),
            Err(error) => return Err(error.to_string()),
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a program that does not say when it listens can only be asked again"
        )]
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn who_is_told_of_a_reserved_port_can_listen_there_and_nobody_else_does() {
        let reserved = Reserved::new();
        assert!(TcpStream::connect(&reserved.address).is_err());
        let listener = TcpListener::bind(&reserved.address).unwrap();
        assert!(TcpStream::connect(&reserved.address).is_ok());
        drop(listener);
        assert!(TcpStream::connect(&reserved.address).is_err());
    }
}
