//! The directory: which service and method a call goes to, decided by tables made at start.
//!
//! A name on the wire decides. Without one the fallback service answers for its methods, else the
//! only service that has the method. A name that nobody has still reaches the only service with
//! the method, for old clients that send something else than the service's name. What is left goes to
//! the handler for unknown ones, if there is one. The tables do not depend on the order in which
//! services were added.

mod build;

use std::collections::HashMap;
use std::fmt;
use std::iter;
use std::sync::Arc;

use polyport_wire::schema::CallKind;
use polyport_wire::thrift::ApplicationException;
use polyport_wire::transport::{Codec, Transport};

use crate::context::Context;
use crate::error::Error;
use crate::layer::Endpoint;
use crate::route::{MethodInfo, RouteReason};
use crate::service::{Reach, ServerOptions, Service, ServiceMethod, Stack, Uses};
use crate::status::{Status, StatusKind};

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
/// use polyport::{Codec, RouteReason, Server, Service, Transport};
///
/// let router = Server::new()
///     .add(Service::raw("A", ["same", "onlyA"], Nothing).fallback())
///     .add(Service::raw("B", ["same", "onlyB"], Nothing))
///     .router()?;
/// let answer = router.explain(Transport::Framed, Codec::ThriftBinary, None, "same");
/// assert_eq!(answer.to_string(), "same over Framed without a service name -> A (fallback)");
/// # Ok::<(), polyport::Error>(())
/// ```
#[derive(Debug)]
pub struct Router {
    services: Vec<Registered>,
    thrift: Directory,
    protobuf: Directory,
    combined: Option<usize>,
    refuse_nameless: bool,
    unknown: Option<Unknown>,
}

/// Who answers what no service does.
struct Unknown {
    endpoint: Arc<dyn Endpoint>,
    stack: Arc<Stack>,
}

/// What holds for all services of a server.
#[derive(Clone, Default)]
pub(crate) struct Rules {
    /// For all methods.
    pub(crate) options: ServerOptions,
    pub(crate) refuse_nameless: bool,
    /// The handlers for what is unknown, of which there may be one.
    pub(crate) unknown: Vec<Arc<dyn Endpoint>>,
}

/// The services of one codec: those of the other are another world.
#[derive(Debug, Default)]
struct Directory {
    /// By bare name, which services of different packages may share, and by full name; as far as
    /// calls reach them that do not come over gRPC.
    names: Names<Vec<usize>>,
    /// The same for calls over gRPC.
    grpc_names: Names<Vec<usize>>,
    /// The services that have a method of this name, as far as calls without a name reach them.
    methods: Names<Vec<usize>>,
    fallback: Option<usize>,
    /// Old names of services.
    aliases: Names<Arc<Alias>>,
}

/// An old name.
#[derive(Debug)]
struct Alias {
    name: String,
    service: usize,
    uses: Uses,
}

/// How long a name may be that the handler for unknown ones gets.
const MAX_UNKNOWN_NAME: usize = 1024;

/// A table by name. What it holds is known at start, and no peer can add to it.
type Names<T> = HashMap<String, T, foldhash::fast::RandomState>;

#[derive(Debug)]
struct Registered {
    full_name: String,
    codec: Codec,
    reach: Reach,
    methods: Names<Arc<ServiceMethod>>,
}

/// What a call says about where it wants to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Query<'s, 'm> {
    pub(crate) codec: Codec,
    pub(crate) service: Option<&'s str>,
    pub(crate) method: &'m str,
    /// Whether the name must be right: HTTP/2 always has one.
    is_strict: bool,
}

impl<'s, 'm: 's> Query<'s, 'm> {
    /// On transports that have no place for a service name, `Service:method` carries one, as in
    /// Apache's multiplexed protocol. An empty name is none.
    pub(crate) fn new(
        transport: Transport,
        codec: Codec,
        service: Option<&'s str>,
        method: &'m str,
    ) -> Self {
        let (service, method) = match method.split_once(':') {
            Some((service, method)) if !transport.carries_service_name() => (Some(service), method),
            _ => (service, method),
        };
        Self {
            codec,
            service: service.filter(|name| !name.is_empty()),
            method,
            is_strict: transport == Transport::Grpc,
        }
    }
}

/// Where a call goes.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: Arc<ServiceMethod>,
    /// Why it is this one.
    pub(crate) reason: RouteReason,
    /// The old name that the call has for the service.
    alias: Option<Arc<Alias>>,
}

impl Route {
    /// Counts the use of an old name.
    pub(crate) fn note(&self, context: &Context) {
        let Some(alias) = &self.alias else {
            return;
        };
        if alias.uses.note(context.caller()) {
            tracing::warn!(
                caller = context.caller(),
                peer = context.peer().map(tracing::field::display),
                "{} is an old name of {}",
                alias.name,
                context.service(),
            );
        }
    }
}

/// The service that a call reaches.
struct Chosen<'r> {
    index: usize,
    reason: RouteReason,
    alias: Option<&'r Arc<Alias>>,
}

impl Chosen<'_> {
    fn new(index: usize, reason: RouteReason) -> Self {
        Self {
            index,
            reason,
            alias: None,
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
    /// The service is there, but its messages are written in another way.
    OtherCodec(Codec),
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
            // The codec is the request's.
            Self::OtherCodec(codec) => ApplicationException::new(
                ApplicationException::INVALID_PROTOCOL,
                match codec {
                    Codec::Protobuf => "decode failed, codec msg type not match with protobufCodec",
                    _ => "decode failed, codec msg type not match with thriftCodec",
                },
            ),
            Self::NoServiceName => ApplicationException::new(
                ApplicationException::NO_SERVICE_NAME,
                "no service name while the server has WithRefuseTrafficWithoutServiceName option \
                 enabled",
            ),
        }
    }
}

impl RouteError<'_, '_> {
    /// What a gRPC peer is told, in Kitex's words.
    pub(crate) fn to_status(&self) -> Status {
        let type_id = self.to_exception().type_id;
        let text = match self {
            Self::UnknownService(query) => {
                let name = query.service.unwrap_or_default();
                let bare = name.rsplit_once('.').map_or(name, |(_, bare)| bare);
                format!("unknown service {bare}")
            }
            Self::UnknownMethod(query) => format!("unknown method {}", query.method),
            Self::OtherCodec(_) => "grpc invalid payload".to_owned(),
            Self::SharedName(..) | Self::NoServiceName => self.to_exception().to_string(),
        };
        Status::new(StatusKind::Rejected(type_id), text)
    }
}

fn unknown_service(query: &Query<'_, '_>) -> String {
    format!(
        "unknown service {}, method {}",
        query.service.unwrap_or_default(),
        query.method
    )
}

/// The names by which a service is looked for, one after the other: over gRPC the one that was sent,
/// and then its last part, which is all that Kitex looks at.
fn spellings<'n>(query: Query<'_, '_>, name: &'n str) -> impl Iterator<Item = &'n str> {
    let bare = name.rsplit_once('.').filter(|_| query.is_strict);
    iter::once(name).chain(bare.map(|(_, bare)| bare))
}

impl Router {
    /// Checks the services against each other and makes the tables.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, at once; see
    /// [`Error::registration_errors`].
    pub(crate) fn build(services: Vec<Service>, rules: &Rules) -> Result<Self, Error> {
        build::router(services, rules).map_err(Error::registration)
    }

    /// Finds the method of a call, and says why it is this one. One that nobody knows is taken for one
    /// of this kind.
    pub(crate) fn route<'s, 'm>(
        &self,
        query: Query<'s, 'm>,
        unknown: CallKind,
    ) -> Result<Route, RouteError<'s, 'm>> {
        match self.find(query) {
            Ok((_, route)) => Ok(route),
            Err(error) => match self.unknown(query) {
                Some(handler) => Ok(handler.route(query, unknown)),
                None => Err(error),
            },
        }
    }

    /// The handler for what no service has, if it may have this.
    fn unknown(&self, query: Query<'_, '_>) -> Option<&Unknown> {
        let service = query.service.unwrap_or_default();
        let is_short = service.len().max(query.method.len()) <= MAX_UNKNOWN_NAME;
        self.unknown.as_ref().filter(|_| is_short)
    }

    fn find<'s, 'm>(
        &self,
        query: Query<'s, 'm>,
    ) -> Result<(&Registered, Route), RouteError<'s, 'm>> {
        let Chosen {
            index,
            reason,
            alias,
        } = self.service_of(query)?;
        let service = &self.services[index];
        let Some(method) = service.methods.get(query.method) else {
            return Err(RouteError::UnknownMethod(query));
        };
        let route = Route {
            method: Arc::clone(method),
            reason,
            alias: alias.cloned(),
        };
        Ok((service, route))
    }

    fn service_of<'s, 'm>(&self, query: Query<'s, 'm>) -> Result<Chosen<'_>, RouteError<'s, 'm>> {
        if let Some(index) = self.combined
            && !query.is_strict
            && !self.names_built_in(query)
        {
            return match self.services[index].codec == query.codec {
                true => Ok(Chosen::new(index, RouteReason::Combined)),
                false => Err(RouteError::OtherCodec(query.codec)),
            };
        }
        let Some(name) = query.service else {
            return self.nameless(query);
        };
        let directory = self.directory(query.codec);
        for name in spellings(query, name) {
            match Self::named(directory, query, name) {
                &[index] => return Ok(Chosen::new(index, RouteReason::Named)),
                &[] => {
                    if let Some(chosen) = self.formerly(query, name) {
                        return Ok(chosen);
                    }
                }
                several => {
                    return match self.fallback_among(directory, several) {
                        Some(index) => Ok(Chosen::new(index, RouteReason::Fallback)),
                        None => Err(RouteError::SharedName(query, self.full_names(several))),
                    };
                }
            }
        }
        self.misnamed(query, name)
    }

    /// Whether the call names a service that comes with the server.
    fn names_built_in(&self, query: Query<'_, '_>) -> bool {
        let directory = self.directory(query.codec);
        let named = query
            .service
            .map(|name| Self::named(directory, query, name));
        matches!(named, Some(&[index]) if self.services[index].reach.is_built_in())
    }

    /// The service that once had this name, if the call may reach it.
    fn formerly(&self, query: Query<'_, '_>, name: &str) -> Option<Chosen<'_>> {
        let alias = self.directory(query.codec).aliases.get(name)?;
        let index = alias.service;
        let reached = query.is_strict || self.services[index].reach == Reach::Everywhere;
        reached.then_some(Chosen {
            index,
            reason: RouteReason::Alias,
            alias: Some(alias),
        })
    }

    /// The services of this name that the call may reach.
    fn named<'t>(directory: &'t Directory, query: Query<'_, '_>, name: &str) -> &'t [usize] {
        let names = if query.is_strict {
            &directory.grpc_names
        } else {
            &directory.names
        };
        names.get(name).map_or(&[][..], Vec::as_slice)
    }

    /// A name that nobody has.
    fn misnamed<'s, 'm>(
        &self,
        query: Query<'s, 'm>,
        name: &str,
    ) -> Result<Chosen<'_>, RouteError<'s, 'm>> {
        let directory = self.directory(query.codec);
        match directory.holders(query.method) {
            &[index] if !self.refuse_nameless && !query.is_strict => {
                return Ok(Chosen::new(index, RouteReason::WrongName));
            }
            _ => {}
        }
        let other = self.other_directory(query.codec);
        if spellings(query, name).all(|name| Self::named(other, query, name).is_empty()) {
            Err(RouteError::UnknownService(query))
        } else {
            Err(RouteError::OtherCodec(query.codec))
        }
    }

    fn nameless<'s, 'm>(&self, query: Query<'s, 'm>) -> Result<Chosen<'_>, RouteError<'s, 'm>> {
        if query.is_strict {
            return Err(RouteError::UnknownService(query));
        }
        if self.refuse_nameless {
            return Err(RouteError::NoServiceName);
        }
        let directory = self.directory(query.codec);
        let holders = directory.holders(query.method);
        if let Some(index) = self.fallback_among(directory, holders) {
            return Ok(Chosen::new(index, RouteReason::Fallback));
        }
        match holders {
            &[index] => Ok(Chosen::new(index, RouteReason::Method)),
            [] if !self
                .other_directory(query.codec)
                .holders(query.method)
                .is_empty() =>
            {
                Err(RouteError::OtherCodec(query.codec))
            }
            _ => Err(RouteError::UnknownService(query)),
        }
    }

    /// The services of the codec that this is not.
    fn other_directory(&self, codec: Codec) -> &Directory {
        match codec {
            Codec::Protobuf => &self.thrift,
            _ => &self.protobuf,
        }
    }

    /// The fallback, when it is one of these and may answer for what is ambiguous.
    fn fallback_among(&self, directory: &Directory, services: &[usize]) -> Option<usize> {
        directory
            .fallback
            .filter(|index| !self.refuse_nameless && services.contains(index))
    }

    fn directory(&self, codec: Codec) -> &Directory {
        match codec {
            Codec::Protobuf => &self.protobuf,
            _ => &self.thrift,
        }
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
        codec: Codec,
        service: Option<&str>,
        method: &str,
    ) -> Explanation {
        let query = Query::new(transport, codec, service, method);
        let outcome = match self.find(query) {
            Ok((service, route)) => Ok((service.full_name.clone(), route.reason)),
            Err(_) if self.unknown(query).is_some() => {
                let name = query.service.unwrap_or_default();
                Ok((name.to_owned(), RouteReason::Unknown))
            }
            Err(error) => Err(error.to_exception()),
        };
        Explanation {
            transport,
            codec,
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
    /// How its messages would be written.
    pub codec: Codec,
    /// The service that it would name.
    pub service: Option<String>,
    /// The method.
    pub method: String,
    /// The service that would answer, with its package, and why it; with the reason
    /// [`Unknown`](RouteReason::Unknown) the name that was given to it. Or what the caller would be
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
            Ok((_, RouteReason::Unknown)) => f.write_str("the handler for unknown ones"),
            Ok((service, reason)) => write!(f, "{service} ({reason})"),
            Err(exception) => write!(f, "exception {}: {exception}", exception.type_id),
        }
    }
}

impl Unknown {
    /// The method that this query asks for, made for one call: a name that a peer makes up is kept
    /// nowhere.
    fn route(&self, query: Query<'_, '_>, kind: CallKind) -> Route {
        let info = MethodInfo {
            kind,
            codec: query.codec,
            ..MethodInfo::new(query.service.unwrap_or_default(), query.method)
        };
        let method = ServiceMethod {
            info: Arc::new(info),
            endpoint: Arc::clone(&self.endpoint),
            stack: Arc::clone(&self.stack),
        };
        Route {
            method: Arc::new(method),
            reason: RouteReason::Unknown,
            alias: None,
        }
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unknown")
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("options", &self.options)
            .field("refuse_nameless", &self.refuse_nameless)
            .field("unknown", &self.unknown.len())
            .finish()
    }
}

impl Directory {
    fn holders(&self, method: &str) -> &[usize] {
        self.methods.get(method).map_or(&[], Vec::as_slice)
    }
}

/// The route table, a line a service and a line for each name that several services have.
impl fmt::Display for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, service) in self.services.iter().enumerate() {
            let role = if self.combined == Some(index) {
                " (combined)"
            } else if self.directory(service.codec).fallback == Some(index) {
                " (fallback)"
            } else {
                match service.reach {
                    Reach::Everywhere => "",
                    Reach::Grpc => " (gRPC only)",
                    Reach::BuiltIn | Reach::BuiltInByName => " (built in)",
                }
            };
            let (count, codec) = (service.methods.len(), service.codec);
            let methods = if count == 1 { "method" } else { "methods" };
            writeln!(f, "{}{role}: {codec}, {count} {methods}", service.full_name)?;
        }
        if self.unknown.is_some() {
            writeln!(
                f,
                "what no service has goes to the handler for unknown ones"
            )?;
        }
        if self.refuse_nameless && self.combined.is_none() {
            return f.write_str("calls without a service name are refused");
        }
        for codec in [Codec::ThriftBinary, Codec::Protobuf] {
            let mut shared: Vec<_> = self
                .directory(codec)
                .methods
                .iter()
                .filter(|(_, holders)| holders.len() > 1)
                .collect();
            shared.sort();
            for (method, holders) in shared {
                let names = self.full_names(holders).join(", ");
                let explanation = self.explain(Transport::Framed, codec, None, method);
                writeln!(f, "{method} is in {names}; {explanation}")?;
            }
        }
        f.write_str("calls without a service name find theirs by method")
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::admission::Admission;
    use crate::service::RawHandler;

    struct Nothing;

    impl RawHandler for Nothing {
        async fn call(&self, _: &mut Context, _: Bytes) -> Result<Bytes, Status> {
            Ok(Bytes::new())
        }
    }

    fn service(package: &str, name: &str) -> Service {
        Service {
            package: package.to_owned(),
            ..Service::raw(name, ["say"], Nothing)
        }
    }

    /// Who answers for `say`, if anybody does.
    fn who(router: &Router, transport: Transport, name: &str) -> Option<String> {
        let answer = router.explain(transport, Codec::ThriftBinary, Some(name), "say");
        answer.outcome.ok().map(|(service, _)| service)
    }

    #[test]
    fn who_cannot_be_reached_shares_no_name() {
        let services = vec![
            service("a", "Echo"),
            service("b", "Echo").admit(Admission::new().transports([Transport::Grpc])),
            service("a", "Health"),
            #[cfg(feature = "protobuf")]
            service("grpc.health.v1", "Health").built_in(),
        ];
        let rules = Rules {
            refuse_nameless: true,
            ..Rules::default()
        };
        let router = Router::build(services, &rules).unwrap();
        for (transport, name, expected) in [
            (Transport::TtHeader, "Echo", Some("a.Echo")),
            (Transport::TtHeader, "b.Echo", None),
            (Transport::Grpc, "Echo", None),
            (Transport::Grpc, "b.Echo", Some("b.Echo")),
            (Transport::TtHeader, "Health", Some("a.Health")),
            (Transport::Grpc, "Health", Some("a.Health")),
        ] {
            let found = who(&router, transport, name);
            assert_eq!(found.as_deref(), expected, "{name} over {transport}");
        }
    }
}
