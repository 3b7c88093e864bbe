//! Memory: what there is, and who holds how much.
//!
//! Must not know: what it is for. Invariant: what the evaluations on a device hold together never
//! exceeds what there was when the device was opened.

use std::sync::{
    Condvar, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// Bytes that can be allocated in this machine's memory, or in what the process is confined to, at this moment;
/// none where the system does not say.
pub fn available_host_bytes() -> Option<u64> {
    host::available_bytes()
}

/// The memory of one device, shared by its workers. An evaluation that would fit alone waits for the
/// others instead of failing, so that what fails does not depend on who runs beside it.
///
/// A part is set aside for what idle workers keep: nobody has to wait for those to wake up.
#[derive(Debug)]
pub(super) struct MemoryPool {
    /// What evaluations can have; none where the system does not say.
    capacity: Option<u64>,
    /// What idle workers can keep, all together.
    keepable: u64,
    kept: AtomicU64,
    held: Mutex<u64>,
    released: Condvar,
}

impl MemoryPool {
    /// Of this machine; `keeps` says whether workers keep memory between evaluations.
    pub(super) fn of_host(keeps: bool) -> MemoryPool {
        match host::available_bytes() {
            None => MemoryPool::new(None, u64::MAX),
            Some(bytes) if keeps => MemoryPool::with_a_quarter_kept(bytes),
            Some(bytes) => MemoryPool::new(Some(bytes), 0),
        }
    }

    /// Of a GPU with `free` bytes, a tenth of which libraries and the allocator's gaps may take.
    pub(super) fn of_gpu(free: u64) -> MemoryPool {
        MemoryPool::new(Some(free - free / 10), 0)
    }

    fn with_a_quarter_kept(bytes: u64) -> MemoryPool {
        let keepable = bytes / 4;
        MemoryPool::new(Some(bytes - keepable), keepable)
    }

    fn new(capacity: Option<u64>, keepable: u64) -> MemoryPool {
        let (kept, held) = (AtomicU64::new(0), Mutex::new(0));
        MemoryPool { capacity, keepable, kept, held, released: Condvar::new() }
    }

    /// What evaluations can have; 0 where the system does not say.
    pub(super) fn capacity(&self) -> u64 {
        self.capacity.unwrap_or(0)
    }

    /// What there was, for evaluations and for what is kept between them; none where the system does not
    /// say.
    pub(super) fn all(&self) -> Option<u64> {
        self.capacity.map(|capacity| capacity + self.keepable)
    }

    /// The most that one evaluation can have.
    pub(super) fn limit(&self) -> u64 {
        self.capacity.unwrap_or(u64::MAX)
    }

    /// Lets an idle worker keep `bytes`; false where others keep too much already.
    pub(super) fn keep(&self, bytes: u64) -> bool {
        let more = |kept: u64| kept.checked_add(bytes).filter(|kept| *kept <= self.keepable);
        self.kept.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// What [`MemoryPool::keep`] allowed is kept no longer.
    pub(super) fn give_up(&self, bytes: u64) {
        self.kept.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Takes `bytes`, waiting for others to give theirs back.
    ///
    /// # Errors
    /// The capacity, where `bytes` are more than that.
    pub(super) fn take(&self, bytes: u64) -> Result<Held<'_>, u64> {
        let Some(capacity) = self.capacity else { return Ok(Held { pool: self, bytes: 0 }) };
        if bytes > capacity {
            return Err(capacity);
        }
        let full = |held: &mut u64| *held > capacity - bytes;
        let waited = self.released.wait_while(self.held(), full);
        *waited.unwrap_or_else(PoisonError::into_inner) += bytes;
        Ok(Held { pool: self, bytes })
    }

    /// A pool without `bytes` of what evaluations can have here, but with at least half of it; and
    /// the bytes that it lacks.
    pub(super) fn split(&self, bytes: u64) -> (MemoryPool, u64) {
        let part = self.capacity.map_or(bytes, |capacity| bytes.min(capacity / 2));
        let capacity = self.capacity.map(|capacity| capacity - part);
        (MemoryPool::new(capacity, self.keepable), part)
    }

    /// Nothing panics while it holds the lock, and a sum can't be half changed.
    fn held(&self) -> MutexGuard<'_, u64> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of a [`MemoryPool`], given back when this is dropped.
#[derive(Debug)]
pub(super) struct Held<'a> {
    pool: &'a MemoryPool,
    bytes: u64,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *self.pool.held() -= self.bytes;
        self.pool.released.notify_all();
    }
}

/// Memory of this machine, or of the control group that this process is confined to.
mod host {
    use std::fs;
    use std::path::{Path, PathBuf};

    pub(super) fn available_bytes() -> Option<u64> {
        let machine =
            fs::read_to_string("/proc/meminfo").ok().and_then(|text| mem_available(&text));
        machine.into_iter().chain(control_group_free()).min()
    }

    pub(super) fn mem_available(meminfo: &str) -> Option<u64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
        kibibytes.checked_mul(1024)
    }

    fn control_group_free() -> Option<u64> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        control_group_folders(&groups).iter().filter_map(|folder| folder_free(folder)).min()
    }

    /// The folders of the process's own memory group and of the root a container sees, in version
    /// 2 (`0::PATH`) and version 1 (`N:memory:PATH`).
    pub(super) fn control_group_folders(groups: &str) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        for line in groups.lines() {
            let mut fields = line.splitn(3, ':');
            let (Some(_), Some(controllers), Some(path)) =
                (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let root = match controllers {
                "" => Path::new("/sys/fs/cgroup"),
                "memory" => Path::new("/sys/fs/cgroup/memory"),
                _ => continue,
            };
            folders.extend([root.join(path.trim_start_matches('/')), root.to_owned()]);
        }
        folders
    }

    /// Limit less use; file cache counts as free, the kernel gives it back.
    fn folder_free(folder: &Path) -> Option<u64> {
        let number = |file: &str| -> Option<u64> {
            fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok()
        };
        // Version 2 writes `max` for no limit, which is no number.
        let (limit, used) = number("memory.max")
            .zip(number("memory.current"))
            .or_else(|| number("memory.limit_in_bytes").zip(number("memory.usage_in_bytes")))?;
        let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        Some(limit.saturating_sub(used.saturating_sub(inactive_file(&stat))))
    }

    pub(super) fn inactive_file(stat: &str) -> u64 {
        let value = |key: &str| {
            stat.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.parse().ok())
        };
        value("total_inactive_file").or_else(|| value("inactive_file")).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::host::*;
    use super::*;
    #[test]
    fn a_pool_lends_no_more_than_it_has() {
        let pool = MemoryPool::new(Some(100), 0);
        assert_eq!(pool.take(101).expect_err("never fits"), 100);
        let first = pool.take(70).expect("fits");
        std::thread::scope(|scope| {
            let second = scope.spawn(|| pool.take(40).map(|held| held.bytes));
            // Whether it waits already or comes later, it is served only after the first is done.
            drop(first);
            assert_eq!(second.join().expect("no panic"), Ok(40));
        });
        assert_eq!(*pool.held(), 0);
        assert!(MemoryPool::new(None, 0).take(u64::MAX).is_ok());
    }

    #[test]
    fn what_is_kept_is_bounded_and_blocks_nobody() {
        let pool = MemoryPool::with_a_quarter_kept(400);
        assert!(pool.keep(60) && pool.keep(40) && !pool.keep(1));
        assert!(pool.take(300).is_ok(), "evaluations have the rest");
        pool.give_up(60);
        assert!(pool.keep(60));
        let (smaller, part) = pool.split(50);
        assert_eq!((smaller.capacity(), part), (250, 50));
        let (half, part) = pool.split(1000);
        assert_eq!((half.capacity(), part), (150, 150));
    }

    #[test]
    fn system_files_are_read() {
        assert_eq!(mem_available("MemTotal: 9 kB\nMemAvailable:   24 kB\n"), Some(24 * 1024));
        assert_eq!(mem_available("MemTotal: 9 kB\n"), None);
        let folders = control_group_folders("3:cpu:/x\n2:memory:/job\n0::/user.slice\n");
        let expected =
            ["/memory/job", "/memory", "/user.slice", ""].map(|f| format!("/sys/fs/cgroup{f}"));
        assert_eq!(folders, expected.map(std::path::PathBuf::from));
        assert_eq!(inactive_file("active_file 3\ninactive_file 7\n"), 7);
        assert_eq!(inactive_file("inactive_file 7\ntotal_inactive_file 9\n"), 9);
    }
}
