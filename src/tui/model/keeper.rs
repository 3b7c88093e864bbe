//! Who keeps a search alive, and what is known of one that is heard no more.

use std::path::PathBuf;

/// Tries to hear a host again come so often.
const RETRY_MS: u64 = 5_000;

/// Whose process a search runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// This one; it ends with it.
    Here,
    /// A host's, which goes on without anybody who watches. The run's folder.
    Host(PathBuf),
}

/// A host that is heard no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pub why: String,
    /// When the last word came.
    pub heard_at_ms: u64,
    pub tries: u32,
    /// None once nobody is there any more: the run was interrupted.
    pub next_try_ms: Option<u64>,
}

impl Lost {
    pub fn new(why: String, now_ms: u64) -> Lost {
        // At once: a line may have been closed by nothing but its length.
        Lost { why, heard_at_ms: now_ms, tries: 0, next_try_ms: Some(now_ms) }
    }

    /// Whether it is time to try again; the next one comes later.
    pub fn tries_again(&mut self, now_ms: u64) -> bool {
        if self.next_try_ms.is_none_or(|next| now_ms < next) {
            return false;
        }
        self.tries += 1;
        self.next_try_ms = Some(now_ms + RETRY_MS);
        true
    }

    /// Whether the run was interrupted, and its host is gone.
    pub fn is_gone(&self) -> bool {
        self.next_try_ms.is_none()
    }
}
