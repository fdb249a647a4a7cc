//! Which method a user means.

use polyport_wire::schema::{Schema, Service};

/// A method as it is typed: `SERVICE/METHOD`, `SERVICE.METHOD` as grpcurl has it too, or `METHOD`.
#[derive(Debug)]
pub(super) struct MethodName<'a> {
    service: Option<&'a str>,
    method: &'a str,
}

impl<'a> MethodName<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let text = text.strip_prefix('/').unwrap_or(text);
        let parts = text.rsplit_once('/').or_else(|| text.rsplit_once('.'));
        match parts {
            Some((service, method)) => Self {
                service: Some(service),
                method,
            },
            None => Self {
                service: None,
                method: text,
            },
        }
    }

    /// The services that may have the method, by their full names.
    pub(super) fn among_services(&self, services: &[String]) -> Result<Vec<String>, String> {
        match self.service {
            // The method may tell those of one bare name apart.
            Some(name) => Ok(called(name, services)?.into_iter().cloned().collect()),
            None => Ok(services.to_vec()),
        }
    }

    /// The full name of the service and the name of its method; only these services count.
    pub(super) fn in_schema(
        &self,
        schema: &Schema,
        services: &[String],
    ) -> Result<(String, String), String> {
        let services: Vec<(String, &Service)> = schema
            .services
            .iter()
            .map(|service| (service.full_name(), service))
            .filter(|(name, _)| services.contains(name))
            .collect();
        let having: Vec<&String> = services
            .iter()
            .filter(|(_, service)| service.methods.iter().any(|m| m.name == self.method))
            .map(|(name, _)| name)
            .collect();
        match having[..] {
            [service] => Ok((service.clone(), self.method.to_owned())),
            [] => Err(self.unknown(&services)),
            _ => Err(self.shared(&having)),
        }
    }

    fn unknown(&self, services: &[(String, &Service)]) -> String {
        let methods = services
            .iter()
            .flat_map(|(name, service)| service.methods.iter().map(move |m| (name, &m.name)));
        let place = match services {
            [(name, _)] => format!("service {name} has no method {}", self.method),
            _ => format!("no service has a method {}", self.method),
        };
        let known: Vec<String> = match services {
            [(_, service)] => service.methods.iter().map(|m| m.name.clone()).collect(),
            _ => methods.map(|(name, m)| format!("{name}/{m}")).collect(),
        };
        format!("{place}{}", suggestion(self.method, &known))
    }

    fn shared(&self, having: &[&String]) -> String {
        let method = self.method;
        let names: Vec<String> = having
            .iter()
            .map(|name| format!("{name}/{method}"))
            .collect();
        let (count, names) = (having.len(), names.join(", "));
        format!("{count} services have a method {method}, so say which one: {names}")
    }
}

/// The full name of a service that is named with its package or without. Every command finds
/// services by this.
pub(crate) fn service<'s>(name: &str, services: &'s [String]) -> Result<&'s str, String> {
    let having = called(name, services)?;
    match having[..] {
        [full] => Ok(full),
        _ => {
            let names: Vec<&str> = having.iter().map(|name| name.as_str()).collect();
            let (count, names) = (names.len(), names.join(", "));
            Err(format!(
                "{count} services are called {name}, so say the package: {names}"
            ))
        }
    }
}

/// The full names of the services that are called so with their package, or else without.
fn called<'s>(name: &str, services: &'s [String]) -> Result<Vec<&'s String>, String> {
    if let Some(full) = services.iter().find(|full| *full == name) {
        return Ok(vec![full]);
    }
    let bare = |full: &&String| full.rsplit_once('.').is_some_and(|(_, bare)| bare == name);
    let mut having: Vec<&String> = services.iter().filter(bare).collect();
    // Those of both codecs may have one name.
    having.sort();
    having.dedup();
    match having.is_empty() {
        false => Ok(having),
        true => Err(format!(
            "there is no service {name}{}",
            suggestion(name, services)
        )),
    }
}

/// What is there instead, and which of it was probably meant.
pub(crate) fn suggestion(typed: &str, known: &[String]) -> String {
    /// Less than this is another word.
    const ALIKE: f64 = 0.8;
    /// More than these are read by nobody.
    const MOST: usize = 20;
    let last = |name: &str| {
        name.rsplit(['.', '/'])
            .next()
            .unwrap_or(name)
            .to_lowercase()
    };
    let typed = last(typed);
    let alike = known
        .iter()
        .map(|name| (strsim::jaro_winkler(&typed, &last(name)), name))
        .filter(|(alike, _)| *alike >= ALIKE)
        // The first of those that are equally alike.
        .min_by(|(left, _), (right, _)| right.total_cmp(left));
    let meant = alike.map_or_else(String::new, |(_, name)| format!(" did you mean {name}?"));
    match known {
        [] => "; there is none at all".to_owned(),
        known if known.len() <= MOST => format!(";{meant} there are [{}]", known.join(", ")),
        known => {
            let (first, more) = known.split_at(MOST);
            let (first, more) = (first.join(", "), more.len());
            format!(";{meant} there are [{first}] and {more} more")
        }
    }
}

#[cfg(test)]
mod tests {
    use polyport_wire::schema::Method;

    use super::*;

    fn schema() -> Schema {
        let service = |package: &str, name: &str, methods: &[&str]| Service {
            methods: methods.iter().copied().map(Method::new).collect(),
            ..Service::new(package, name)
        };
        let services = vec![
            service("a.v1", "Echo", &["echo", "ping"]),
            service("b.v1", "Echo", &["echo"]),
            service("", "Clock", &["now"]),
        ];
        Schema {
            services,
            ..Schema::default()
        }
    }

    fn find(text: &str) -> Result<String, String> {
        let schema = schema();
        let services: Vec<String> = schema.services.iter().map(Service::full_name).collect();
        let name = MethodName::parse(text);
        let wanted = name.among_services(&services)?;
        let (service, method) = name.in_schema(&schema, &wanted)?;
        Ok(format!("{service}/{method}"))
    }

    #[test]
    fn a_method_may_be_named_in_several_ways() {
        for (typed, found) in [
            ("a.v1.Echo/echo", "a.v1.Echo/echo"),
            ("/a.v1.Echo/echo", "a.v1.Echo/echo"),
            ("b.v1.Echo.echo", "b.v1.Echo/echo"),
            ("Clock/now", "Clock/now"),
            // Two are called so, and one of them has the method.
            ("Echo/ping", "a.v1.Echo/ping"),
            ("ping", "a.v1.Echo/ping"),
        ] {
            assert_eq!(find(typed).as_deref(), Ok(found), "{typed}");
        }
    }

    #[test]
    fn what_is_not_there_or_more_than_once_is_said_with_what_is() {
        for (typed, problem) in [
            (
                "Echo/echo",
                "2 services have a method echo, so say which one: a.v1.Echo/echo, b.v1.Echo/echo",
            ),
            (
                "Echo/now",
                "no service has a method now; there are [a.v1.Echo/echo, a.v1.Echo/ping, \
                 b.v1.Echo/echo]",
            ),
            (
                "echo",
                "2 services have a method echo, so say which one: a.v1.Echo/echo, b.v1.Echo/echo",
            ),
            (
                "Clok/now",
                "there is no service Clok; did you mean Clock? there are [a.v1.Echo, b.v1.Echo, Clock]",
            ),
            (
                "a.v1.Echo/pong",
                "service a.v1.Echo has no method pong; did you mean ping? there are [echo, ping]",
            ),
            (
                "zzz",
                "no service has a method zzz; there are [a.v1.Echo/echo, a.v1.Echo/ping, \
                 b.v1.Echo/echo, Clock/now]",
            ),
        ] {
            assert_eq!(find(typed), Err(problem.to_owned()), "{typed}");
        }
    }
}
