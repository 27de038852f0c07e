//! What a process and its children take of the machine, as Linux tells it in `/proc`.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustix::time::{ClockId, clock_gettime};
use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Processor time that this program has used.
pub fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// A process with its children, and theirs.
#[derive(Clone, Copy)]
pub struct Tree(pub u32);

/// Of `/proc/<id>/stat`: the parent, and processor time with that of children that are gone, in ticks.
struct Stat {
    parent: u32,
    ticks: u64,
}

fn stat(id: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in brackets, may hold spaces and brackets; the fields behind it are numbered from 3.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let ticks = [14, 15, 16, 17].into_iter().filter_map(number).sum();
    Some(Stat { parent: u32::try_from(number(4)?).ok()?, ticks })
}

impl Tree {
    /// The processes that are alive.
    pub fn processes(self) -> Vec<u32> {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let parents: HashMap<u32, u32> = ids.filter_map(|id| Some((id, stat(id)?.parent))).collect();
        let descends = |mut id: u32| {
            while id != self.0 {
                match parents.get(&id) {
                    Some(parent) => id = *parent,
                    None => return false,
                }
            }
            true
        };
        parents.keys().copied().filter(|id| descends(*id)).collect()
    }

    /// Processor time used so far.
    pub fn cpu(self) -> Duration {
        let ticks: u64 = self.processes().into_iter().filter_map(stat).map(|stat| stat.ticks).sum();
        Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Memory in bytes, what processes share counted once (PSS).
    pub fn memory(self) -> u64 {
        let pss = |id: u32| {
            let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        self.processes().into_iter().filter_map(pss).sum::<u64>() * 1024
    }

    /// Sends a signal to the process's group and to whoever of its descendants left it.
    pub fn signal(self, signal: Signal) {
        let pid = |id: u32| Pid::from_raw(id.cast_signed());
        let all = self.processes();
        // Whoever is gone already needs no signal.
        if let Some(group) = pid(self.0) {
            let _ = kill_process_group(group, signal);
        }
        for process in all.into_iter().filter_map(pid) {
            let _ = kill_process(process, signal);
        }
    }
}

/// Watches the memory of a tree from a thread of its own; its greatest value is asked for at the end.
pub struct MemoryWatch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl MemoryWatch {
    /// Reading `smaps_rollup` costs a server with a gigabyte some ten milliseconds, so it isn't done often.
    const EVERY: Duration = Duration::from_secs(2);

    /// Starts watching.
    pub fn start(tree: Tree) -> MemoryWatch {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let watch = move || {
            let (mut peak, mut asked) = (tree.memory(), Instant::now());
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(100));
                if asked.elapsed() >= MemoryWatch::EVERY {
                    (peak, asked) = (peak.max(tree.memory()), Instant::now());
                }
            }
            peak.max(tree.memory())
        };
        MemoryWatch { stop, thread: Some(std::thread::spawn(watch)) }
    }

    /// The greatest value seen.
    pub fn peak(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    #[test]
    fn a_tree_is_found_measured_and_ended() {
        let mut shell =
            Command::new("sh").args(["-c", "sleep 100 & sleep 100; true"]).process_group(0).spawn().unwrap();
        let tree = Tree(shell.id());
        let asked = Instant::now();
        while tree.processes().len() < 3 && asked.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(tree.processes().len(), 3);
        assert!(tree.memory() > 100_000);
        tree.signal(Signal::KILL);
        assert!(!shell.wait().unwrap().success());
    }
}
