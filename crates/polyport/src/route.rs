//! Where a call goes: the method that was found, and why it was this one.

use std::fmt;

use polyport_wire::schema::CallKind;
use polyport_wire::transport::Codec;

/// A method of a registered service, as every call of it knows it.
///
/// # Examples
///
/// ```
/// use polyport::Codec;
/// use polyport::route::MethodInfo;
///
/// let mut say = MethodInfo::new("Greeter", "Say");
/// say.package = "demo.v1".to_owned();
/// say.codec = Codec::Protobuf;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MethodInfo {
    /// The service's namespace or package; may be empty.
    pub package: String,
    /// The service's name in the IDL, without its package.
    pub service: String,
    /// The method's name in the IDL.
    pub method: String,
    /// The kind of call.
    pub kind: CallKind,
    /// How its messages are written.
    pub codec: Codec,
}

impl MethodInfo {
    /// A unary Thrift method without a package.
    #[must_use]
    pub fn new(service: impl Into<String>, method: impl Into<String>) -> Self {
        Self {
            package: String::new(),
            service: service.into(),
            method: method.into(),
            kind: CallKind::Unary,
            codec: Codec::ThriftBinary,
        }
    }
}

/// Why a call reached the service that it reached.
///
/// `Display` gives one word, for logs and metrics: an operator sees by it how much traffic is
/// guessed before refusing what names no service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RouteReason {
    /// The call names the service.
    Named,
    /// The call names the service by an [alias](crate::Service::alias).
    Alias,
    /// The call names no service, and this is the only one with the method.
    Method,
    /// The call does not say which service it is for, and this is the fallback.
    Fallback,
    /// The call names a service that is not here, but only this one has the method.
    WrongName,
    /// The combined service answers all calls, whatever they name.
    Combined,
    /// No service has it: the handler for unknown ones.
    Unknown,
}

impl fmt::Display for RouteReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Named => "named",
            Self::Alias => "alias",
            Self::Method => "method",
            Self::Fallback => "fallback",
            Self::WrongName => "wrong-name",
            Self::Combined => "combined",
            Self::Unknown => "unknown",
        })
    }
}
