//! Layers that are ready to be added to a server, a service or a method.
//!
//! | layer | what it does |
//! | --- | --- |
//! | [`AccessLog`] | a line in the log for each call: who, what, by which route, how it ended, how long it took |
//! | [`AccessControl`] | lets callers call what they may, and nobody anything else |
//! | [`Timeout`] | ends what stands behind it after a time |
//! | `Tower` | makes a layer of one that was written for tower; needs the crate's feature `tower` |
//!
//! What needs no message is [admission](crate::admission) instead, which comes before them. There is
//! none for panics: they are always caught, and layers see a handler's as a
//! [`Status`](crate::Status) of the kind [`Panic`](crate::StatusKind::Panic).
//!
//! # Examples
//!
//! ```
//! # use polyport::{Server, Service, service::RawHandler};
//! # fn server(handler: impl RawHandler) -> Server {
//! use polyport::layers::{AccessControl, AccessLog};
//!
//! let access = AccessControl::new()
//!     .anyone(["balance"])
//!     .allow("billing", ["charge"]);
//! Server::new()
//!     .layer(AccessLog)
//!     .add(Service::raw("Accounts", ["balance", "charge"], handler).layer(access))
//! # }
//! ```

mod access;
mod log;
mod timeout;
#[cfg(feature = "tower")]
mod tower;

#[cfg(feature = "tower")]
pub use crate::layers::tower::{Coming, Onward, Tower};
pub use access::AccessControl;
pub use log::AccessLog;
pub use timeout::Timeout;
