//! Frames: how long, four bytes with the most significant first, then so much JSON.
//!
//! Invariant: whatever the other side sends, no more memory is taken than a frame may have.

use std::io::{self, Read, Write};

use serde::{Serialize, de::DeserializeOwned};

/// From the host: a snapshot with a population of many thousands.
pub(super) const MAX_FROM_HOST: usize = 64 * 1024 * 1024;
/// From a viewer: a command.
pub(super) const MAX_FROM_VIEWER: usize = 256 * 1024;
/// Room is made in steps of this: a length is only a claim.
const STEP: u64 = 64 * 1024;

/// A frame that holds `message`.
///
/// # Errors
/// It would be longer than `most`.
pub(super) fn frame(message: &impl Serialize, most: usize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len() - 4;
    let bytes = u32::try_from(length).ok().filter(|_| length <= most).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a message of {length} bytes is too long"),
        )
    })?;
    frame[..4].copy_from_slice(&bytes.to_be_bytes());
    Ok(frame)
}

pub(super) fn write(to: &mut impl Write, message: &impl Serialize, most: usize) -> io::Result<()> {
    to.write_all(&frame(message, most)?)
}

/// The next message.
///
/// # Errors
/// The other side is gone (`UnexpectedEof`), says nothing for too long (`WouldBlock`, `TimedOut`), or says
/// what can't be understood (`InvalidData`).
pub(super) fn read<T: DeserializeOwned>(from: &mut impl Read, most: usize) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
    if length as usize > most {
        return Err(invalid(format!("a frame of {length} bytes; at most {most} are taken")));
    }
    let mut bytes = Vec::new();
    let mut left = u64::from(length);
    while left > 0 {
        let count = from.by_ref().take(left.min(STEP)).read_to_end(&mut bytes)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        left -= count as u64;
    }
    serde_json::from_slice(&bytes).map_err(|error| invalid(format!("not understood: {error}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::run::protocol::Command;

    #[test]
    fn what_was_written_is_read() {
        let mut bytes = Vec::new();
        let commands = [Command::Pause, Command::Inspect(42)];
        for command in &commands {
            write(&mut bytes, command, 100).expect("short");
        }
        let mut from = &bytes[..];
        for command in commands {
            assert_eq!(read::<Command>(&mut from, 100).expect("whole"), command);
        }
        let end = read::<Command>(&mut from, 100).expect_err("the end");
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
        assert!(frame(&"x".repeat(101), 100).is_err());
    }

    #[test]
    fn a_length_is_only_a_claim() {
        let mut from = &[0xff, 0xff, 0xff, 0xff, b'{'][..];
        let error = read::<Command>(&mut from, MAX_FROM_VIEWER).expect_err("too long");
        assert!(error.to_string().contains("at most"), "{error}");
        let mut from = &[0, 1, 0, 0, b'{'][..];
        assert!(read::<Command>(&mut from, MAX_FROM_VIEWER).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut from = &bytes[..];
            while read::<Command>(&mut from, MAX_FROM_VIEWER).is_ok() {}
        }
    }
}
