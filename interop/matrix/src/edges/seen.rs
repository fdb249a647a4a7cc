//! What came back, in words: one line for each message, and what became of the connection.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use polyport_wire::frame::{Frame, FrameDecoder};
use polyport_wire::limits::Limits;
use polyport_wire::thrift::{Dynamic, Envelope, Reader, WireType};
use polyport_wire::transport::Codec;
use polyport_wire::ttheader::Header;

/// Takes the bytes of a connection apart.
#[derive(Debug)]
pub(crate) struct Messages {
    input: BytesMut,
    decoder: FrameDecoder,
    /// Whether something came that is no message: nobody knows where the next one starts.
    broken: bool,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            input: BytesMut::new(),
            decoder: FrameDecoder::new(Limits::default()),
            broken: false,
        }
    }
}

impl Messages {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The next complete message.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.frame().map(|frame| describe(&frame))
    }

    /// The next complete message as it is.
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        if self.broken {
            return None;
        }
        // The decoder takes away what it cannot read.
        let before = self.input.clone();
        self.decoder.decode(&mut self.input).unwrap_or_else(|_| {
            self.input = before;
            self.broken = true;
            None
        })
    }

    /// Whether something is left that is no message.
    pub(crate) fn has_rest(&self) -> bool {
        !self.input.is_empty()
    }

    /// What is left without being a message: text where it is some.
    pub(crate) fn rest(&mut self) -> Option<String> {
        let rest = self.input.split();
        match std::str::from_utf8(&rest) {
            Ok("") => None,
            Ok(text) if text.starts_with(char::is_alphabetic) => {
                Some(format!("text {}", text.lines().next().unwrap_or_default()))
            }
            _ => Some(format!("bytes {}", hex(&rest))),
        }
    }
}

/// `TTHeader reply onlyA #7 "text" | #7 22=2`: the framing, the type, the method, the number and
/// the body; behind the line what the header says, with its keys in order.
pub(crate) fn describe(frame: &Frame) -> String {
    let message = match frame.codec {
        Codec::ThriftBinary => thrift(&frame.payload),
        _ => None,
    };
    let message = message.unwrap_or_else(|| format!("payload {}", hex(&frame.payload)));
    let header = frame.header.as_ref().map(header).unwrap_or_default();
    format!("{} {message}{header}", frame.transport)
}

/// The number of a strict message.
pub(crate) fn sequence(frame: &Frame) -> i32 {
    Envelope::decode(&frame.payload).map_or(0, |(envelope, _)| envelope.sequence)
}

/// A strict message, also one that nobody should send.
fn thrift(payload: &Bytes) -> Option<String> {
    let (version, rest) = payload.split_first_chunk::<2>()?;
    let (kind, rest) = rest.split_first_chunk::<2>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (method, rest) = rest.split_at_checked(length)?;
    let (sequence, body) = rest.split_first_chunk::<4>()?;
    if version != &[0x80, 0x01] {
        return None;
    }
    let kind = match u16::from_be_bytes(*kind) {
        1 => "call".to_owned(),
        2 => "reply".to_owned(),
        3 => "exception".to_owned(),
        4 => "oneway".to_owned(),
        other => format!("type {other}"),
    };
    let method = String::from_utf8_lossy(method);
    let sequence = i32::from_be_bytes(*sequence);
    let body = words(&payload.slice_ref(body)).unwrap_or_else(|| format!("body {}", hex(body)));
    Some(format!("{kind} {method} #{sequence} {body}"))
}

/// The struct behind the envelope: text in the place of a response or request, type and text of an
/// exception, or `{}`.
fn words(body: &Bytes) -> Option<String> {
    let mut input = Reader::new(body, &Limits::default());
    let Dynamic::Struct(fields) = Dynamic::decode(WireType::STRUCT, &mut input).ok()? else {
        return None;
    };
    Some(match &fields[..] {
        [] => "{}".to_owned(),
        [(0 | 1, Dynamic::Struct(message))] => match &message[..] {
            [(1, Dynamic::String(text))] => format!("{:?}", String::from_utf8_lossy(text)),
            other => format!("{other:?}"),
        },
        // The words of decoders are everybody's own.
        [(1, Dynamic::String(text)), (2, Dynamic::I32(7))] if !text.is_empty() => {
            "7 \"...\"".to_owned()
        }
        [(1, Dynamic::String(text)), (2, Dynamic::I32(type_id))] => {
            format!("{type_id} {:?}", String::from_utf8_lossy(text))
        }
        other => format!("{other:?}"),
    })
}

/// Go writes the keys of a map in any order.
fn header(header: &Header) -> String {
    let mut words = format!(" | #{}", header.sequence);
    if header.flags != 0 {
        words += &format!(" flags={:#06x}", header.flags);
    }
    if header.protocol != 0 {
        words += &format!(" protocol={:#04x}", header.protocol);
    }
    let ints: BTreeMap<_, _> = header.ints().collect();
    for (key, value) in ints {
        words += &format!(" {key}={}", String::from_utf8_lossy(value));
    }
    let strings: BTreeMap<_, _> = header.strings().collect();
    for (key, value) in strings {
        let [key, value] = [key, value].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        words += &format!(" {key}={value}");
    }
    words
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
