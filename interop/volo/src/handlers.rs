//! The handlers of every service, each as its IDL's fixture wants it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metainfo::{Backward, Forward, METAINFO};
use pilota::{AHashMap, Bytes, FastStr};
use tokio::time::sleep;
use volo_thrift::{
    ApplicationException, ApplicationExceptionKind, BizError, MaybeException, ServerError,
};

use crate::volo_gen::multi::{self, Declined, Request, Response, ServiceADeclinesException};
use crate::volo_gen::types::{self, Broken, Color, Everything, TypesEchoException};

/// Serves everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handlers;

/// How often `notify` was called in this process.
static NOTIFIED: AtomicU64 = AtomicU64::new(0);

impl multi::ServiceA for Handlers {
    async fn same_named_method(&self, req: Request) -> Result<Response, ServerError> {
        obey("ServiceA/sameNamedMethod", &req).await
    }

    async fn only_a(&self, req: Request) -> Result<Response, ServerError> {
        if req.message.as_deref() == Some("count") {
            return Ok(answer(NOTIFIED.load(Ordering::SeqCst).to_string()));
        }
        obey("ServiceA/onlyA", &req).await
    }

    async fn declines(
        &self,
        req: Request,
    ) -> Result<MaybeException<Response, ServiceADeclinesException>, ServerError> {
        let declined = Declined {
            code: Some(7),
            reason: req.message,
        };
        let declined = ServiceADeclinesException::Declined(declined);
        Ok(MaybeException::Exception(declined))
    }

    async fn nothing(&self) -> Result<(), ServerError> {
        Ok(())
    }

    async fn notify(&self, _req: Request) -> Result<(), ServerError> {
        NOTIFIED.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn add(&self, left: i64, right: i64) -> Result<i64, ServerError> {
        Ok(left.wrapping_add(right))
    }
}

impl multi::ServiceB for Handlers {
    async fn same_named_method(&self, req: Request) -> Result<Response, ServerError> {
        obey("ServiceB/sameNamedMethod", &req).await
    }

    async fn only_b(&self, req: Request) -> Result<Response, ServerError> {
        obey("ServiceB/onlyB", &req).await
    }
}

impl multi::ServiceD for Handlers {
    async fn only_c(&self, req: Request) -> Result<Response, ServerError> {
        obey("ServiceD/onlyC", &req).await
    }

    async fn only_d(&self, req: Request) -> Result<Response, ServerError> {
        obey("ServiceD/onlyD", &req).await
    }
}

impl types::Types for Handlers {
    async fn echo(
        &self,
        value: Everything,
    ) -> Result<MaybeException<Everything, TypesEchoException>, ServerError> {
        if value.text.as_deref() == Some("broken") {
            let broken = Broken {
                message: "broken".into(),
                evidence: Some(value),
            };
            return Ok(MaybeException::Exception(TypesEchoException::Broken(
                broken,
            )));
        }
        Ok(MaybeException::Ok(value))
    }

    async fn echo_list(&self, values: Vec<Everything>) -> Result<Vec<Everything>, ServerError> {
        Ok(values)
    }

    async fn echo_map(
        &self,
        values: AHashMap<FastStr, Bytes>,
    ) -> Result<AHashMap<FastStr, Bytes>, ServerError> {
        Ok(values)
    }

    async fn echo_color(&self, color: Color) -> Result<Color, ServerError> {
        Ok(color)
    }
}

/// Does as the message says. Handlers of Volo do not see the call, so they are told what it is.
async fn obey(called: &str, req: &Request) -> Result<Response, ServerError> {
    let mut message = req.message.as_deref().unwrap_or_default();
    while let Some(rest) = message.strip_prefix("sleep:") {
        let (milliseconds, rest) = rest.split_once(':').unwrap_or((rest, ""));
        sleep(Duration::from_millis(milliseconds.parse().unwrap_or(0))).await;
        message = rest;
    }
    let (word, rest) = message.split_once(':').unwrap_or((message, ""));
    match word {
        "who" => Ok(answer(called)),
        "panic" => panic!("{rest}"),
        "error" => Err(exception(ApplicationExceptionKind::INTERNAL_ERROR, rest)),
        "typed" => {
            let (number, text) = rest.split_once(':').unwrap_or((rest, ""));
            let number = number.parse().unwrap_or(0);
            Err(exception(ApplicationExceptionKind::from(number), text))
        }
        "biz" => Err(business(rest)),
        "meta" => Ok(answer(metadata(rest))),
        "back" => {
            let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
            METAINFO.with(|all| {
                let (key, value) = (key.to_owned(), value.to_owned());
                all.borrow_mut().set_backward_transient(key, value);
            });
            Ok(answer("ok"))
        }
        "big" => Ok(answer("x".repeat(rest.parse().unwrap_or(0)))),
        _ => Ok(answer(format!("{called}: {message}"))),
    }
}

fn answer(message: impl Into<String>) -> Response {
    Response {
        message: Some(message.into().into()),
    }
}

fn exception(kind: ApplicationExceptionKind, text: &str) -> ServerError {
    ApplicationException::new(kind, text.to_owned()).into()
}

/// What a client sends for this server alone is "upstream" to it.
fn metadata(key: &str) -> String {
    METAINFO.with(|all| {
        let all = all.borrow();
        let value = all.get_upstream(key).or_else(|| all.get_persistent(key));
        value.map_or_else(|| "absent".to_owned(), |value| value.to_string())
    })
}

/// `CODE:TEXT[:K=V[,K=V]]`
fn business(rest: &str) -> ServerError {
    let (code, rest) = rest.split_once(':').unwrap_or((rest, ""));
    let (text, extra) = rest.split_once(':').unwrap_or((rest, ""));
    let extra = extra.split(',').filter_map(|pair| pair.split_once('='));
    let extra = extra.map(|(key, value)| {
        let (key, value) = (key.to_owned(), value.to_owned());
        (key.into(), value.into())
    });
    let code = code.parse().unwrap_or(0);
    BizError::with_extra(code, text.to_owned().into(), extra.collect()).into()
}
