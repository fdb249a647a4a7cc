//! A place for one connection, which is made anew when it has ended.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::sync::watch;

use crate::client::http2::connect;
use crate::client::options::ClientOptions;
use crate::status::Status;

#[derive(Debug, Default)]
pub(super) struct Slot(Mutex<Option<Made>>);

/// A connection that is made, or is being made in a task of its own: so a crowd of calls makes one
/// and waits for it together, and one that is given up does not undo it.
#[derive(Clone, Debug)]
struct Made {
    /// How many there were before: who finds one ended replaces that one only.
    generation: u64,
    outcome: watch::Receiver<Option<Outcome>>,
}

type Outcome = Result<SendRequest<Bytes>, Status>;

impl Slot {
    /// Takes a connection that was made elsewhere.
    pub(super) fn fill(&self, sender: SendRequest<Bytes>) {
        let (_, outcome) = watch::channel(Some(Ok(sender)));
        let generation = 0;
        self.lock().replace(Made {
            generation,
            outcome,
        });
    }

    /// The connection; a new one if there is none or if the one of this generation has `ended`.
    pub(super) async fn sender(
        &self,
        options: &ClientOptions,
        ended: Option<u64>,
    ) -> Result<(SendRequest<Bytes>, u64), Status> {
        let mut made = self.made(options, ended);
        let outcome = match made.outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        let cut_off = || Err(Status::transport("connecting was cut off"));
        let sender = outcome.unwrap_or_else(cut_off)?;
        Ok((sender, made.generation))
    }

    fn made(&self, options: &ClientOptions, ended: Option<u64>) -> Made {
        let mut slot = self.lock();
        let generation = match &*slot {
            Some(made) if ended != Some(made.generation) && !made.has_failed() => {
                return made.clone();
            }
            Some(made) => made.generation + 1,
            None => 0,
        };
        let (done, outcome) = watch::channel(None);
        let options = options.clone();
        tokio::spawn(async move {
            let outcome = connect(&options).await.map_err(Status::from);
            done.send_replace(Some(outcome));
        });
        let made = Made {
            generation,
            outcome,
        };
        slot.insert(made).clone()
    }

    /// Nothing here can be left half-done by a panic.
    fn lock(&self) -> MutexGuard<'_, Option<Made>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Made {
    fn has_failed(&self) -> bool {
        match &*self.outcome.borrow() {
            Some(outcome) => outcome.is_err(),
            // Its task has ended without a word.
            None => self.outcome.has_changed().is_err(),
        }
    }
}
