//! Frames: what stands around a message, found out by the bytes.

use polyport_wire::detect::{Detection, Foreign, detect};
use polyport_wire::frame::{Sniff, Start, sniff};
use polyport_wire::transport::Codec;
use polyport_wire::ttheader::keys;
use serde::Serialize;
use serde::ser::Serializer;

use crate::decode::cursor::{Cursor, Problem};
use crate::decode::header::{Fixed, Header, Text};
use crate::decode::http2::{self, Http2, Http2Frame, PREFACE};
use crate::decode::idl::Idl;
use crate::decode::message::{Message, Writing};
use crate::decode::value::{Field, ValueReader};

/// Everything that could be read of one frame.
#[derive(Debug, Default, Serialize)]
pub(super) struct Frame<'a> {
    pub(super) offset: usize,
    /// How many bytes of it are there.
    pub(super) size: usize,
    /// How messages are cut here, or what else the bytes look like.
    #[serde(serialize_with = "as_typed")]
    pub(super) transport: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) codec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) header: Option<Header<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) http2: Option<Http2Frame<'a>>,
    /// The struct that a stream carries without an envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<Vec<Field<'a>>>,
    /// What stands behind the message, and belongs to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) behind: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) problems: Vec<Problem>,
    /// Whether another frame can be found behind it.
    #[serde(skip)]
    pub(super) ends: bool,
}

/// The frames of some bytes, one behind the other.
pub(super) struct Frames<'a> {
    input: &'a [u8],
    idl: &'a Idl,
    at: usize,
    /// Whether the last frame had no end, so that nothing says where another one starts.
    is_lost: bool,
    http2: Http2,
}

impl<'a> Frames<'a> {
    pub(super) fn new(input: &'a [u8], idl: &'a Idl) -> Self {
        Self {
            input,
            idl,
            at: 0,
            is_lost: false,
            http2: Http2::default(),
        }
    }

    /// How many bytes are left, and where: those behind a frame that has no end.
    pub(super) fn rest(&self) -> Option<(usize, usize)> {
        let left = self.input.len() - self.at;
        (left > 0).then_some((self.at, left))
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let (at, _) = self.rest().filter(|_| !self.is_lost)?;
        let frame = read(self.input, at, self.idl, &mut self.http2);
        self.at += frame.size;
        self.is_lost = !frame.ends;
        Some(frame)
    }
}

/// Reads the frame at `at`, of which at least one byte must be there.
fn read<'a>(input: &'a [u8], at: usize, idl: &'a Idl, http2: &mut Http2) -> Frame<'a> {
    let mut frame = Frame {
        offset: at,
        size: input.len() - at,
        ..Frame::default()
    };
    let bytes = &input[at..];
    let is_preface = detect(bytes) == Detection::Http2;
    if !is_preface && (http2.has_begun() || http2::is_server(bytes)) {
        frame.read_http2(input, idl, http2);
        return frame;
    }
    match (detect(bytes), sniff(bytes)) {
        (Detection::Http2, _) => frame.read_preface(input, http2),
        (Detection::Foreign(kind), _) => frame.foreign(name(kind), bytes),
        (_, Sniff::Start(Start::TtHeader)) => frame.read_ttheader(input, idl),
        (_, Sniff::Start(Start::Mesh)) => frame.read_mesh(input, idl),
        (_, Sniff::Start(start)) => frame.read_plain(input, at, start, idl),
        (_, Sniff::NeedMore(wanted)) => {
            "unknown".clone_into(&mut frame.transport);
            let expected = format!("{wanted} bytes or more to know what it is");
            let seen = format!("the input ends after {}", bytes.len());
            frame.problems.push(Problem::new(at, expected, seen));
        }
        (_, Sniff::Unknown) => frame.foreign(name(Foreign::Unknown), bytes),
    }
    frame
}

fn name(foreign: Foreign) -> &'static str {
    match foreign {
        Foreign::Http1 => "HTTP/1",
        Foreign::Tls => "TLS",
        Foreign::THeader => "fbthrift THeader",
        Foreign::ThriftCompact => "Thrift compact",
        _ => "unknown",
    }
}

impl<'a> Frame<'a> {
    fn foreign(&mut self, name: &str, bytes: &[u8]) {
        name.clone_into(&mut self.transport);
        let expected = "Buffered, Framed, TTHeader, MeshHeader or HTTP/2";
        let seen = match name {
            "unknown" => saw(bytes),
            _ => format!("{}, as {name} starts", saw(bytes)),
        };
        self.problems
            .push(Problem::new(self.offset, expected, seen));
    }

    /// A cursor at the place of `outer` that ends where the frame of this length does, or before
    /// that where `outer` does.
    fn bound(&mut self, outer: &Cursor<'a>, length: u32) -> Cursor<'a> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let left = outer.rest().len();
        self.ends = length <= left;
        if self.ends {
            self.size = outer.at() + length - self.offset;
        } else {
            let expected = format!("{length} bytes, as the frame's length says");
            let seen = format!("{} ends after {left}", outer.part());
            self.problems.push(Problem::new(outer.at(), expected, seen));
        }
        outer.limit(length, "the frame")
    }

    fn read_preface(&mut self, input: &[u8], http2: &mut Http2) {
        "HTTP/2 preface".clone_into(&mut self.transport);
        let mut cursor = Cursor::new(input, self.offset, "the input");
        let preface = cursor.take(PREFACE.len(), "HTTP/2's preface");
        if preface.is_some_and(|preface| preface != PREFACE) {
            let seen = "saw other letters behind the first";
            cursor.fail(self.offset, "HTTP/2's preface", seen);
        }
        self.ends = cursor.is_well();
        if self.ends {
            self.size = PREFACE.len();
            http2.begin();
        }
        self.problems.extend(cursor.into_problem());
    }

    fn read_http2(&mut self, input: &'a [u8], idl: &'a Idl, http2: &mut Http2) {
        "HTTP/2".clone_into(&mut self.transport);
        let mut cursor = Cursor::new(input, self.offset, "the input");
        if let Some(head) = http2::head(&mut cursor) {
            let mut payload = self.bound(&cursor, head.length);
            self.http2 = Some(http2.read(head, &mut payload, idl));
            // What is not there has been said.
            let problem = payload.into_problem().filter(|_| self.ends);
            self.problems.extend(problem);
        }
        self.problems.extend(cursor.into_problem());
    }

    fn read_ttheader(&mut self, input: &'a [u8], idl: &'a Idl) {
        "TTHeader".clone_into(&mut self.transport);
        let mut start = Cursor::new(input, self.offset, "the input");
        let Some(length) = start.u32("a frame's length") else {
            return;
        };
        let mut cursor = self.bound(&start, length);
        let Some((header, payload)) = self.read_header(&mut cursor) else {
            self.problems.extend(cursor.into_problem());
            return;
        };
        let is_streaming = header.is_streaming();
        let is_data = header.int(keys::FRAME_TYPE) == Some(b"3");
        self.header = Some(header);
        let rest = payload.rest();
        if is_streaming {
            self.transport.push_str(" Streaming");
        }
        match sniff(rest) {
            _ if is_streaming && rest.is_empty() => {}
            _ if is_streaming && is_data => self.read_data(payload),
            Sniff::Start(start @ (Start::Framed(_) | Start::FramedUnversioned)) => {
                self.transport.push_str("|Framed");
                self.read_framed(payload, start, idl);
            }
            Sniff::Start(Start::Bare) => self.read_message(payload, Writing::Thrift, idl),
            Sniff::Start(Start::BareUnversioned) => {
                self.read_message(payload, Writing::ThriftUnversioned, idl);
            }
            _ => self.no_message(&payload),
        }
    }

    /// The header, and a cursor at what stands behind it; `None` when the header has no end.
    fn read_header(&mut self, cursor: &mut Cursor<'a>) -> Option<(Header<'a>, Cursor<'a>)> {
        cursor.u16("a TTHeader's magic")?;
        let fixed = Fixed {
            flags: cursor.u16("a TTHeader's flags")?,
            sequence: cursor.i32("a TTHeader's sequence number")?,
            protocol: 0,
        };
        let mut header = Header {
            offset: self.offset,
            fixed: Some(fixed),
            ..Header::default()
        };
        let at = cursor.at();
        let words = usize::from(cursor.u16("the size of a header section")?);
        if words == 0 {
            cursor.fail(
                at,
                "a header section of at least 4 bytes",
                "saw a size of 0",
            );
        }
        let mut section = cursor.limit(4 * words, "the header section");
        if cursor.is_well() {
            header.read_section(&mut section);
        }
        match section.into_problem() {
            // A section that the frame has no room for says so itself.
            Some(problem) => self.problems.push(problem),
            None => cursor.expect(4 * words, "a header section"),
        }
        if !cursor.is_well() || cursor.rest().len() < 4 * words {
            self.header = Some(header);
            return None;
        }
        cursor.take(4 * words, "a header section")?;
        Some((header, cursor.limit(cursor.rest().len(), cursor.part())))
    }

    fn read_mesh(&mut self, input: &'a [u8], idl: &'a Idl) {
        "MeshHeader".clone_into(&mut self.transport);
        let mut cursor = Cursor::new(input, self.offset, "the input");
        let mut header = Header {
            offset: self.offset,
            ..Header::default()
        };
        cursor.u16("a MeshHeader's magic");
        let size = cursor.u16("a MeshHeader's size").unwrap_or_default();
        let mut section = cursor.limit(size.into(), "the MeshHeader");
        header.read_strings(&mut section);
        self.problems.extend(section.into_problem());
        self.header = Some(header);
        if cursor.take(size.into(), "a MeshHeader").is_none() || !self.problems.is_empty() {
            self.problems.extend(cursor.into_problem());
            return;
        }
        match sniff(cursor.rest()) {
            Sniff::Start(start @ (Start::Framed(_) | Start::FramedUnversioned)) => {
                self.transport.push_str("|Framed");
                self.read_plain(input, cursor.at(), start, idl);
            }
            Sniff::Start(start @ (Start::Bare | Start::BareUnversioned)) => {
                self.read_plain(input, cursor.at(), start, idl);
            }
            _ => self.no_message(&cursor),
        }
    }

    /// A message without a TTHeader.
    fn read_plain(&mut self, input: &'a [u8], at: usize, start: Start, idl: &'a Idl) {
        let cursor = Cursor::new(input, at, "the input");
        match start {
            Start::Bare => self.read_bare(cursor, Writing::Thrift, idl),
            Start::BareUnversioned => self.read_bare(cursor, Writing::ThriftUnversioned, idl),
            _ => {
                if self.transport.is_empty() {
                    "Framed".clone_into(&mut self.transport);
                }
                self.read_framed(cursor, start, idl);
            }
        }
    }

    /// A message whose end nothing tells but itself.
    fn read_bare(&mut self, mut cursor: Cursor<'a>, writing: Writing, idl: &'a Idl) {
        if self.transport.is_empty() {
            "Buffered".clone_into(&mut self.transport);
        }
        self.codec = Some("Thrift");
        self.message = Message::read(&mut cursor, writing, self.service(), idl);
        self.ends = cursor.is_well();
        self.size = cursor.at() - self.offset;
        self.problems.extend(cursor.into_problem());
    }

    fn read_framed(&mut self, mut cursor: Cursor<'a>, start: Start, idl: &'a Idl) {
        let writing = match start {
            Start::Framed(Codec::Protobuf) => Writing::Protobuf,
            Start::FramedUnversioned => Writing::ThriftUnversioned,
            _ => Writing::Thrift,
        };
        let Some(length) = cursor.u32("a frame's length") else {
            return;
        };
        let outer = (self.ends, self.size);
        let inner = self.bound(&cursor, length);
        if self.transport.starts_with("TTHeader") {
            // The header's length says where the next frame starts.
            (self.ends, self.size) = outer;
        }
        self.read_message(inner, writing, idl);
    }

    fn read_message(&mut self, mut cursor: Cursor<'a>, writing: Writing, idl: &'a Idl) {
        self.codec = Some(match writing {
            Writing::Protobuf => "Protobuf",
            Writing::Thrift | Writing::ThriftUnversioned => "Thrift",
        });
        self.message = Message::read(&mut cursor, writing, self.service(), idl);
        self.finish(cursor);
    }

    fn read_data(&mut self, mut cursor: Cursor<'a>) {
        self.codec = Some("Thrift");
        self.data = Some(ValueReader::new(&mut cursor).fields(None));
        self.finish(cursor);
    }

    /// Notes what is wrong, or what is left over.
    fn finish(&mut self, cursor: Cursor<'a>) {
        let rest = cursor.rest();
        if cursor.is_well() && !rest.is_empty() {
            self.behind = Some(Text(rest));
        }
        self.problems.extend(cursor.into_problem());
    }

    fn no_message(&mut self, cursor: &Cursor<'a>) {
        let expected = "a message, which starts with 80 01, or its length";
        let seen = saw(cursor.rest());
        self.problems
            .push(Problem::new(cursor.at(), expected, seen));
    }

    /// The service that the header names.
    fn service(&self) -> Option<&'a [u8]> {
        self.header.as_ref()?.string(keys::SERVICE_NAME)
    }
}

/// In the letters in which `--transport` takes those that can be chosen.
fn as_typed<S: Serializer>(transport: &str, out: S) -> Result<S::Ok, S::Error> {
    let typed = transport.to_lowercase().replace('/', "");
    out.serialize_str(&typed.replace(['|', ' '], "-"))
}

/// The first bytes, as a dump shows them.
fn saw(bytes: &[u8]) -> String {
    let start = bytes.iter().take(8).map(|byte| format!(" {byte:02x}"));
    match bytes {
        [] => "nothing is there".to_owned(),
        _ => format!("saw{}", start.collect::<String>()),
    }
}
