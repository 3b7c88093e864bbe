//! Ctrl-C and SIGTERM: a wish to come to an end with a result.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Signals closer together are one wish: `timeout` and terminals signal a process twice.
const SECOND_SIGNAL_AFTER: Duration = Duration::from_millis(500);

/// The number of the first SIGINT or SIGTERM; 0 before. A later one ends the program at once.
pub(super) fn catch_signals() -> io::Result<Arc<AtomicUsize>> {
    use signal_hook::{consts, iterator::Signals};
    let caught = Arc::new(AtomicUsize::new(0));
    let mut signals = Signals::new([consts::SIGINT, consts::SIGTERM])?;
    let first = Arc::clone(&caught);
    thread::Builder::new().name("zendo-signals".to_owned()).spawn(move || {
        let mut since: Option<Instant> = None;
        for signal in signals.forever() {
            match since {
                None => {
                    since = Some(Instant::now());
                    let number = usize::try_from(signal).expect("signal numbers are positive");
                    first.store(number, Ordering::Relaxed);
                }
                Some(since) if since.elapsed() < SECOND_SIGNAL_AFTER => {}
                Some(_) => std::process::exit(128 + signal),
            }
        }
    })?;
    Ok(caught)
}
