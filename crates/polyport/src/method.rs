//! A method's types in one value, which generated code makes and clients and services use.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};
use polyport_wire::error::{DecodeError, EncodeError};
use polyport_wire::limits::Limits;
use polyport_wire::schema::CallKind;
use polyport_wire::thrift::{self, Returned, Throws, Value};
use polyport_wire::transport::Codec;

use crate::route::MethodInfo;
use crate::status::Status;

/// A method with arguments `A` that returns `V` or fails with `E`, and how these are written.
///
/// # Examples
///
/// ```
/// use polyport::CallKind;
/// use polyport::method::Method;
///
/// /// A method that needs no struct of its own for its arguments.
/// static LENGTH: Method<String, i32> = Method::new("Texts", "length", CallKind::Unary);
/// assert_eq!(LENGTH.name(), "length");
/// ```
pub struct Method<A: 'static, V: 'static, E: 'static = Status> {
    pub(crate) target: Target<'static>,
    pub(crate) info: OnceLock<Arc<MethodInfo>>,
    pub(crate) arguments: Coding<A>,
    pub(crate) outcome: OutcomeCoding<V, E>,
}

/// A method that streams: requests are `A`s, answers are `V`s, and one side or both send as many as
/// they like.
///
/// # Examples
///
/// ```
/// use polyport::CallKind;
/// use polyport::method::StreamMethod;
///
/// static COUNT: StreamMethod<String, i32> =
///     StreamMethod::thrift("Texts", "count", CallKind::Bidirectional);
/// assert_eq!(COUNT.kind(), CallKind::Bidirectional);
/// ```
pub struct StreamMethod<A: 'static, V: 'static> {
    pub(crate) target: Target<'static>,
    pub(crate) info: OnceLock<Arc<MethodInfo>>,
    pub(crate) request: Coding<A>,
    pub(crate) response: Coding<V>,
}

/// What a method is called, and how it is called.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) package: &'a str,
    pub(crate) service: &'a str,
    pub(crate) name: &'a str,
    pub(crate) kind: CallKind,
    pub(crate) codec: Codec,
    /// Whether the service was made of several, so that its name means nothing to a server that has
    /// them apart.
    pub(crate) is_combined: bool,
}

/// How a value becomes bytes and is made of them.
pub(crate) struct Coding<T> {
    pub(crate) encode: fn(&T, &mut BytesMut) -> Result<(), EncodeError>,
    pub(crate) decode: fn(Bytes, &Limits) -> Result<T, DecodeError>,
}

/// The same for what a method returned or threw. Bytes may hold neither, and a `void` method's
/// result is there without any.
pub(crate) struct OutcomeCoding<V, E> {
    pub(crate) encode: fn(&Result<V, E>, &mut BytesMut) -> Result<(), EncodeError>,
    pub(crate) decode: DecodeOutcome<V, E>,
    pub(crate) when_missing: fn() -> Option<V>,
}

type DecodeOutcome<V, E> = fn(Bytes, &Limits) -> Result<Option<Result<V, E>>, DecodeError>;

impl<A: Value, V: Returned, E: Throws> Method<A, V, E> {
    /// The Thrift method `name` of `service`, both as the IDL writes them; `A` is the struct of its
    /// arguments.
    #[must_use]
    pub const fn new(service: &'static str, name: &'static str, kind: CallKind) -> Self {
        Self {
            target: Target::thrift(service, name, kind),
            info: OnceLock::new(),
            arguments: Coding::thrift(),
            outcome: OutcomeCoding {
                encode: thrift::encode_outcome::<V, E>,
                decode: |bytes, limits| thrift::decode_outcome::<V, E>(&bytes, limits),
                when_missing: V::when_missing,
            },
        }
    }
}

impl<A, V, E> Method<A, V, E> {
    /// The same in a package: it stands before the service's name where that is sent by HTTP/2.
    #[must_use]
    pub const fn package(mut self, package: &'static str) -> Self {
        self.target.package = package;
        self
    }

    /// The same as a method of a combined service: its clients send no service's name, because a
    /// server that has the services apart does not know the combined one's.
    #[must_use]
    pub const fn combined(mut self) -> Self {
        self.target.is_combined = true;
        self
    }

    /// The service's name in the IDL.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.target.service
    }

    /// The method's name in the IDL.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.target.name
    }

    /// Whether the service was made of several.
    #[must_use]
    pub fn is_combined(&self) -> bool {
        self.target.is_combined
    }

    /// The kind of call.
    #[must_use]
    pub fn kind(&self) -> CallKind {
        self.target.kind
    }

    /// How its messages are written.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.target.codec
    }
}

impl<A: Value, V: Value> StreamMethod<A, V> {
    /// The streaming method `name` of a Thrift service, both as the IDL writes them.
    #[must_use]
    pub const fn thrift(service: &'static str, name: &'static str, kind: CallKind) -> Self {
        Self {
            target: Target::thrift(service, name, kind),
            info: OnceLock::new(),
            request: Coding::thrift(),
            response: Coding::thrift(),
        }
    }
}

impl<A, V> StreamMethod<A, V> {
    /// The same in a package: it stands before the service's name where that is sent by HTTP/2.
    #[must_use]
    pub const fn package(mut self, package: &'static str) -> Self {
        self.target.package = package;
        self
    }

    /// The service's name in the IDL.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.target.service
    }

    /// The method's name in the IDL.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.target.name
    }

    /// The kind of call.
    #[must_use]
    pub fn kind(&self) -> CallKind {
        self.target.kind
    }

    /// How its messages are written.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.target.codec
    }
}

impl Method<Bytes, Bytes> {
    /// The coding of a method whose messages are bytes here: its name is known at run time only.
    pub(crate) const fn raw() -> Self {
        Self {
            target: Target::thrift("", "", CallKind::Unary),
            info: OnceLock::new(),
            arguments: Coding::RAW,
            outcome: OutcomeCoding {
                encode: |outcome, out| match outcome {
                    Ok(bytes) => (Coding::RAW.encode)(bytes, out),
                    // A status has another way to the peer.
                    Err(_) => Err(EncodeError::misplaced("a status, given for bytes")),
                },
                decode: |bytes, _| Ok(Some(Ok(bytes))),
                when_missing: || Some(Bytes::new()),
            },
        }
    }
}

impl StreamMethod<Bytes, Bytes> {
    /// The same for a method that streams.
    pub(crate) const fn raw() -> Self {
        Self {
            target: Target::thrift("", "", CallKind::Bidirectional),
            info: OnceLock::new(),
            request: Coding::RAW,
            response: Coding::RAW,
        }
    }
}

impl Coding<Bytes> {
    /// Bytes as they are.
    pub(crate) const RAW: Self = Self {
        encode: |bytes, out| {
            out.extend_from_slice(bytes);
            Ok(())
        },
        decode: |bytes, _| Ok(bytes),
    };
}

impl<'a> Target<'a> {
    const fn thrift(service: &'a str, name: &'a str, kind: CallKind) -> Self {
        Self {
            package: "",
            service,
            name,
            kind,
            codec: Codec::ThriftBinary,
            is_combined: false,
        }
    }

    /// Whether the service's name is sent, where there is a place for it.
    pub(crate) fn names_service(&self) -> bool {
        !self.is_combined && !self.service.is_empty()
    }

    /// The same for the context of a call.
    pub(crate) fn info(&self) -> MethodInfo {
        MethodInfo {
            package: self.package.to_owned(),
            service: self.service.to_owned(),
            method: self.name.to_owned(),
            kind: self.kind,
            codec: self.codec,
        }
    }

    /// The path of a call over HTTP/2.
    pub(crate) fn path(&self) -> String {
        let Self {
            package,
            service,
            name,
            ..
        } = self;
        if package.is_empty() {
            format!("/{service}/{name}")
        } else {
            format!("/{package}.{service}/{name}")
        }
    }
}

impl<T: Value> Coding<T> {
    const fn thrift() -> Self {
        Self {
            encode: thrift::encode::<T>,
            decode: |bytes, limits| thrift::decode::<T>(&bytes, limits),
        }
    }
}

impl<A, V, E> fmt::Debug for Method<A, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)
    }
}

impl<A, V> fmt::Debug for StreamMethod<A, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)
    }
}

impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.name)
    }
}

impl<T> fmt::Debug for Coding<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Coding")
    }
}

impl<T> Clone for Coding<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Coding<T> {}

#[cfg(feature = "protobuf")]
pub(crate) use protobuf::decode_options;

/// Protobuf: a message stands for itself, on both sides of a call.
#[cfg(feature = "protobuf")]
mod protobuf {
    use buffa::{DecodeOptions, MAX_MESSAGE_BYTES, Message, SizeCache};

    use super::*;

    impl<A: Message, V: Message> Method<A, V> {
        /// The Protobuf method `name` of `service` in `package`, all as the IDL writes them.
        #[must_use]
        pub const fn protobuf(
            package: &'static str,
            service: &'static str,
            name: &'static str,
            kind: CallKind,
        ) -> Self {
            Self {
                target: Target::protobuf(package, service, name, kind),
                info: OnceLock::new(),
                arguments: Coding::protobuf(),
                outcome: OutcomeCoding {
                    encode: encode_outcome,
                    decode: |bytes, limits| decode(bytes, limits).map(|value| Some(Ok(value))),
                    when_missing: || None,
                },
            }
        }
    }

    impl<A: Message, V: Message> StreamMethod<A, V> {
        /// The streaming method `name` of the Protobuf service `service` in `package`.
        #[must_use]
        pub const fn protobuf(
            package: &'static str,
            service: &'static str,
            name: &'static str,
            kind: CallKind,
        ) -> Self {
            Self {
                target: Target::protobuf(package, service, name, kind),
                info: OnceLock::new(),
                request: Coding::protobuf(),
                response: Coding::protobuf(),
            }
        }
    }

    impl Target<'static> {
        const fn protobuf(
            package: &'static str,
            service: &'static str,
            name: &'static str,
            kind: CallKind,
        ) -> Self {
            Self {
                package,
                service,
                name,
                kind,
                codec: Codec::Protobuf,
                is_combined: false,
            }
        }
    }

    impl<T: Message> Coding<T> {
        const fn protobuf() -> Self {
            Self { encode, decode }
        }
    }

    fn encode_outcome<V: Message>(
        outcome: &Result<V, Status>,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        match outcome {
            Ok(message) => encode(message, out),
            // A status has another way to the peer.
            Err(_) => Err(EncodeError::misplaced("a status, given for a message")),
        }
    }

    fn encode<T: Message>(message: &T, out: &mut BytesMut) -> Result<(), EncodeError> {
        let mut sizes = SizeCache::new();
        let size = message.compute_size(&mut sizes);
        if size > MAX_MESSAGE_BYTES {
            let limit = u64::from(MAX_MESSAGE_BYTES);
            return Err(EncodeError::too_large("a Protobuf message", limit));
        }
        out.reserve(size as usize);
        message.write_to(&mut sizes, out);
        Ok(())
    }

    fn decode<T: Message>(mut bytes: Bytes, limits: &Limits) -> Result<T, DecodeError> {
        decode_options(limits)
            .decode(&mut bytes)
            .map_err(|error| DecodeError::foreign(error.to_string()))
    }

    /// The limits as the reader of messages takes them.
    pub(crate) fn decode_options(limits: &Limits) -> DecodeOptions {
        DecodeOptions::new()
            .with_recursion_limit(limits.depth)
            .with_element_memory_limit(limits.decoded)
            .with_max_message_size(limits.frame)
    }
}
