//! The services of a server that runs, and the tables that are made of them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use polyport_wire::transport::Codec;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::built_in::thrift_reflection::{self, Tables};
#[cfg(feature = "protobuf")]
use crate::built_in::{health::Health, reflection};
use crate::error::Error;
use crate::registration::RegistrationError;
use crate::router::{Router, Rules};
use crate::service::Service;

/// The services of a server, to look at them and to change them while it serves; see
/// [`Listening::registry`](crate::server::Listening::registry).
///
/// A change is checked like the services of a server that starts, and made as a whole or not at all:
/// every call goes by the services before it or by those after it. Calls that are being served are
/// finished by the service that they began with. Health checks and reflection follow.
///
/// # Examples
///
/// ```
/// # use bytes::Bytes;
/// # use polyport::service::RawHandler;
/// # use polyport::{Context, Status};
/// # struct Old;
/// # struct New;
/// # impl RawHandler for Old {
/// #     async fn call(&self, _cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
/// #         Ok(Bytes::new())
/// #     }
/// # }
/// # impl RawHandler for New {
/// #     async fn call(&self, _cx: &mut Context, _arguments: Bytes) -> Result<Bytes, Status> {
/// #         Ok(Bytes::new())
/// #     }
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<(), polyport::Error> {
/// use std::time::Duration;
/// use polyport::{Codec, Server, Service};
///
/// let listening = Server::new()
///     .add(Service::raw("Cart", ["add"], Old))
///     .bind("127.0.0.1:0")
///     .await?;
/// let registry = listening.registry();
/// tokio::spawn(listening.serve_until(std::future::pending()));
///
/// registry.add(Service::raw("Stock", ["count"], New))?;
/// let old = registry.replace(Service::raw("Cart", ["add", "clear"], New))?;
/// assert!(old.finished_within(Duration::from_secs(5)).await);
/// registry.remove(Codec::ThriftBinary, "Cart")?.finished_within(Duration::from_secs(5)).await;
/// assert_eq!(registry.list().len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Registry(pub(super) Arc<Catalog>);

/// A service that takes no more calls; those that it has are finished.
#[derive(Debug)]
pub struct Draining(watch::Receiver<()>);

impl Registry {
    /// Adds a service.
    ///
    /// # Errors
    ///
    /// Everything that would be wrong with the services then, at once; nothing has changed.
    pub fn add(&self, service: Service) -> Result<(), Error> {
        self.0.change(|services| {
            services.push(service.registered());
            Ok(())
        })
    }

    /// Replaces the service of the same name, package and codec.
    ///
    /// # Errors
    ///
    /// As for [`add`](Self::add), and when there is no such service.
    pub fn replace(&self, service: Service) -> Result<Draining, Error> {
        let (codec, name) = (service.codec, service.full_name());
        self.0.change(|services| {
            let old = position(services, codec, &name)?;
            let old = std::mem::replace(&mut services[old], service.registered());
            Ok(Draining::of(&old))
        })
    }

    /// Removes the service of this codec and name, with its package: who calls it from now on is
    /// told that it is unknown.
    ///
    /// # Errors
    ///
    /// Everything that would be wrong with the services then, at once, such as that there are none;
    /// or when there is no such service. Nothing has changed.
    pub fn remove(&self, codec: Codec, name: &str) -> Result<Draining, Error> {
        self.0.change(|services| {
            let old = services.remove(position(services, codec, name)?);
            Ok(Draining::of(&old))
        })
    }

    /// The services as they are now, without those that come with the server, in the order in which
    /// they were added: their names, methods and [schemas](Service::schema).
    #[must_use]
    pub fn list(&self) -> Vec<Service> {
        let services = self.0.services.lock();
        let services = services.unwrap_or_else(PoisonError::into_inner);
        // Who looks at a service does not serve it.
        services.iter().cloned().map(Service::registered).collect()
    }

    /// The tables by which calls find their services now.
    #[must_use]
    pub fn router(&self) -> Arc<Router> {
        self.0.router.load_full()
    }
}

impl Draining {
    fn of(service: &Service) -> Self {
        Self(service.presence.subscribe())
    }

    /// Waits until the last of its calls is done, streams among them; gives whether that was within
    /// this time. Calls that take longer go on, and can be waited for again.
    pub async fn finished_within(&self, limit: Duration) -> bool {
        let mut presence = self.0.clone();
        let finished = async { while presence.changed().await.is_ok() {} };
        timeout(limit, finished).await.is_ok()
    }
}

/// Where the service of this codec and name is.
fn position(services: &[Service], codec: Codec, name: &str) -> Result<usize, RegistrationError> {
    let mut all = services.iter();
    all.position(|service| service.codec == codec && service.full_name() == name)
        .ok_or_else(|| RegistrationError::NotRegistered {
            service: name.to_owned(),
        })
}

/// What the connections of a server share of its services.
pub(super) struct Catalog {
    /// Replaced as a whole, so that a call takes no lock.
    router: Arc<ArcSwap<Router>>,
    /// Those that were added. Who changes them makes the tables before anybody else can.
    services: Mutex<Vec<Service>>,
    rules: Rules,
    built_in: BuiltIn,
}

impl Catalog {
    pub(super) fn new(
        services: Vec<Service>,
        rules: Rules,
        built_in: BuiltIn,
    ) -> Result<Self, Error> {
        let services: Vec<_> = services.into_iter().map(Service::registered).collect();
        let router = built_in.router(&services, &rules)?;
        built_in.begin(&services);
        let router = Arc::new(ArcSwap::from_pointee(router));
        built_in.tables.are(&router);
        Ok(Self {
            router,
            services: Mutex::new(services),
            rules,
            built_in,
        })
    }

    /// The tables of this moment, for one call.
    pub(super) fn router(&self) -> Guard<Arc<Router>> {
        self.router.load()
    }

    /// Tells those who ask for it that the server stops.
    pub(super) fn stop(&self) {
        self.built_in.stop();
    }

    /// Makes a change, if what comes of it has no mistakes.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Service>) -> Result<T, RegistrationError>,
    ) -> Result<T, Error> {
        let services = self.services.lock();
        let mut services = services.unwrap_or_else(PoisonError::into_inner);
        let mut after = services.clone();
        let changed = change(&mut after).map_err(|error| Error::registration(vec![error]))?;
        let router = self.built_in.router(&after, &self.rules)?;
        self.router.store(Arc::new(router));
        self.built_in.follow(&services, &after);
        *services = after;
        tracing::info!("the services have changed\n{}", *self.router());
        Ok(changed)
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog")
            .field("router", &self.router)
            .finish_non_exhaustive()
    }
}

/// The services that come with the server and tell of the others.
#[derive(Clone, Debug, Default)]
pub(super) struct BuiltIn {
    #[cfg(feature = "protobuf")]
    pub(super) health: Option<Health>,
    pub(super) reflects: bool,
    tables: Tables,
}

impl BuiltIn {
    /// The tables of these services, and of those that come with the server.
    pub(super) fn router(&self, services: &[Service], rules: &Rules) -> Result<Router, Error> {
        let mut all = services.to_vec();
        self.add_health(&mut all);
        if self.reflects {
            #[cfg(feature = "protobuf")]
            all.extend(reflection::services(&all));
            all.push(thrift_reflection::service(&all, rules, &self.tables));
        }
        Router::build(all, rules)
    }
}

#[cfg(feature = "protobuf")]
impl BuiltIn {
    fn add_health(&self, services: &mut Vec<Service>) {
        services.extend(self.health.as_ref().map(Health::service));
    }

    fn begin(&self, services: &[Service]) {
        if let Some(health) = &self.health {
            health.begin(services.iter().map(Service::full_name));
        }
    }

    fn follow(&self, before: &[Service], after: &[Service]) {
        if let Some(health) = &self.health {
            let names = |services: &[Service]| services.iter().map(Service::full_name).collect();
            health.follow(&names(before), names(after));
        }
    }

    fn stop(&self) {
        if let Some(health) = &self.health {
            health.stop();
        }
    }
}

#[cfg(not(feature = "protobuf"))]
#[expect(clippy::unused_self, reason = "there is no health without Protobuf")]
impl BuiltIn {
    fn add_health(&self, _services: &mut Vec<Service>) {}

    fn begin(&self, _services: &[Service]) {}

    fn follow(&self, _before: &[Service], _after: &[Service]) {}

    fn stop(&self) {}
}
