//! Layers that were written for tower.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;
use tower::{BoxError, Service, load_shed, timeout};

use crate::call::{Call, Reply};
use crate::code::Code;
use crate::layer::{Layer, Next};
use crate::status::Status;

/// A layer of [tower](https://docs.rs/tower), or a stack of them, around the calls of a server, a
/// service, a method or a client.
///
/// The tower layer gets [`Call`]s and gives [`Reply`]s. It stands around an [`Onward`], which never
/// fails: an error of a handler is the outcome of its reply, and so are layers to be written that
/// look at errors. The layer is asked for its service once; each call has a clone of that and waits
/// until it is ready. A service that cannot be cloned, such as tower's rate limit, stands behind a
/// buffer.
///
/// | an error of the tower layer | its [`Status`] |
/// | --- | --- |
/// | a `Status` | itself |
/// | a timeout, of tower or of tokio | as when a deadline has passed |
/// | overload, of tower's load shedding | refused: 6 `request over limit: service overloaded`, 8 on gRPC |
/// | any other | [`Status::error`] with its text |
///
/// [`on_error`](Self::on_error) says otherwise. A call that the tower layer drops is dropped with its
/// handler. It can pass a call on once: calls have no copies, so retries and hedging have nothing to
/// send again.
///
/// # Examples
///
/// ```
/// # use polyport::{Server, Service, service::RawHandler};
/// # fn server(handler: impl RawHandler) -> Server {
/// use std::time::Duration;
///
/// use polyport::layers::Tower;
/// use tower::ServiceBuilder;
///
/// // Sixteen at a time, and no others wait.
/// let stack = ServiceBuilder::new()
///     .load_shed()
///     .concurrency_limit(16)
///     .timeout(Duration::from_millis(200));
/// Server::new().add(Service::raw("Reports", ["yearly"], handler).layer(Tower::new(stack)))
/// # }
/// ```
pub struct Tower<S> {
    /// What is cloned may be cloned by one at a time only.
    service: Mutex<S>,
    status: StatusOf,
}

type StatusOf = Box<dyn Fn(BoxError) -> Status + Send + Sync>;

impl<S> Tower<S> {
    /// The layer in the shape of tower's, around what stands behind it.
    ///
    /// # Panics
    ///
    /// As the tower layer does when it is asked for its service: tower's buffer begins a task, and
    /// panics where there is no runtime.
    #[must_use]
    pub fn new(layer: impl tower::Layer<Onward, Service = S>) -> Self {
        Self {
            service: Mutex::new(layer.layer(Onward(()))),
            status: Box::new(status),
        }
    }

    /// Says what becomes of the errors of the tower layer.
    #[must_use]
    pub fn on_error(mut self, status: impl Fn(BoxError) -> Status + Send + Sync + 'static) -> Self {
        self.status = Box::new(status);
        self
    }
}

impl<S> Layer for Tower<S>
where
    S: Service<Call, Response = Reply, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
{
    async fn call(&self, mut call: Call, next: Next<'_>) -> Reply {
        let (exit, reached) = oneshot::channel();
        call.context.extensions_mut().insert(Exit::new(exit));
        let service = self
            .service
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let outcome = beside(around(service, call), behind(reached, next)).await;
        outcome.unwrap_or_else(|error| (self.status)(error.into()).into())
    }
}

async fn around<S: Service<Call>>(mut service: S, call: Call) -> Result<S::Response, S::Error> {
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(call).await
}

/// Serves the call when the tower layer has passed it on, until nobody waits for its reply any more.
async fn behind(reached: oneshot::Receiver<Passed>, next: Next<'_>) {
    let Ok(Passed { call, mut reply }) = reached.await else {
        return;
    };
    tokio::select! {
        biased;
        () = reply.closed() => {}
        served = next.call(call) => {
            // Whoever has gone in this moment needs none.
            let _ = reply.send(served);
        }
    }
}

/// What comes of `around`, while that waits for what `behind` does. Both are one task's: what is
/// ready at once is done at once.
async fn beside<T>(around: impl Future<Output = T>, behind: impl Future<Output = ()>) -> T {
    let (mut around, mut behind) = (pin!(around), pin!(behind));
    let mut is_done = false;
    poll_fn(|cx| {
        if let Poll::Ready(outcome) = around.as_mut().poll(cx) {
            return Poll::Ready(outcome);
        }
        if is_done || behind.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        is_done = true;
        around.as_mut().poll(cx)
    })
    .await
}

/// What stands behind a [`Tower`], as tower's services see it.
#[derive(Clone, Debug)]
pub struct Onward(());

/// A call that has come through, and who waits for its reply.
struct Passed {
    call: Call,
    reply: oneshot::Sender<Reply>,
}

/// The way out of a tower service, which goes through it with its call.
#[derive(Clone)]
struct Exit(Arc<Mutex<Option<oneshot::Sender<Passed>>>>);

impl Exit {
    fn new(exit: oneshot::Sender<Passed>) -> Self {
        Self(Arc::new(Mutex::new(Some(exit))))
    }

    fn take(&self) -> Option<oneshot::Sender<Passed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Service<Call> for Onward {
    type Response = Reply;
    type Error = Infallible;
    type Future = Coming;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut call: Call) -> Coming {
        let (reply, coming) = oneshot::channel();
        let exit = call.context.extensions_mut().remove::<Exit>();
        // Without one, or when nobody is there, the reply that comes is that none does.
        if let Some(exit) = exit.and_then(|exit| exit.take()) {
            let _ = exit.send(Passed { call, reply });
        }
        Coming(coming)
    }
}

/// A reply that comes from behind a [`Tower`].
#[derive(Debug)]
pub struct Coming(oneshot::Receiver<Reply>);

impl Future for Coming {
    type Output = Result<Reply, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let reply = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(Ok(reply.unwrap_or_else(|_| lost().into())))
    }
}

#[cold]
fn lost() -> Status {
    Status::error("a tower layer passed on a call that was over, or without its extensions")
}

/// What it is called here when a tower layer fails.
#[cold]
fn status(error: BoxError) -> Status {
    let error = match error.downcast::<Status>() {
        Ok(status) => return *status,
        Err(error) => error,
    };
    if is::<timeout::error::Elapsed>(&*error) || is::<tokio::time::error::Elapsed>(&*error) {
        return Status::deadline();
    }
    if is::<load_shed::error::Overloaded>(&*error) {
        let text = format!("request over limit: {error}");
        return Status::refused(Code::RESOURCE_EXHAUSTED, text);
    }
    Status::error(error.to_string())
}

/// Whether the error, or one that it came of, is an `E`.
fn is<E: StdError + 'static>(error: &(dyn StdError + 'static)) -> bool {
    error.is::<E>() || error.source().is_some_and(is::<E>)
}

impl<S> fmt::Debug for Tower<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tower(..)")
    }
}
