//! HTTP/2 frames, and the messages of gRPC in them.
//!
//! ```text
//! u24 length, u8 type, u8 flags, u32 stream, payload        (RFC 9113, 4.1)
//! ```
//!
//! What one side sends can only be read from its start, because headers refer to those before them.
//! What the other side sends may stand behind it, from its start, too.

mod grpc;
mod headers;

use std::collections::HashMap;

use polyport_wire::thrift::MessageType;
use serde::Serialize;

use crate::decode::cursor::Cursor;
use crate::decode::http2::grpc::Messages;
use crate::decode::http2::headers::Headers;
use crate::decode::idl::Idl;
use crate::decode::value::hex;

pub(super) use crate::decode::http2::grpc::GrpcMessage;

/// What a client begins with.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// A frame's parts, as far as they could be read.
#[derive(Debug, Serialize)]
pub(super) struct Http2Frame<'a> {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) stream: u32,
    pub(super) flags: Vec<&'static str>,
    /// Headers, settings, and what else a frame says, with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) fields: Vec<Entry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<GrpcMessage<'a>>,
    /// What is to be known about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
}

/// A name and a value.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) offset: usize,
    pub(super) name: String,
    pub(super) value: String,
}

/// What is known of a connection from the frames before.
#[derive(Default)]
pub(super) struct Http2 {
    /// What this side has sent: nothing before its first frame.
    side: Option<Side>,
    /// The methods that streams call, whichever side says something.
    paths: HashMap<u32, String>,
}

/// What one side has sent.
struct Side {
    headers: Headers,
    has_settings: bool,
    streams: HashMap<u32, Messages>,
}

/// A frame's head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) length: u32,
    kind: u8,
    flags: u8,
    stream: u32,
}

impl Http2 {
    /// Whether frames of HTTP/2 are what comes next.
    pub(super) fn has_begun(&self) -> bool {
        self.side.is_some()
    }

    /// A side begins.
    pub(super) fn begin(&mut self) {
        self.side = Some(Side {
            headers: Headers::new(),
            has_settings: false,
            streams: HashMap::new(),
        });
    }

    /// Reads the rest of a frame.
    pub(super) fn read<'a>(
        &mut self,
        head: Head,
        payload: &mut Cursor<'a>,
        idl: &'a Idl,
    ) -> Http2Frame<'a> {
        let is_first = head.kind == SETTINGS && head.flags & ACK == 0;
        let begins = is_first && self.side.as_ref().is_none_or(|side| side.has_settings);
        if begins {
            self.begin();
        }
        if let Some(side) = &mut self.side {
            side.has_settings |= is_first;
        }
        let mut frame = Http2Frame {
            kind: name(head.kind),
            stream: head.stream,
            flags: flags(head),
            fields: Vec::new(),
            messages: Vec::new(),
            note: None,
        };
        if begins && !self.paths.is_empty() {
            frame.note = Some("what the other side sends begins here".to_owned());
        }
        match head.kind {
            DATA => self.data(head, payload, idl, &mut frame),
            HEADERS | PUSH_PROMISE | CONTINUATION => self.headers(head, payload, &mut frame),
            kind => frame.facts(kind, payload),
        }
        frame
    }

    fn headers<'a>(&mut self, head: Head, payload: &mut Cursor<'a>, frame: &mut Http2Frame<'a>) {
        let Some(side) = &mut self.side else {
            return;
        };
        if head.kind != CONTINUATION && unpad(head, payload).is_none() {
            return;
        }
        if head.kind == HEADERS && head.flags & PRIORITY != 0 {
            payload.take(5, "a priority");
        }
        if head.kind == PUSH_PROMISE {
            payload.take(4, "the promised stream");
        }
        if !payload.is_well() {
            return;
        }
        let is_end = head.flags & END_HEADERS != 0;
        let Some(entries) = side.headers.read(payload, is_end) else {
            return;
        };
        for Entry { name, value, .. } in &entries {
            let messages = side.streams.entry(head.stream).or_default();
            match &name[..] {
                ":path" => {
                    self.paths.insert(head.stream, value.clone());
                    messages.kind = Some(MessageType::Call);
                }
                ":status" => messages.kind = Some(MessageType::Reply),
                "content-type" => messages.set_content_type(value),
                _ => {}
            }
        }
        frame.fields = entries;
    }

    fn data<'a>(
        &mut self,
        head: Head,
        payload: &mut Cursor<'a>,
        idl: &'a Idl,
        frame: &mut Http2Frame<'a>,
    ) {
        if unpad(head, payload).is_none() {
            return;
        }
        let Some(side) = &mut self.side else {
            return;
        };
        let messages = side.streams.entry(head.stream).or_default();
        let path = self.paths.get(&head.stream);
        let (found, note) = messages.read(payload, (head.stream, path.map(String::as_str)), idl);
        frame.messages = found;
        frame.note = note;
    }
}

/// Whether bytes begin as a server's do: by settings, on no stream.
pub(super) fn is_server(bytes: &[u8]) -> bool {
    matches!(*bytes, [0, 0, length, SETTINGS, 0, 0, 0, 0, 0, ..] if length % 6 == 0)
}

/// A frame's head; `None` when it is not all there.
pub(super) fn head(cursor: &mut Cursor<'_>) -> Option<Head> {
    let [high, middle, low] = cursor.array("a frame's length")?;
    Some(Head {
        length: u32::from_be_bytes([0, high, middle, low]),
        kind: cursor.u8("a frame's type")?,
        flags: cursor.u8("a frame's flags")?,
        // The highest bit means nothing.
        stream: cursor.u32("a frame's stream")? & 0x7fff_ffff,
    })
}

/// Takes the padding off both ends.
fn unpad(head: Head, payload: &mut Cursor<'_>) -> Option<()> {
    if head.flags & PADDED == 0 {
        return Some(());
    }
    let at = payload.at();
    let padding = usize::from(payload.u8("the padding's length")?);
    let left = payload.rest().len();
    match left.checked_sub(padding) {
        Some(left) => *payload = payload.limit(left, "the frame without its padding"),
        None => {
            let expected = format!("padding of at most {left} bytes");
            payload.fail(at, expected, format!("saw {padding}"));
            return None;
        }
    }
    Some(())
}

fn name(kind: u8) -> String {
    let name = match kind {
        DATA => "DATA",
        HEADERS => "HEADERS",
        2 => "PRIORITY",
        RST_STREAM => "RST_STREAM",
        SETTINGS => "SETTINGS",
        PUSH_PROMISE => "PUSH_PROMISE",
        PING => "PING",
        GOAWAY => "GOAWAY",
        WINDOW_UPDATE => "WINDOW_UPDATE",
        CONTINUATION => "CONTINUATION",
        other => return format!("type {other}"),
    };
    name.to_owned()
}

fn flags(head: Head) -> Vec<&'static str> {
    let known: &[(u8, &str)] = match head.kind {
        DATA => &[(END_STREAM, "END_STREAM"), (PADDED, "PADDED")],
        HEADERS => &[
            (END_STREAM, "END_STREAM"),
            (END_HEADERS, "END_HEADERS"),
            (PADDED, "PADDED"),
            (PRIORITY, "PRIORITY"),
        ],
        PUSH_PROMISE => &[(END_HEADERS, "END_HEADERS"), (PADDED, "PADDED")],
        CONTINUATION => &[(END_HEADERS, "END_HEADERS")],
        SETTINGS | PING => &[(ACK, "ACK")],
        _ => &[],
    };
    let set = known.iter().filter(|(bit, _)| head.flags & bit != 0);
    set.map(|(_, name)| *name).collect()
}

impl<'a> Http2Frame<'a> {
    /// What frames say that carry neither headers nor data.
    fn facts(&mut self, kind: u8, payload: &mut Cursor<'a>) {
        let at = payload.at();
        // What is too short says so itself.
        let _ = match kind {
            SETTINGS => self.settings(payload),
            RST_STREAM => payload
                .u32("an error's code")
                .map(|code| self.add(at, "error", error(code))),
            WINDOW_UPDATE => payload
                .u32("how much a window grows")
                .map(|size| self.add(at, "increment", (size & 0x7fff_ffff).to_string())),
            GOAWAY => self.goaway(payload),
            _ => {
                let bytes = payload.take(payload.rest().len(), "a payload");
                let bytes = bytes.filter(|bytes| !bytes.is_empty());
                bytes.map(|bytes| self.add(at, "payload", format!("0x{}", hex(bytes))))
            }
        };
    }

    fn settings(&mut self, payload: &mut Cursor<'a>) -> Option<()> {
        while !payload.rest().is_empty() {
            let at = payload.at();
            let name = match payload.u16("a setting's number")? {
                1 => "HEADER_TABLE_SIZE".to_owned(),
                2 => "ENABLE_PUSH".to_owned(),
                3 => "MAX_CONCURRENT_STREAMS".to_owned(),
                4 => "INITIAL_WINDOW_SIZE".to_owned(),
                5 => "MAX_FRAME_SIZE".to_owned(),
                6 => "MAX_HEADER_LIST_SIZE".to_owned(),
                8 => "ENABLE_CONNECT_PROTOCOL".to_owned(),
                other => format!("setting {other}"),
            };
            let value = payload.u32("a setting's value")?;
            self.add(at, &name, value.to_string());
        }
        Some(())
    }

    fn goaway(&mut self, payload: &mut Cursor<'a>) -> Option<()> {
        let at = payload.at();
        let last = payload.u32("the last stream")? & 0x7fff_ffff;
        self.add(at, "last stream", last.to_string());
        let code = payload.u32("an error's code")?;
        self.add(at + 4, "error", error(code));
        let rest = payload.rest();
        if !rest.is_empty() {
            let text = String::from_utf8_lossy(rest);
            self.add(at + 8, "text", format!("\"{}\"", text.escape_debug()));
            payload.take(rest.len(), "a text");
        }
        Some(())
    }

    fn add(&mut self, offset: usize, name: &str, value: String) {
        let name = name.to_owned();
        self.fields.push(Entry {
            offset,
            name,
            value,
        });
    }
}

/// An error's number and name (RFC 9113, 7).
fn error(code: u32) -> String {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    let name = usize::try_from(code).ok().and_then(|code| NAMES.get(code));
    match name {
        Some(name) => format!("{code} ({name})"),
        None => code.to_string(),
    }
}
