//! A case: what a client sends, and what must come of it.

use std::fmt;
use std::time::Duration;

use polyport::Transport;

use crate::edges::bytes::{Message, SEQUENCE};
use crate::edges::conversation::{Ending, Step};
use crate::implementations::Implementation;

/// The lines of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome(pub(crate) Vec<String>);

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" / "))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) name: String,
    /// The fixture, and further flags.
    pub(crate) server: &'static str,
    pub(crate) steps: Vec<Step>,
    pub(crate) ending: Ending,
    /// Nothing, where Kitex does one thing or another.
    pub(crate) kitex: Option<Outcome>,
    pub(crate) polyport: Outcome,
}

impl Case {
    /// Bytes that are sent at once, after which the connection is tried with another call.
    pub(crate) fn new(
        id: &'static str,
        name: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        Self::steps(id, name, vec![Step::Send(bytes.into())])
    }

    pub(crate) fn of(id: &'static str, name: impl Into<String>, message: &Message) -> Self {
        Self::new(id, name, message.bytes())
    }

    pub(crate) fn steps(id: &'static str, name: impl Into<String>, steps: Vec<Step>) -> Self {
        Self {
            id,
            name: name.into(),
            server: "multi",
            steps,
            ending: Ending::Probe,
            kitex: Some(Outcome::default()),
            polyport: Outcome::default(),
        }
    }

    /// What must come of it; nothing, where one thing or another may.
    pub(crate) fn expected(&self, server: Implementation) -> Option<&Outcome> {
        match server {
            Implementation::Polyport => Some(&self.polyport),
            _ => self.kitex.as_ref(),
        }
    }

    pub(crate) fn server(self, server: &'static str) -> Self {
        Self { server, ..self }
    }

    /// Nothing more is sent, and the connection is watched for so long.
    pub(crate) fn watch(self, seconds: u64) -> Self {
        let ending = Ending::Watch(Duration::from_secs(seconds));
        Self { ending, ..self }
    }

    /// What comes of it, on either side.
    pub(crate) fn both(self, lines: &[&str]) -> Self {
        self.kitex(lines).polyport(lines)
    }

    pub(crate) fn kitex(self, lines: &[&str]) -> Self {
        let kitex = Some(outcome(lines));
        Self { kitex, ..self }
    }

    /// Nobody can go on behind these bytes. Kitex says nothing; Polyport answers the call in them, as
    /// far as it can be read.
    pub(crate) fn broken(self, transport: Transport, method: &str) -> Self {
        let told = refusal(transport, method, 7, "...");
        self.kitex(&["closed"]).polyport(&[&told, "closed"])
    }

    /// What Kitex does depends on which of its threads is faster.
    pub(crate) fn kitex_varies(self) -> Self {
        Self {
            kitex: None,
            ..self
        }
    }

    pub(crate) fn polyport(self, lines: &[&str]) -> Self {
        let polyport = outcome(lines);
        Self { polyport, ..self }
    }
}

fn outcome(lines: &[&str]) -> Outcome {
    Outcome(lines.iter().map(|&line| line.to_owned()).collect())
}

/// The line of an answer with a response in it.
pub(crate) fn answer(transport: Transport, method: &str, text: &str) -> String {
    reply(transport, method, &format!("{text:?}"))
}

/// The line of an answer with these words for what is in it.
pub(crate) fn reply(transport: Transport, method: &str, words: &str) -> String {
    let header = header(transport, "22=2");
    format!("{transport} reply {method} #{SEQUENCE} {words}{header}")
}

/// The line of an exception that a handler has made.
pub(crate) fn failure(transport: Transport, method: &str, type_id: i32, text: &str) -> String {
    let header = header(transport, "22=3");
    format!("{transport} exception {method} #{SEQUENCE} {type_id} {text:?}{header}")
}

/// The line of an exception after which the server closes the connection, and says so.
pub(crate) fn refusal(transport: Transport, method: &str, type_id: i32, text: &str) -> String {
    let header = header(transport, "22=3 crrst=1");
    format!("{transport} exception {method} #{SEQUENCE} {type_id} {text:?}{header}")
}

fn header(transport: Transport, keys: &str) -> String {
    if transport.has_header() {
        format!(" | #{SEQUENCE} {keys}")
    } else {
        String::new()
    }
}

/// Kitex's words to a Protobuf message for a Thrift service, in an exception of Kitex Protobuf.
pub(crate) const CODEC_DOES_NOT_FIT: &str = "Framed payload 90010003000000056f6e6c79410000000708091\
    23a6465636f6465206661696c65642c20636f646563206d73672074797065206e6f74206d617463682077697468207\
    0726f746f627566436f646563";
