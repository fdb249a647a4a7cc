//! A server's word on its services over Thrift, of both codecs.

use std::collections::BTreeSet;
use std::time::Duration;

use buffa_descriptor::generated::descriptor::FileDescriptorSet;
use bytes::Bytes;
use polyport::protobuf::Message;
use polyport::reflection::{Listing, Reflection};
use polyport::{Client, Transport};
use polyport_wire::schema::Schema;

use crate::args::TargetArgs;
use crate::failure::Failure;

/// How long the server may take, unless the user says otherwise: one that does not know the transport
/// may say nothing at all.
const PATIENCE: Duration = Duration::from_secs(2);

/// A server that tells.
#[derive(Debug)]
pub(crate) struct ThriftReflection {
    server: Reflection,
    listing: Listing,
}

impl ThriftReflection {
    /// Asks for the services.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached; or, inside, what it answers if it has no such reflection.
    pub(crate) async fn begin(args: &TargetArgs) -> Result<Result<Self, String>, Failure> {
        let transport = args.transport.map(|name| name.transport());
        let transport = transport.unwrap_or(Transport::TtHeader);
        let mut options = Client::options(&args.address)
            .transport(transport)
            .connect_timeout(args.connect_timeout)
            .timeout(args.timeout.unwrap_or(PATIENCE));
        if !transport.carries_service_name() {
            options = options.multiplexed_names();
        }
        let client = options.connect().await;
        let client = client.map_err(|error| Failure::Other(error.to_string()))?;
        let server = Reflection::new(&client);
        let listing = server.list().await;
        Ok(listing
            .map(|listing| Self { server, listing })
            .map_err(|status| status.to_string()))
    }

    pub(crate) fn listing(&self) -> &Listing {
        &self.listing
    }

    /// The full names of all services, each once.
    pub(crate) fn services(&self) -> Vec<String> {
        let services = self.listing.services.iter();
        let names: BTreeSet<String> = services.map(|service| service.full_name()).collect();
        names.into_iter().collect()
    }

    /// The schema of these services, of both codecs.
    ///
    /// # Errors
    ///
    /// When the server knows the types of none of them.
    pub(crate) async fn schema(&self, services: &[String]) -> Result<Schema, Failure> {
        let mut all = Schema::default();
        let mut problem = None;
        for service in &self.listing.services {
            let name = service.full_name();
            if !services.contains(&name) {
                continue;
            }
            match self.server.schema(service.codec, &name).await {
                Ok(schema) => all.append(schema),
                // One that is not described makes the others no less useful.
                Err(status) => problem = problem.or(Some(status)),
            }
        }
        if let Some(status) = problem.filter(|_| all.services.is_empty()) {
            return Err(Failure::Other(status.to_string()));
        }
        all.descriptors = each_once(&all.descriptors);
        Ok(all)
    }
}

/// Services share files.
fn each_once(descriptors: &Bytes) -> Bytes {
    let Ok(mut set) = FileDescriptorSet::decode(&mut descriptors.clone()) else {
        return descriptors.clone();
    };
    let mut names = BTreeSet::new();
    set.file.retain(|file| names.insert(file.name.clone()));
    set.encode_to_vec().into()
}
