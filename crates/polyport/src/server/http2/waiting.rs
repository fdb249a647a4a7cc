//! Who waits for what becomes of an answer.

use std::sync::Arc;
use std::task::{Wake, Waker};

/// The task of a call, and the one that sends its answers, which may be another: h2 wakes only who
/// asked last.
#[derive(Default)]
pub(super) struct Waiting {
    serving: Option<Waker>,
    sending: Option<Waker>,
}

impl Waiting {
    /// The call's task waits, too: who is to be woken.
    pub(super) fn serve(&mut self, waker: &Waker) -> Waker {
        self.serving = Some(waker.clone());
        both(waker, self.sending.as_ref())
    }

    /// Somebody waits who wants to send, too: who is to be woken.
    pub(super) fn send(&mut self, waker: &Waker) -> Waker {
        self.sending = Some(waker.clone());
        both(waker, self.serving.as_ref())
    }

    /// Nobody waits to send any more.
    pub(super) fn sent(&mut self) {
        self.sending = None;
    }

    /// Nothing can be sent any more.
    pub(super) fn end(&mut self) {
        if let Some(sending) = self.sending.take() {
            sending.wake();
        }
    }
}

struct Both(Waker, Waker);

fn both(waker: &Waker, other: Option<&Waker>) -> Waker {
    match other {
        Some(other) if !other.will_wake(waker) => {
            Waker::from(Arc::new(Both(waker.clone(), other.clone())))
        }
        _ => waker.clone(),
    }
}

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake_by_ref();
        self.1.wake_by_ref();
    }
}
