//! What a project is to be.

use polyport_build::ServiceOutline;

use super::script::Inputs;
use crate::args::NewArgs;
use crate::failure::Failure;

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
        for name in &args.service {
            let name = find(&mut all.iter(), name)?.description.full_name();
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
        let of = |name: &String| {
            let service = find(&mut self.services.iter().copied(), name)?;
            Ok(service.description.full_name())
        };
        names.iter().map(of).collect()
    }
}

/// The service of this name, with its package or without.
fn find<'a>(
    services: &mut dyn Iterator<Item = &'a ServiceOutline>,
    name: &str,
) -> Result<&'a ServiceOutline, Failure> {
    let services: Vec<&ServiceOutline> = services.collect();
    let mut full = services
        .iter()
        .filter(|it| it.description.full_name() == name);
    if let Some(service) = full.next() {
        return Ok(service);
    }
    let bare = services.iter().filter(|it| it.description.name == name);
    let bare: Vec<&ServiceOutline> = bare.copied().collect();
    match bare.as_slice() {
        [service] => Ok(service),
        [] => Err(Failure::Other(format!(
            "there is no service `{name}` to serve; there are {}",
            names(&services)
        ))),
        several => Err(Failure::Other(format!(
            "`{name}` is the name of several services: say which, {}",
            names(several)
        ))),
    }
}

fn names(services: &[&ServiceOutline]) -> String {
    let names = services
        .iter()
        .map(|service| service.description.full_name());
    names.collect::<Vec<_>>().join(", ")
}
