//! Finds the end of a message that has no length in front of it.

use crate::error::{DecodeError, DecodeErrorKind};
use crate::limits::Limits;
use crate::thrift::value::WireType;

/// Walks through a strict message while it arrives, and knows where it stopped.
///
/// Strings and elements of one size are stepped over at once, also when they have not arrived
/// yet, and no byte is looked at twice: a message that comes in many pieces costs as much as one
/// that comes whole. What is nested lies on a stack of our own, no deeper than
/// [`Limits::depth`]; it accepts what [`Reader::skip`](crate::thrift::Reader::skip) accepts.
///
/// # Examples
///
/// ```
/// use polyport_wire::limits::Limits;
/// use polyport_wire::thrift::EndScanner;
///
/// let two_messages = b"\x80\x01\x00\x01\0\0\0\x04ping\0\0\0\x01\0\x80\x01";
/// let mut scanner = EndScanner::new(&Limits::default());
/// assert_eq!(scanner.scan(&two_messages[..10])?, None);
/// assert_eq!(scanner.wanted(), 17);
/// assert_eq!(scanner.scan(two_messages)?, Some(17));
/// # Ok::<(), polyport_wire::error::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct EndScanner {
    limit: usize,
    depth: usize,
    /// How far the message is understood; may lie beyond what has arrived.
    position: usize,
    /// How much of the message must be there before the next step.
    wanted: usize,
    /// What is to be read at `position`.
    next: Next,
    /// The structs and containers around `position`, the innermost last.
    stack: Vec<Level>,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    Envelope,
    /// Whatever the innermost level says.
    Inside,
    Value(WireType),
}

#[derive(Clone, Copy, Debug)]
enum Level {
    Struct,
    /// Values that are still to come, of these two types in turn; the same for a list.
    Elements {
        left: u64,
        types: [WireType; 2],
    },
}

/// Not enough bytes, or an error.
enum Stop {
    NotYet,
    Error(DecodeError),
}

impl EndScanner {
    /// A scanner at the start of a message that may have [`Limits::frame`] bytes.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            limit: limits.frame,
            depth: usize::try_from(limits.depth).unwrap_or(usize::MAX),
            position: 0,
            wanted: 0,
            next: Next::Envelope,
            stack: Vec::new(),
        }
    }

    /// Goes on as far as `message` allows, which is the message from its start every time. Gives
    /// the message's length when its end has arrived.
    ///
    /// # Errors
    ///
    /// When the message is longer or deeper than the limits, or not Thrift.
    pub fn scan(&mut self, message: &[u8]) -> Result<Option<usize>, DecodeError> {
        loop {
            if let (Next::Inside, []) = (self.next, &self.stack[..]) {
                return Ok(Some(self.position));
            }
            match self.step(message) {
                Ok(()) => {}
                Err(Stop::NotYet) => return Ok(None),
                Err(Stop::Error(error)) => return Err(error),
            }
        }
    }

    /// How many bytes of the message must have arrived, at least, before another scan can get
    /// further.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.wanted
    }

    /// Makes ready for the next message.
    pub fn reset(&mut self) {
        self.position = 0;
        self.wanted = 0;
        self.next = Next::Envelope;
        self.stack.clear();
    }

    fn step(&mut self, message: &[u8]) -> Result<(), Stop> {
        match self.next {
            Next::Envelope => {
                let [_, _, _, _, len @ ..] = self.peek::<8>(message)?;
                let len = length("method name length", len)?;
                // The version, the name and its length, the sequence number.
                self.advance(12 + len)?;
                self.enter(Level::Struct)
            }
            Next::Value(kind) => self.value(kind, message),
            Next::Inside => match self.stack.last_mut() {
                Some(Level::Struct) => self.field(message),
                Some(Level::Elements { left: 0, .. }) | None => {
                    self.stack.pop();
                    Ok(())
                }
                Some(Level::Elements { left, types }) => {
                    self.next = Next::Value(types[usize::from(*left % 2 == 1)]);
                    *left -= 1;
                    Ok(())
                }
            },
        }
    }

    /// A field's head, or the end of the struct, which is the shorter one.
    fn field(&mut self, message: &[u8]) -> Result<(), Stop> {
        if self.peek(message)? == [0] {
            self.stack.pop();
            return self.advance(1);
        }
        let [kind, _, _] = self.peek(message)?;
        self.next = Next::Value(WireType(kind));
        self.advance(3)
    }

    fn value(&mut self, kind: WireType, message: &[u8]) -> Result<(), Stop> {
        if let Some(size) = kind.fixed_size() {
            self.next = Next::Inside;
            return self.advance(size as u64);
        }
        match kind {
            WireType::STRING => {
                let len = length("string length", self.peek(message)?)?;
                self.next = Next::Inside;
                self.advance(4 + len)
            }
            WireType::STRUCT => self.enter(Level::Struct),
            WireType::LIST | WireType::SET => {
                let [element, count @ ..] = self.peek::<5>(message)?;
                let count = length("list size", count)?;
                self.advance(5)?;
                self.elements(count, [WireType(element); 2])
            }
            WireType::MAP => {
                let [key, value, count @ ..] = self.peek::<6>(message)?;
                let count = length("map size", count)?;
                self.advance(6)?;
                self.elements(2 * count, [WireType(key), WireType(value)])
            }
            WireType(other) => Err(Stop::Error(
                DecodeErrorKind::Malformed {
                    what: "field type",
                    got: other.into(),
                }
                .into(),
            )),
        }
    }

    /// The values of a container, of `types` in turn.
    fn elements(&mut self, values: u64, types: [WireType; 2]) -> Result<(), Stop> {
        let bytes = |[one, other]: [usize; 2]| values * (one + other) as u64 / 2;
        if let [Some(one), Some(other)] = types.map(WireType::fixed_size) {
            self.next = Next::Inside;
            return self.advance(bytes([one, other]));
        }
        // More than may come is not waited for.
        self.check(bytes(types.map(WireType::minimum_size)))?;
        self.enter(Level::Elements {
            left: values,
            types,
        })
    }

    fn enter(&mut self, level: Level) -> Result<(), Stop> {
        if self.stack.len() == self.depth {
            let limit = u32::try_from(self.depth).unwrap_or(u32::MAX);
            return Err(Stop::Error(DecodeErrorKind::TooDeep { limit }.into()));
        }
        self.stack.push(level);
        self.next = Next::Inside;
        Ok(())
    }

    fn peek<const N: usize>(&mut self, message: &[u8]) -> Result<[u8; N], Stop> {
        match message.get(self.position..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => Ok(*bytes),
            None => {
                self.wanted = self.position.saturating_add(N);
                Err(Stop::NotYet)
            }
        }
    }

    fn advance(&mut self, len: u64) -> Result<(), Stop> {
        self.position = self.check(len)?;
        Ok(())
    }

    /// Where the message stands after `len` more bytes, if it may have that many.
    fn check(&self, len: u64) -> Result<usize, Stop> {
        let total = len.saturating_add(self.position as u64);
        match usize::try_from(total) {
            Ok(total) if total <= self.limit => Ok(total),
            _ => Err(Stop::Error(
                DecodeErrorKind::TooLarge {
                    what: "message",
                    got: total,
                    limit: self.limit as u64,
                }
                .into(),
            )),
        }
    }
}

/// A length or count, which is signed on the wire.
fn length(what: &'static str, bytes: [u8; 4]) -> Result<u64, Stop> {
    let announced = i32::from_be_bytes(bytes);
    u64::try_from(announced).map_err(|_| {
        Stop::Error(
            DecodeErrorKind::Malformed {
                what,
                got: announced.into(),
            }
            .into(),
        )
    })
}
