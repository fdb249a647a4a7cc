//! Messages written byte by byte, so that everything in them can be wrong.

use polyport::Transport;

/// The numbers of a message's type, in the lower half of its first four bytes.
pub(crate) mod kind {
    pub(crate) const CALL: u16 = 1;
    pub(crate) const REPLY: u16 = 2;
    pub(crate) const EXCEPTION: u16 = 3;
    pub(crate) const ONEWAY: u16 = 4;
    pub(crate) const STREAM: u16 = 5;
}

/// Strict Thrift and Kitex Protobuf, in the upper half.
const THRIFT: u16 = 0x8001;
const PROTOBUF: u16 = 0x9001;

/// The sequence number of messages that do not say another.
pub(crate) const SEQUENCE: i32 = 7;

/// A message and whatever stands around it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    transport: Transport,
    version: u16,
    kind: u16,
    method: String,
    sequence: i32,
    body: Vec<u8>,
    flags: u16,
    header_sequence: Option<i32>,
    protocol: u8,
    transforms: Vec<u8>,
    /// Groups of keys, and whatever else is in their place.
    section: Vec<u8>,
    /// Instead of what the section has.
    section_size: Option<u16>,
    /// What is added to the length around everything, and to the one right before the message.
    outer_lie: i32,
    inner_lie: i32,
}

impl Message {
    /// A call with sequence number 7 and an empty struct of arguments.
    pub(crate) fn new(transport: Transport, method: &str) -> Self {
        Self {
            transport,
            version: THRIFT,
            kind: kind::CALL,
            method: method.to_owned(),
            sequence: SEQUENCE,
            body: vec![0],
            flags: 0,
            header_sequence: None,
            protocol: 0,
            transforms: Vec::new(),
            section: Vec::new(),
            section_size: None,
            outer_lie: 0,
            inner_lie: 0,
        }
    }

    /// A TTHeader without a message behind it.
    pub(crate) fn nothing() -> Self {
        Self {
            version: 0,
            ..Self::new(Transport::TtHeader, "")
        }
    }

    /// A call with a request that has this message.
    pub(crate) fn asking(transport: Transport, method: &str, text: &str) -> Self {
        Self::new(transport, method).body(request(text))
    }

    pub(crate) fn kind(self, kind: u16) -> Self {
        Self { kind, ..self }
    }

    /// The struct behind the envelope.
    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { body, ..self }
    }

    pub(crate) fn sequence(self, sequence: i32) -> Self {
        Self { sequence, ..self }
    }

    pub(crate) fn header_sequence(self, sequence: i32) -> Self {
        let header_sequence = Some(sequence);
        Self {
            header_sequence,
            ..self
        }
    }

    pub(crate) fn flags(self, flags: u16) -> Self {
        Self { flags, ..self }
    }

    pub(crate) fn protocol(self, protocol: u8) -> Self {
        Self { protocol, ..self }
    }

    pub(crate) fn transforms(self, transforms: &[u8]) -> Self {
        let transforms = transforms.to_vec();
        Self { transforms, ..self }
    }

    /// Kitex Protobuf in the place of Thrift; the body is the Protobuf message.
    pub(crate) fn protobuf(self) -> Self {
        let version = PROTOBUF;
        Self { version, ..self }
    }

    /// Appends a group of one string key.
    pub(crate) fn string(self, key: &str, value: &str) -> Self {
        self.strings(&[(key, value)])
    }

    /// Appends a group of string keys.
    pub(crate) fn strings(mut self, pairs: &[(&str, &str)]) -> Self {
        self.section.push(0x01);
        self.section.extend(strings(pairs));
        self
    }

    /// Appends a group of one int key.
    pub(crate) fn int(mut self, key: u16, value: &str) -> Self {
        self.section.extend([0x10, 0, 1]);
        self.section.extend(key.to_be_bytes());
        self.section.extend(text(value));
        self
    }

    /// Appends anything.
    pub(crate) fn section(mut self, bytes: &[u8]) -> Self {
        self.section.extend(bytes);
        self
    }

    /// Announces a section of so many times four bytes.
    pub(crate) fn section_size(self, size: u16) -> Self {
        let section_size = Some(size);
        Self {
            section_size,
            ..self
        }
    }

    /// Makes the length around everything so much larger than it is.
    pub(crate) fn outer_lie(self, outer_lie: i32) -> Self {
        Self { outer_lie, ..self }
    }

    /// Makes the length right before the message so much larger than it is.
    pub(crate) fn inner_lie(self, inner_lie: i32) -> Self {
        Self { inner_lie, ..self }
    }

    /// Everything from the first length on.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let payload = self.payload();
        if !self.transport.has_header() {
            return payload;
        }
        let [_, transforms] = two(self.transforms.len());
        let mut section = vec![self.protocol, transforms];
        section.extend(&self.transforms);
        section.extend(&self.section);
        section.resize(section.len().next_multiple_of(4), 0);
        let size = self
            .section_size
            .map_or_else(|| two(section.len() / 4), u16::to_be_bytes);
        let length = 10 + section.len() + payload.len();
        let mut bytes = lying(length, self.outer_lie).to_vec();
        bytes.extend([0x10, 0x00]);
        bytes.extend(self.flags.to_be_bytes());
        bytes.extend(self.header_sequence.unwrap_or(self.sequence).to_be_bytes());
        bytes.extend(size);
        bytes.extend(section);
        bytes.extend(payload);
        bytes
    }

    /// What stands behind a TTHeader, or everything.
    pub(crate) fn payload(&self) -> Vec<u8> {
        let message = self.message();
        if !self.transport.is_framed() {
            return message;
        }
        [&lying(message.len(), self.inner_lie)[..], &message].concat()
    }

    fn message(&self) -> Vec<u8> {
        if self.version == 0 {
            return Vec::new();
        }
        let mut message = self.version.to_be_bytes().to_vec();
        message.extend(self.kind.to_be_bytes());
        message.extend(four(self.method.len()));
        message.extend(self.method.as_bytes());
        message.extend(self.sequence.to_be_bytes());
        message.extend(&self.body);
        message
    }
}

fn lying(length: usize, lie: i32) -> [u8; 4] {
    let length = u32::from_be_bytes(four(length));
    length.wrapping_add_signed(lie).to_be_bytes()
}

fn two(length: usize) -> [u8; 2] {
    u16::try_from(length)
        .expect("cases are short")
        .to_be_bytes()
}

fn four(length: usize) -> [u8; 4] {
    u32::try_from(length)
        .expect("cases are short")
        .to_be_bytes()
}

/// The arguments `{1: Request{1: text}}`.
pub(crate) fn request(text: &str) -> Vec<u8> {
    message_in_field(1, text)
}

/// The result `{0: Response{1: text}}`.
pub(crate) fn response(text: &str) -> Vec<u8> {
    message_in_field(0, text)
}

fn message_in_field(id: u8, text: &str) -> Vec<u8> {
    [&[12, 0, id][..], &string_field(1, text), &[0, 0]].concat()
}

/// A field of text, without anything around it.
pub(crate) fn string_field(id: u8, text: &str) -> Vec<u8> {
    let mut field = vec![11, 0, id];
    field.extend(four(text.len()));
    field.extend(text.as_bytes());
    field
}

/// The struct of an exception.
pub(crate) fn exception(type_id: i32, text: &str) -> Vec<u8> {
    let mut body = string_field(1, text);
    body.extend([8, 0, 2]);
    body.extend(type_id.to_be_bytes());
    body.push(0);
    body
}

/// A MeshHeader; a Buffered or Framed message follows.
pub(crate) fn mesh_header(pairs: &[(&str, &str)]) -> Vec<u8> {
    let keys = strings(pairs);
    let mut header = vec![0xff, 0xaf];
    header.extend(two(keys.len()));
    header.extend(keys);
    header
}

fn strings(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = two(pairs.len()).to_vec();
    for (key, value) in pairs {
        bytes.extend(text(key));
        bytes.extend(text(value));
    }
    bytes
}

fn text(text: &str) -> Vec<u8> {
    [&two(text.len())[..], text.as_bytes()].concat()
}
