//! What is typed about the services of one server.

/// Which of the IDLs' services it has, and who answers calls that name none.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ServingArgs {
    /// Of the IDLs' services only this one, with its package or without; several may be given.
    ///
    /// Without any, all services of the given files, and none of those that they include.
    #[arg(long = "service", value_name = "NAME")]
    pub(crate) services: Vec<String>,

    /// The service that answers what several have, with its package or without; one for each codec.
    #[arg(long = "fallback", value_name = "NAME")]
    pub(crate) fallbacks: Vec<String>,

    /// Refuse calls that do not say which service they are for.
    #[arg(long)]
    pub(crate) refuse_traffic_without_service_name: bool,
}
