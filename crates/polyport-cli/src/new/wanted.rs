//! What a project is to be.

use polyport_build::ServiceOutline;

use super::script::Inputs;
use crate::args::NewArgs;
use crate::failure::Failure;
use crate::target::names;

/// What it is made from, and the services that it serves.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) inputs: Inputs,
    /// All services of the IDLs.
    pub(super) all: &'a [ServiceOutline],
    /// Those that are served.
    pub(super) services: Vec<&'a ServiceOutline>,
    /// Their names, if they were asked for by name.
    pub(super) names: Vec<String>,
}

impl<'a> Wanted<'a> {
    /// `names` are those that were asked for before.
    pub(super) fn new(
        args: &NewArgs,
        inputs: Inputs,
        mut names: Vec<String>,
        all: &'a [ServiceOutline],
    ) -> Result<Self, Failure> {
        for name in full_names(&args.service, all)? {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let is_given = |service: &&ServiceOutline| {
            let mut files = inputs.files.iter();
            files.any(|file| service.file.as_os_str() == file.as_str())
        };
        let is_wanted = |service: &&ServiceOutline| match names.is_empty() {
            true => is_given(service) && service.description.combined == inputs.combine,
            false => names.contains(&service.description.full_name()),
        };
        Ok(Self {
            services: all.iter().filter(is_wanted).collect(),
            inputs,
            all,
            names,
        })
    }

    pub(super) fn serves(&self, service: &ServiceOutline) -> bool {
        let mut services = self.services.iter();
        services.any(|served| std::ptr::eq(*served, service))
    }

    /// The full names of served services that were named in full or without their package.
    pub(super) fn full_names(&self, names: &[String]) -> Result<Vec<String>, Failure> {
        full_names(names, self.services.iter().copied())
    }
}

fn full_names<'a>(
    named: &[String],
    services: impl IntoIterator<Item = &'a ServiceOutline>,
) -> Result<Vec<String>, Failure> {
    let services = services.into_iter();
    let known: Vec<String> = services.map(|it| it.description.full_name()).collect();
    let full_name = |name: &String| names::service(name, &known).map(str::to_owned);
    let full_names: Result<_, _> = named.iter().map(full_name).collect();
    full_names.map_err(Failure::Usage)
}
