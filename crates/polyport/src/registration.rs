//! What can be wrong with the services of a server, found before it listens.

use std::error::Error;
use std::fmt;

/// One mistake in what was registered.
///
/// `Display` begins with the words that Kitex uses and ends with what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationError {
    /// Nothing was added.
    NoService,
    /// More than one service of a codec is the fallback.
    SeveralFallbacks {
        /// The one that was added first.
        first: String,
        /// Another.
        second: String,
    },
    /// A service of this identity was added more than once.
    Duplicate {
        /// The name, with its package where it has one.
        service: String,
    },
    /// A method that several services have and no fallback decides.
    Conflict {
        /// The method's name.
        method: String,
        /// The services that have it.
        services: Vec<String>,
        /// The fallback service, which does not have it.
        fallback: Option<String>,
    },
    /// A combined service was added beside other services.
    NotAlone {
        /// The combined service; of several the first by name.
        combined: String,
        /// The others.
        others: Vec<String>,
    },
    /// A service is to be replaced or removed that is not there.
    NotRegistered {
        /// The name, with its package where it has one.
        service: String,
    },
    /// More than one handler was given for unknown services and methods.
    SeveralUnknown,
    /// A combined service, which answers all calls, was added beside a handler for unknown ones.
    CombinedAndUnknown {
        /// The combined service.
        combined: String,
    },
    /// A method was given twice to one service.
    DuplicateMethod {
        /// The service.
        service: String,
        /// The method.
        method: String,
    },
    /// Options were given for a method that the service does not have.
    NoSuchMethod {
        /// The service.
        service: String,
        /// The name that was given.
        method: String,
        /// The name of a method that was probably meant.
        closest: Option<String>,
    },
    /// An alias that is a service's name or another alias.
    AliasTaken {
        /// The alias.
        alias: String,
        /// The service that it was given to.
        service: String,
        /// The service that has it already; may be the same.
        holder: String,
    },
    /// A service, method or alias without a name.
    EmptyName {
        /// What has no name.
        what: String,
    },
}

impl fmt::Display for RegistrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoService => f.write_str(
                "run: no service. Use RegisterService to set one: add one with `Server::add`",
            ),
            Self::SeveralFallbacks { first, second } => write!(
                f,
                "multiple fallback services cannot be registered. [{}] is already registered as a \
                 fallback service: remove `.fallback()` from {first} or from {second}",
                bare(first)
            ),
            Self::Duplicate { service } => write!(
                f,
                "service [{}] has already been registered: add {service} once, or give the other \
                 one's IDL another namespace",
                bare(service)
            ),
            Self::Conflict {
                method,
                services,
                fallback,
            } => {
                write!(
                    f,
                    "method name [{method}] is conflicted between services but no fallback \
                     service is specified: [{}] have it; ",
                    services.join(", ")
                )?;
                match fallback {
                    None => f.write_str("mark one of them with `.fallback()`"),
                    Some(fallback) => write!(
                        f,
                        "the fallback, {fallback}, does not: let one of them be the fallback"
                    ),
                }?;
                f.write_str(
                    ", or refuse calls without a service name with \
                     `Server::refuse_traffic_without_service_name`",
                )
            }
            Self::NotAlone { combined, others } => write!(
                f,
                "only one service can be registered when registering combined service: \
                 [{combined}] stands beside [{}]; add it alone, or add the single services",
                others.join(", ")
            ),
            Self::NotRegistered { service } => write!(
                f,
                "service [{service}] is not registered: add it first, or give its name with the \
                 package"
            ),
            Self::SeveralUnknown => f.write_str(
                "multiple unknown services cannot be registered: call `Server::unknown` once",
            ),
            Self::CombinedAndUnknown { combined } => write!(
                f,
                "combine service doesn't support unknown service: [{combined}] answers all calls; \
                 add the single services, or leave out `Server::unknown`"
            ),
            Self::DuplicateMethod { service, method } => write!(
                f,
                "method [{method}] of service [{service}] has already been registered: give each \
                 method once"
            ),
            Self::NoSuchMethod {
                service,
                method,
                closest,
            } => {
                write!(
                    f,
                    "options are given for method [{method}], which service [{service}] does not \
                     have: "
                )?;
                match closest {
                    Some(closest) => write!(f, "did you mean {closest}?"),
                    None => f.write_str("give them to one of its methods"),
                }
            }
            Self::AliasTaken {
                alias,
                service,
                holder,
            } => write!(
                f,
                "alias [{alias}] of service [{service}] is a name of [{holder}] already: give each \
                 name to one service, once"
            ),
            Self::EmptyName { what } => write!(f, "{what} has no name: give it one"),
        }
    }
}

impl Error for RegistrationError {}

/// A service's name without its package, which is what Kitex's messages have.
fn bare(full_name: &str) -> &str {
    full_name
        .rsplit_once('.')
        .map_or(full_name, |(_, name)| name)
}
