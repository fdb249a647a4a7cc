//! Bytes that no client of either side sends by itself, and replies that no server gives: both sides
//! get the same ones, byte by byte, and what they make of them is compared.
//!
//! The letters are: D what is found out by the first bytes, P how requests are written, E what comes
//! of errors, W and L how services are found. Elsewhere are: what is wrong with the services at start
//! (E5, in `routing`), Kitex Protobuf, HTTP/2 and TTHeader Streaming, which are not served yet (only
//! that they are refused is here), and middlewares, error handlers, limits of connections and rates
//! (E3, E6, E7), which have no bytes of their own: Polyport's are tested in `tests`.
//!
//! Each case says what Kitex does and what Polyport does, which is the same unless it says so. Where
//! Kitex turns out to do something else, a cell fails, as it does for Polyport.

mod server;
mod detection;
mod encodings;
mod headers;
mod errors;
mod broken;
mod client;
mod replies;
mod requests;
mod played;
mod case;
mod conversation;
pub(crate) mod seen;
mod bytes;

use crate::peers::Peer;
use crate::report::Report;

pub(crate) fn run(kitex: &Peer, polyport: &Peer, report: &mut Report) {
    server::run([kitex, polyport], report);
    client::run([kitex, polyport], report);
}
