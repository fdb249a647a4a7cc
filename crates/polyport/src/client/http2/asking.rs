//! One request that is sent once more when nobody has looked at it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Request;
use polyport_wire::error::DecodeError;

use crate::client::http2::Http2;
use crate::client::http2::call::put_timeout;
use crate::client::http2::deadline::{Deadline, in_time};
use crate::client::http2::replies::Replies;
use crate::client::http2::requests::send_all;
use crate::metadata::Metadata;
use crate::status::Status;
use crate::stream::Source;

/// A request, ready to be sent.
pub(in crate::client) struct Question {
    pub(super) http2: Arc<Http2>,
    pub(super) head: Request<()>,
    pub(super) message: Bytes,
    pub(super) deadline: Option<Deadline>,
}

/// The answers to a question.
pub(in crate::client) struct Asking {
    replies: Replies,
    /// What is asked again if need be, until there is an answer.
    question: Option<Question>,
    again: Option<Again>,
}

/// The question, being asked again.
type Again = Pin<Box<dyn Future<Output = Result<Replies, Status>> + Send>>;

impl Question {
    pub(in crate::client) async fn ask(self) -> Result<Asking, Status> {
        Ok(Asking {
            replies: self.send().await?,
            question: Some(self),
            again: None,
        })
    }

    async fn send(&self) -> Result<Replies, Status> {
        let limit = self.http2.options.limits.grpc_message;
        let opening = self.http2.open(&self.head);
        let (response, mut stream) = in_time(self.deadline.as_ref(), opening).await?;
        send_all(&mut stream, self.message.clone());
        Ok(Replies::new(response, limit, self.deadline.clone()))
    }

    async fn send_again(mut self) -> Result<Replies, Status> {
        put_timeout(
            self.deadline.as_ref().map(Deadline::at),
            self.head.headers_mut(),
        );
        self.send().await
    }
}

impl Asking {
    /// Waits for something of the answers, of other ones when these do not come.
    fn poll_again<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: fn(&mut Replies, &mut Context<'_>) -> Poll<Result<T, Status>>,
    ) -> Poll<Result<T, Status>> {
        loop {
            if let Some(again) = &mut self.again {
                let replies = ready!(again.as_mut().poll(cx));
                self.again = None;
                self.replies = replies?;
            }
            let polled = ready!(poll(&mut self.replies, cx));
            match self.question.take() {
                Some(question) if polled.is_err() && self.replies.is_refused() => {
                    self.again = Some(Box::pin(question.send_again()));
                }
                _ => return Poll::Ready(polled),
            }
        }
    }
}

impl Source for Asking {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Status>> {
        self.poll_again(cx, Replies::poll_receive)
    }

    fn poll_headers(&mut self, cx: &mut Context<'_>) -> Poll<Result<Metadata, Status>> {
        self.poll_again(cx, Replies::poll_headers)
    }

    fn trailers(&mut self) -> Option<Metadata> {
        self.replies.trailers()
    }

    fn broken(&self, error: &DecodeError) -> Status {
        self.replies.broken(error)
    }
}
