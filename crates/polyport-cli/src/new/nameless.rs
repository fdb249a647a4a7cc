//! Who answers calls that name no service, where several services have the method.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use bytes::Bytes;
use polyport::registration::RegistrationError;
use polyport::service::RawHandler;
use polyport::{Context, Server, Service, Status};
use polyport_build::ServiceOutline;

use crate::args::NewArgs;
use crate::failure::Failure;

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Nameless {
    /// The full names of the fallback services, of which each codec can have one.
    pub(super) fallbacks: Vec<String>,
    /// Nobody answers such calls.
    pub(super) are_refused: bool,
}

/// A method that several services have and nobody decides between them.
#[derive(Debug)]
struct Conflict {
    method: String,
    services: Vec<String>,
}

/// A server is asked what it would say, which needs no handlers.
struct Nobody;

impl RawHandler for Nobody {
    async fn call(&self, cx: &mut Context, _: Bytes) -> Result<Bytes, Status> {
        Err(cx.not_implemented())
    }
}

impl Nameless {
    /// Lets the user decide what is left to be decided, if there is somebody to ask.
    pub(super) fn decide(
        &mut self,
        services: &[&ServiceOutline],
        args: &NewArgs,
    ) -> Result<(), Failure> {
        if !args.json && stdin().is_terminal() && stderr().is_terminal() {
            self.ask(services, &mut stdin().lock(), &mut stderr())?;
        }
        match self.open_question(services)? {
            None => Ok(()),
            Some(question) => Err(Failure::Other(format!(
                "{question}\nname the service that answers such calls by `--fallback NAME`, or \
                 refuse them by `--refuse-traffic-without-service-name`"
            ))),
        }
    }

    /// What is left to decide, in words; nothing if it is well.
    fn open_question(&self, services: &[&ServiceOutline]) -> Result<Option<String>, Failure> {
        let conflicts = self.conflicts(services)?;
        if conflicts.is_empty() {
            return Ok(None);
        }
        Ok(Some(question(&conflicts)))
    }

    /// Asks until everything is decided; without an answer it is not.
    fn ask(
        &mut self,
        services: &[&ServiceOutline],
        input: &mut impl BufRead,
        output: &mut impl Write,
    ) -> Result<(), Failure> {
        loop {
            let conflicts = self.conflicts(services)?;
            let Some(first) = conflicts.first() else {
                return Ok(());
            };
            let candidates = self.candidates(services, first, &conflicts);
            writeln!(output, "{}\nWho answers such calls?", question(&conflicts))?;
            for (name, number) in candidates.iter().zip(1..) {
                writeln!(output, "  {number}  {name}")?;
            }
            let refuse = candidates.len() + 1;
            write!(output, "  {refuse}  nobody, they are refused\n> ")?;
            output.flush()?;
            let mut answer = String::new();
            if input.read_line(&mut answer)? == 0 {
                return Ok(());
            }
            match answer.trim().parse::<usize>() {
                Ok(number) if number == refuse => self.are_refused = true,
                Ok(number) if (1..refuse).contains(&number) => {
                    self.fallbacks.push(candidates[number - 1].clone());
                }
                _ => writeln!(output, "Type a number from 1 to {refuse}.\n")?,
            }
        }
    }

    /// The services that can be the fallback which settles all conflicts of this one's codec.
    fn candidates(
        &self,
        services: &[&ServiceOutline],
        first: &Conflict,
        conflicts: &[Conflict],
    ) -> Vec<String> {
        let codec_of = |name: &String| {
            let mut services = services.iter().map(|service| &service.description);
            let service = services.find(|service| service.full_name() == *name);
            service.map(|service| service.codec)
        };
        let codec = first.services.first().and_then(codec_of);
        if self.fallbacks.iter().any(|name| codec_of(name) == codec) {
            return Vec::new();
        }
        let of_codec = |conflict: &&Conflict| conflict.services.first().and_then(codec_of) == codec;
        let settles = |name: &&String| {
            let mut conflicts = conflicts.iter().filter(of_codec);
            conflicts.all(|conflict| conflict.services.contains(name))
        };
        first.services.iter().filter(settles).cloned().collect()
    }

    /// What a server says of these services.
    fn conflicts(&self, services: &[&ServiceOutline]) -> Result<Vec<Conflict>, Failure> {
        let services = services.iter().map(|service| {
            let is_fallback = self.fallbacks.contains(&service.description.full_name());
            let service = Service::raw_of(&service.description, Nobody);
            if is_fallback {
                service.fallback()
            } else {
                service
            }
        });
        let server = Server::new().add_all(services);
        let server = match self.are_refused {
            true => server.refuse_traffic_without_service_name(),
            false => server,
        };
        let Err(error) = server.router() else {
            return Ok(Vec::new());
        };
        let conflicts = error.registration_errors().iter().map(|error| match error {
            RegistrationError::Conflict {
                method, services, ..
            } => Ok(Conflict {
                method: method.clone(),
                services: services.clone(),
            }),
            RegistrationError::SeveralFallbacks { first, second } => Err(Failure::Other(format!(
                "{first} and {second} cannot both be the fallback: a server has one for each codec"
            ))),
            RegistrationError::NotAlone { combined, others } => Err(Failure::Other(format!(
                "a combined service stands alone, and there are several: {combined}, {}; choose one \
                 by `--service`, or do without `--combine-service`",
                others.join(", ")
            ))),
            other => Err(Failure::Other(other.to_string())),
        });
        conflicts.collect()
    }
}

fn question(conflicts: &[Conflict]) -> String {
    let conflicts: String = conflicts
        .iter()
        .map(|conflict| {
            let services = conflict.services.join(", ");
            format!("\n  `{}` is a method of {services}", conflict.method)
        })
        .collect();
    format!(
        "several services have a method of the same name, and not all clients say which service \
         they call:{conflicts}"
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use polyport_build::Builder;

    use super::*;

    const IDL: &str = "
        service A { void ping() void list() }
        service B { void ping() void list() }
        service C { void ping() }
    ";

    /// What is decided by these answers, and what was asked last.
    #[track_caller]
    fn check(answers: &str, fallbacks: &[&str], are_refused: bool) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.thrift");
        fs::write(&path, format!("namespace * a\n{IDL}")).unwrap();
        let outline = Builder::new().outline(&[path], "crate::idl").unwrap();
        let services: Vec<&ServiceOutline> = outline.services.iter().collect();
        let (mut nameless, mut asked) = (Nameless::default(), Vec::new());
        let asking = nameless.ask(&services, &mut answers.as_bytes(), &mut asked);
        asking.unwrap();
        assert_eq!(nameless.fallbacks, fallbacks);
        assert_eq!(nameless.are_refused, are_refused);
        String::from_utf8(asked).unwrap()
    }

    #[test]
    fn who_is_asked_chooses_among_what_settles_everything() {
        let asked = check("2\n", &["a.B"], false);
        let expected = "\
several services have a method of the same name, and not all clients say which service they call:
  `list` is a method of a.A, a.B
  `ping` is a method of a.A, a.B, a.C
Who answers such calls?
  1  a.A
  2  a.B
  3  nobody, they are refused
> ";
        assert_eq!(asked, expected);
        check("3\n", &[], true);
    }

    #[test]
    fn it_is_asked_until_there_is_an_answer() {
        let asked = check("\n0\n4\na.A\n1\n", &["a.A"], false);
        assert_eq!(asked.matches("Type a number from 1 to 3.\n\n").count(), 4);
        check("", &[], false);
    }
}
