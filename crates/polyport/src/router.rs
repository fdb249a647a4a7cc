//! The directory: which service and method a call goes to, decided by tables made at start.
//!
//! A name on the wire decides. Without one the fallback service answers for its methods, else the
//! only service that has the method. A name that nobody has still reaches the only service with
//! the method, for old clients that send something else than the service's name. The tables do
//! not depend on the order in which services were added.

mod build;

use std::collections::HashMap;
use std::fmt;

use polyport_wire::thrift::ApplicationException;
use polyport_wire::transport::Transport;

use crate::error::Error;
use crate::route::RouteReason;
use crate::service::{Service, ServiceMethod};

/// The services of a server and how calls find them.
///
/// # Examples
///
/// ```
/// # use bytes::Bytes;
/// # use polyport::service::RawHandler;
/// # use polyport::{Context, Status};
/// # struct Nothing;
/// # impl RawHandler for Nothing {
/// #     async fn call(&self, _cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
/// #         Ok(Bytes::from_static(&[0]))
/// #     }
/// # }
/// use polyport::{RouteReason, Server, Service, Transport};
///
/// let router = Server::new()
///     .add(Service::raw("A", ["same", "onlyA"], Nothing).fallback())
///     .add(Service::raw("B", ["same", "onlyB"], Nothing))
///     .router()?;
/// let answer = router.explain(Transport::Framed, None, "same");
/// assert_eq!(answer.to_string(), "same over Framed without a service name -> A (fallback)");
/// # Ok::<(), polyport::Error>(())
/// ```
#[derive(Debug)]
pub struct Router {
    services: Vec<Registered>,
    /// By bare name, which services of different packages may share, and by full name.
    names: Names<Vec<usize>>,
    /// The services that have a method of this name.
    methods: Names<Vec<usize>>,
    fallback: Option<usize>,
    combined: bool,
    refuse_nameless: bool,
}

/// A table by name. What it holds is known at start, and no peer can add to it.
type Names<T> = HashMap<String, T, foldhash::fast::RandomState>;

#[derive(Debug)]
struct Registered {
    full_name: String,
    methods: Names<ServiceMethod>,
}

/// What a call says about where it wants to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Query<'s, 'm> {
    pub(crate) service: Option<&'s str>,
    pub(crate) method: &'m str,
}

impl<'s, 'm: 's> Query<'s, 'm> {
    /// On transports that have no place for a service name, `Service:method` carries one, as in
    /// Apache's multiplexed protocol. An empty name is none.
    pub(crate) fn new(transport: Transport, service: Option<&'s str>, method: &'m str) -> Self {
        let (service, method) = match method.split_once(':') {
            Some((service, method)) if !transport.carries_service_name() => (Some(service), method),
            _ => (service, method),
        };
        Self {
            service: service.filter(|name| !name.is_empty()),
            method,
        }
    }
}

/// Why a call goes nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RouteError<'s, 'm> {
    /// No service has this name, and the method does not decide either.
    UnknownService(Query<'s, 'm>),
    /// The service is known, the method is not.
    UnknownMethod(Query<'s, 'm>),
    /// Several services share this bare name.
    SharedName(Query<'s, 'm>, Vec<String>),
    /// The call names no service, and the server refuses such calls.
    NoServiceName,
}

impl RouteError<'_, '_> {
    /// What the peer is told, in Kitex's words.
    pub(crate) fn to_exception(&self) -> ApplicationException {
        match self {
            Self::UnknownService(query) => ApplicationException::new(
                ApplicationException::UNKNOWN_SERVICE,
                unknown_service(query),
            ),
            Self::SharedName(query, full_names) => ApplicationException::new(
                ApplicationException::UNKNOWN_SERVICE,
                format!(
                    "{}: the name is shared, say which one: {}",
                    unknown_service(query),
                    full_names.join(", ")
                ),
            ),
            Self::UnknownMethod(query) => ApplicationException::new(
                ApplicationException::UNKNOWN_METHOD,
                format!(
                    "unknown method {} (service {})",
                    query.method,
                    query.service.unwrap_or_default()
                ),
            ),
            Self::NoServiceName => ApplicationException::new(
                ApplicationException::NO_SERVICE_NAME,
                "no service name while the server has WithRefuseTrafficWithoutServiceName option \
                 enabled",
            ),
        }
    }
}

fn unknown_service(query: &Query<'_, '_>) -> String {
    format!(
        "unknown service {}, method {}",
        query.service.unwrap_or_default(),
        query.method
    )
}

impl Router {
    /// Checks the services against each other and makes the tables.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, at once; see
    /// [`Error::registration_errors`].
    pub(crate) fn build(services: Vec<Service>, refuse_nameless: bool) -> Result<Self, Error> {
        build::router(services, refuse_nameless).map_err(Error::registration)
    }

    /// Finds the method of a call, and says why it is this one.
    pub(crate) fn route<'s, 'm>(
        &self,
        query: Query<'s, 'm>,
    ) -> Result<(&ServiceMethod, RouteReason), RouteError<'s, 'm>> {
        let (_, method, reason) = self.find(query)?;
        Ok((method, reason))
    }

    fn find<'s, 'm>(
        &self,
        query: Query<'s, 'm>,
    ) -> Result<(&Registered, &ServiceMethod, RouteReason), RouteError<'s, 'm>> {
        let (index, reason) = self.service_of(query)?;
        let service = &self.services[index];
        match service.methods.get(query.method) {
            Some(method) => Ok((service, method, reason)),
            None => Err(RouteError::UnknownMethod(query)),
        }
    }

    fn service_of<'s, 'm>(
        &self,
        query: Query<'s, 'm>,
    ) -> Result<(usize, RouteReason), RouteError<'s, 'm>> {
        if self.combined {
            return Ok((0, RouteReason::Combined));
        }
        let Some(name) = query.service else {
            return self.nameless(query);
        };
        match self.names.get(name).map(Vec::as_slice) {
            Some(&[index]) => Ok((index, RouteReason::Named)),
            Some(several) => match self.fallback_among(several) {
                Some(index) => Ok((index, RouteReason::Fallback)),
                None => Err(RouteError::SharedName(query, self.full_names(several))),
            },
            None => match self.holders(query.method) {
                &[index] if !self.refuse_nameless => Ok((index, RouteReason::WrongName)),
                _ => Err(RouteError::UnknownService(query)),
            },
        }
    }

    fn nameless<'s, 'm>(
        &self,
        query: Query<'s, 'm>,
    ) -> Result<(usize, RouteReason), RouteError<'s, 'm>> {
        if self.refuse_nameless {
            return Err(RouteError::NoServiceName);
        }
        let holders = self.holders(query.method);
        if let Some(index) = self.fallback_among(holders) {
            return Ok((index, RouteReason::Fallback));
        }
        match holders {
            &[index] => Ok((index, RouteReason::Method)),
            _ => Err(RouteError::UnknownService(query)),
        }
    }

    /// The fallback, when it is one of these and may answer for what is ambiguous.
    fn fallback_among(&self, services: &[usize]) -> Option<usize> {
        self.fallback
            .filter(|index| !self.refuse_nameless && services.contains(index))
    }

    fn holders(&self, method: &str) -> &[usize] {
        self.methods.get(method).map_or(&[], Vec::as_slice)
    }

    fn full_names(&self, services: &[usize]) -> Vec<String> {
        let full_name = |index: &usize| self.services[*index].full_name.clone();
        services.iter().map(full_name).collect()
    }

    /// Says where a call would go, without making it.
    #[must_use]
    pub fn explain(
        &self,
        transport: Transport,
        service: Option<&str>,
        method: &str,
    ) -> Explanation {
        let query = Query::new(transport, service, method);
        let outcome = match self.find(query) {
            Ok((service, _, reason)) => Ok((service.full_name.clone(), reason)),
            Err(error) => Err(error.to_exception()),
        };
        Explanation {
            transport,
            service: query.service.map(str::to_owned),
            method: query.method.to_owned(),
            outcome,
        }
    }
}

/// Where a call would go and why; see [`Router::explain`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// How the call would come in.
    pub transport: Transport,
    /// The service that it would name.
    pub service: Option<String>,
    /// The method.
    pub method: String,
    /// The service that would answer, with its package, and why it; or what the caller would be
    /// told.
    pub outcome: Result<(String, RouteReason), ApplicationException>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} over {} ", self.method, self.transport)?;
        match &self.service {
            Some(service) => write!(f, "for {service} -> ")?,
            None => f.write_str("without a service name -> ")?,
        }
        match &self.outcome {
            Ok((service, reason)) => write!(f, "{service} ({reason})"),
            Err(exception) => write!(f, "exception {}: {exception}", exception.type_id),
        }
    }
}

/// The route table, a line a service and a line for each name that several services have.
impl fmt::Display for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, service) in self.services.iter().enumerate() {
            let role = if self.combined {
                " (combined)"
            } else if self.fallback == Some(index) {
                " (fallback)"
            } else {
                ""
            };
            let count = service.methods.len();
            writeln!(f, "{}{role}: {count} methods", service.full_name)?;
        }
        if self.refuse_nameless && !self.combined {
            return f.write_str("calls without a service name are refused");
        }
        let mut shared: Vec<_> = self
            .methods
            .iter()
            .filter(|(_, holders)| holders.len() > 1)
            .collect();
        shared.sort();
        for (method, holders) in shared {
            let names = self.full_names(holders).join(", ");
            let explanation = self.explain(Transport::Framed, None, method);
            writeln!(f, "{method} is in {names}; {explanation}")?;
        }
        f.write_str("calls without a service name find theirs by method")
    }
}
