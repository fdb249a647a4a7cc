//! A method's types in one value, which generated code makes and clients and services use.

use std::fmt;
use std::marker::PhantomData;

use polyport_wire::schema::CallKind;

use crate::status::Status;

/// A method with arguments `A` that returns `V` or fails with `E`.
///
/// # Examples
///
/// ```
/// use polyport::CallKind;
/// use polyport::method::Method;
///
/// static ADD: Method<(i64, i64), i64> = Method::new("Calculator", "add", CallKind::Unary);
/// assert_eq!(ADD.name(), "add");
/// ```
pub struct Method<A, V, E = Status> {
    service: &'static str,
    name: &'static str,
    kind: CallKind,
    combined: bool,
    types: PhantomData<fn(A) -> (V, E)>,
}

impl<A, V, E> Method<A, V, E> {
    /// The method `name` of `service`, both as the IDL writes them.
    #[must_use]
    pub const fn new(service: &'static str, name: &'static str, kind: CallKind) -> Self {
        Self {
            service,
            name,
            kind,
            combined: false,
            types: PhantomData,
        }
    }

    /// The same as a method of a combined service: its clients send no service's name, because a
    /// server that has the services apart does not know the combined one's.
    #[must_use]
    pub const fn combined(mut self) -> Self {
        self.combined = true;
        self
    }

    /// The service's name in the IDL.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// The method's name in the IDL.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the service was made of several.
    #[must_use]
    pub fn is_combined(&self) -> bool {
        self.combined
    }

    /// The kind of call.
    #[must_use]
    pub fn kind(&self) -> CallKind {
        self.kind
    }
}

impl<A, V, E> fmt::Debug for Method<A, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.name)
    }
}
