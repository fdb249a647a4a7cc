//! What a handler does as the request's message says.

use std::time::Duration;

use polyport::{BizStatus, Context, Status};
use tokio::time::sleep;

use crate::{further, next};

/// More than any frame may hold; a handler should not take a machine's memory on demand.
const MOST: usize = 1024 * 1024 * 1024;

/// Does as the message says and gives the text of the answer.
pub(crate) async fn obey(cx: &mut Context, message: &str) -> Result<String, Status> {
    let message = after_sleeping(cx, message).await;
    if message == "who" {
        return Ok(who(cx));
    }
    match message.split_once(':') {
        Some(("panic", text)) => panic!("{text}"),
        Some(("error", text)) => Err(Status::error(text.to_owned())),
        Some(("typed", rest)) => typed(rest).map_or_else(|| Ok(echo(cx, message)), Err),
        Some(("biz", rest)) => {
            biz(rest).map_or_else(|| Ok(echo(cx, message)), |biz| Err(biz.into()))
        }
        Some(("meta", key)) => Ok(cx.metadata().get(key).unwrap_or("absent").to_owned()),
        Some(("back", pair)) => match pair.split_once('=') {
            Some((key, value)) => {
                cx.reply_metadata().insert(key, value);
                Ok("ok".to_owned())
            }
            None => Ok(echo(cx, message)),
        },
        Some(("next", rest)) => match next::ask(cx, rest).await {
            Some(answer) => answer,
            None => Ok(echo(cx, message)),
        },
        Some((word @ ("code" | "details" | "bizwhy"), rest)) => {
            further::failure(word, rest).map_or_else(|| Ok(echo(cx, message)), Err)
        }
        Some(("trail", pair)) if further::are_obeyed() => match pair.split_once('=') {
            Some((key, value)) => {
                let value = value.to_owned();
                cx.reply_trailers().insert_header(key, value);
                Ok("ok".to_owned())
            }
            None => Ok(echo(cx, message)),
        },
        Some(("big", count)) => match count.parse() {
            Ok(count @ ..=MOST) => Ok("x".repeat(count)),
            Ok(_) => Err(Status::error(format!("at most {MOST} bytes"))),
            Err(_) => Ok(echo(cx, message)),
        },
        _ => Ok(echo(cx, message)),
    }
}

/// The same for the items of streams, which are echoed in another way and know fewer words.
pub(crate) async fn obey_item(cx: &mut Context, message: &str) -> Result<String, Status> {
    let rest = after_sleeping(cx, message).await;
    match rest.split_once(':') {
        Some(("panic" | "error" | "typed" | "biz", _)) => obey(cx, rest).await,
        Some(("meta" | "back" | "trail", _)) if further::are_obeyed() => obey(cx, rest).await,
        _ => Ok(format!("echo {rest}")),
    }
}

fn echo(cx: &Context, message: &str) -> String {
    format!("{}: {message}", called(cx))
}

fn called(cx: &Context) -> String {
    format!("{}/{}", cx.service(), cx.method())
}

fn who(cx: &Context) -> String {
    format!(
        "{}/{} caller={} transport={} kind={} reason={}",
        cx.service(),
        cx.method(),
        cx.caller(),
        cx.transport(),
        cx.kind(),
        cx.reason()
    )
}

/// Waits as often as the message says, and gives the rest of it.
async fn after_sleeping<'a>(cx: &Context, mut message: &'a str) -> &'a str {
    while let Some((milliseconds, rest)) = sleeping(message) {
        let asleep = Asleep::new(format!("{} {rest}", called(cx)));
        sleep(Duration::from_millis(milliseconds)).await;
        asleep.wake();
        message = rest;
    }
    message
}

/// Says on standard error that a handler has fallen asleep, and when it is dropped before it woke up, each
/// time with what it was to do then.
struct Asleep {
    who: String,
}

impl Asleep {
    fn new(who: String) -> Self {
        eprintln!("asleep: {who}");
        Self { who }
    }

    fn wake(mut self) {
        self.who.clear();
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        if !self.who.is_empty() {
            eprintln!("given up: {}", self.who);
        }
    }
}

/// `sleep:MS[:rest]`
fn sleeping(message: &str) -> Option<(u64, &str)> {
    let rest = message.strip_prefix("sleep:")?;
    let (milliseconds, rest) = rest.split_once(':').unwrap_or((rest, ""));
    Some((milliseconds.parse().ok()?, rest))
}

/// `N:TEXT`
fn typed(rest: &str) -> Option<Status> {
    let (number, text) = rest.split_once(':')?;
    Some(Status::typed(number.parse().ok()?, text.to_owned()))
}

/// `CODE:TEXT[:K=V[,K=V]]`
fn biz(rest: &str) -> Option<BizStatus> {
    let (code, rest) = rest.split_once(':')?;
    let (text, extra) = rest.split_once(':').unwrap_or((rest, ""));
    let status = BizStatus::new(code.parse().ok()?, text);
    let pairs = extra.split(',').filter_map(|pair| pair.split_once('='));
    Some(pairs.fold(status, |status, (key, value)| status.with_extra(key, value)))
}
