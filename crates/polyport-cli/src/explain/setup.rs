//! The services of a server, as the command line gives them.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use polyport::admission::Admission;
use polyport::service::{RawHandler, UnknownHandler, Uses};
use polyport::{Codec, Context, Server, Service, Status, Transport};
use polyport_build::ServiceOutline;

use crate::args::ExplainArgs;
use crate::failure::Failure;
use crate::report;
use crate::target::names;

/// What a server is made of.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) services: Vec<Registration>,
    pub(super) refuses_nameless: bool,
    unknown: bool,
}

/// A service with what is said about it beside its IDL.
#[derive(Clone, Debug)]
pub(super) struct Registration {
    service: Service,
    /// Whether it stands in a given file, and not in one that this includes.
    is_given: bool,
    pub(super) combined: bool,
    pub(super) fallback: bool,
    pub(super) grpc_only: bool,
    pub(super) aliases: Vec<String>,
}

impl Registration {
    fn new(outline: &ServiceOutline, given: &Path) -> Self {
        let description = &outline.description;
        Self {
            service: Service::raw_of(description, Nobody),
            is_given: outline.file == given,
            combined: description.combined,
            fallback: false,
            grpc_only: false,
            aliases: Vec::new(),
        }
    }

    pub(super) fn full_name(&self) -> String {
        self.service.full_name()
    }

    pub(super) fn name(&self) -> &str {
        self.service.name()
    }

    pub(super) fn codec(&self) -> Codec {
        self.service.codec()
    }

    pub(super) fn methods(&self) -> impl Iterator<Item = &str> {
        self.service.methods()
    }

    fn service(&self) -> Service {
        let mut service = self.service.clone();
        if self.fallback {
            service = service.fallback();
        }
        if self.grpc_only {
            service = service.admit(Admission::new().transports([Transport::Grpc]));
        }
        let uses = Uses::default();
        let aliases = self.aliases.iter();
        aliases.fold(service, |service, alias| service.alias(alias, &uses))
    }
}

impl Setup {
    /// # Errors
    ///
    /// When an IDL has mistakes, or when an option names a service that is not there.
    pub(super) fn new(args: &ExplainArgs) -> Result<Self, Failure> {
        let mut setup = Self {
            services: services(args)?,
            refuses_nameless: args.serving.refuse_traffic_without_service_name,
            unknown: args.unknown,
        };
        match args.serving.services.as_slice() {
            [] => setup.services.retain(|service| service.is_given),
            names => setup.keep(names)?,
        }
        for name in &args.serving.fallbacks {
            setup.change(name, |service| service.fallback = true)?;
        }
        for name in &args.grpc_only {
            setup.change(name, |service| service.grpc_only = true)?;
        }
        for (old, name) in &args.alias {
            setup.change(name, |service| service.aliases.push(old.clone()))?;
        }
        Ok(setup)
    }

    /// The server that has these services.
    pub(super) fn server(&self) -> Server {
        let mut server = Server::new().add_all(self.services.iter().map(Registration::service));
        if self.refuses_nameless {
            server = server.refuse_traffic_without_service_name();
        }
        match self.unknown {
            true => server.unknown(Nobody),
            false => server,
        }
    }

    /// The codecs of the services.
    pub(super) fn codecs(&self) -> Vec<Codec> {
        let all = [Codec::ThriftBinary, Codec::Protobuf].into_iter();
        all.filter(|codec| self.of_codec(*codec).next().is_some())
            .collect()
    }

    pub(super) fn of_codec(&self, codec: Codec) -> impl Iterator<Item = &Registration> {
        let services = self.services.iter();
        services.filter(move |service| service.codec() == codec)
    }

    /// A server like this one, of the services of one codec, of which this one is the fallback.
    pub(super) fn with_fallback(&self, fallback: &Registration) -> Self {
        let mut services: Vec<_> = self.of_codec(fallback.codec()).cloned().collect();
        for service in &mut services {
            service.fallback = service.full_name() == fallback.full_name();
        }
        Self { services, ..*self }
    }

    /// A server like this one, of the services of one codec.
    pub(super) fn only(&self, codec: Codec) -> Self {
        let services = self.of_codec(codec).cloned().collect();
        Self { services, ..*self }
    }

    /// A server like this one that refuses calls without a service name.
    pub(super) fn refusing(&self) -> Self {
        Self {
            services: self.services.clone(),
            refuses_nameless: true,
            ..*self
        }
    }

    fn keep(&mut self, names: &[String]) -> Result<(), Failure> {
        let kept = names.iter().map(|name| self.identity(name));
        let kept: Vec<String> = kept.collect::<Result<_, _>>()?;
        let mut services = std::mem::take(&mut self.services);
        // Several files may include one of them.
        services.sort_by_key(|service| !service.is_given);
        for service in services {
            let is_it = |other: &Registration| {
                other.full_name() == service.full_name() && other.codec() == service.codec()
            };
            let is_new = service.is_given || !self.services.iter().any(is_it);
            if is_new && kept.contains(&service.full_name()) {
                self.services.push(service);
            }
        }
        Ok(())
    }

    /// Changes the service of this name, in each codec the first one: that there are more is a mistake
    /// that the server finds.
    fn change(&mut self, name: &str, change: impl Fn(&mut Registration)) -> Result<(), Failure> {
        let identity = self.identity(name)?;
        for codec in self.codecs() {
            let mut services = self.services.iter_mut();
            let is_it = |service: &&mut Registration| {
                service.codec() == codec && service.full_name() == identity
            };
            services.find(is_it).into_iter().for_each(&change);
        }
        Ok(())
    }

    /// The full name of the service that is meant.
    fn identity(&self, name: &str) -> Result<String, Failure> {
        let known: Vec<String> = self.services.iter().map(Registration::full_name).collect();
        let found = names::service(name, &known).map(str::to_owned);
        found.map_err(Failure::Usage)
    }
}

/// Each file is read apart, as if its code had been generated apart: what they have in common is found
/// out by the server.
fn services(args: &ExplainArgs) -> Result<Vec<Registration>, Failure> {
    let builder = args.idl.include_dirs.builder();
    let builder = builder.combine_service(args.combine_service);
    let files = args.idl.files.iter();
    let files = files.map(|path| (path, builder.outline(&[path], ROOT)));
    let sets = args.idl.descriptors.paths().iter();
    let of_set = |set| builder.clone().descriptor_set(set).outline(&NO_FILES, ROOT);
    let sets = sets.map(|set| (set, of_set(set)));
    let mut services = Vec::new();
    let mut failed = None;
    for (path, outline) in files.chain(sets) {
        match outline {
            Ok(outline) => {
                let found = outline.services.iter();
                services.extend(found.map(|service| Registration::new(service, path)));
            }
            Err(error) => {
                if let Some(earlier) = failed.replace(error) {
                    report::print(earlier.report(), args.json)?;
                }
            }
        }
    }
    if let Some(error) = failed {
        return Err(Failure::Idl(error));
    }
    if args.combine_service && args.serving.services.is_empty() {
        services.retain(|service| service.combined);
    }
    Ok(services)
}

const NO_FILES: [PathBuf; 0] = [];

/// Where generated code would stand, if there were any.
const ROOT: &str = "crate";

/// Nobody calls a server that is never bound.
struct Nobody;

impl RawHandler for Nobody {
    async fn call(&self, cx: &mut Context, _: Bytes) -> Result<Bytes, Status> {
        Err(Status::error(format!("{} is not served", cx.method())))
    }
}

impl UnknownHandler for Nobody {
    async fn call(&self, cx: &mut Context, _: Bytes) -> Result<Bytes, Status> {
        Err(Status::error(format!("{} is not served", cx.method())))
    }
}
