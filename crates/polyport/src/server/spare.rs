//! Spare buffers, which the connections of a thread pass on to each other.
//!
//! A connection has one while bytes arrive or answers wait in it, and owns none while it is idle.
//! What was used last is taken first, because it is still in the processor's cache: with a buffer
//! for each of a hundred connections, every request would begin with memory that is not.

use std::cell::RefCell;

use bytes::BytesMut;

/// What a spare buffer has room for, at least and at most.
const LEAST: usize = 8 * 1024;
const MOST: usize = 256 * 1024;

/// How many buffers a thread keeps: for what comes in and what goes out, and a few for connections
/// in the middle of a message.
const KEPT: usize = 8;

thread_local! {
    static SPARE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer with room for some KiB.
pub(super) fn take() -> BytesMut {
    let spare = SPARE.with_borrow_mut(Vec::pop);
    spare.unwrap_or_else(|| BytesMut::with_capacity(LEAST))
}

/// Gives a buffer back that is needed no more; what it still holds is lost. A large one is let go,
/// and so is one that a message lives in.
pub(super) fn give_back(mut buffer: BytesMut) {
    buffer.clear();
    if !buffer.try_reclaim(LEAST) || buffer.capacity() > MOST {
        return;
    }
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < KEPT {
            spare.push(buffer);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_when_nothing_lives_in_it() {
        let mut first = take();
        let memory = first.as_ptr();
        first.extend_from_slice(b"message");
        drop(first.split_to(3).freeze());
        give_back(first);
        let mut again = take();
        assert_eq!((again.as_ptr(), again.len()), (memory, 0));

        again.extend_from_slice(b"message");
        let message = again.split_to(7).freeze();
        give_back(again);
        assert_ne!(take().as_ptr(), memory);
        assert_eq!(message, "message");
    }

    #[test]
    fn a_large_one_is_let_go() {
        let large = BytesMut::with_capacity(MOST + 1);
        give_back(large);
        assert!(take().capacity() <= MOST);
    }
}
