//! A run that outlives its terminal: the process that hosts it, and the viewers that come and go.
//!
//! Owns: the socket, what goes through it, the host's process. Must not know what a run does. Invariant: only
//! the user who started a run can see or touch it, and no viewer can keep it waiting.

mod address;
mod attach;
mod frames;
mod launch;
mod serve;
mod wire;

pub use attach::{AttachError, attach, picture_now};
pub use launch::{LaunchError, Launched, Launching, ReadyLine, launch};
pub use serve::Server;

pub use address::socket_path;
