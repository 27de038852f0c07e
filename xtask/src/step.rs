//! Progress: one line per step with the time it took; what a child program says goes to a log, and is shown when the
//! step fails.

use crate::place;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How much of a failed program's log is shown: enough for several compiler errors.
const SHOWN_ON_FAILURE: u64 = 20_000;

/// Runs `work` as the step called `name`. What `work` writes into its [`Note`] ends the step's line.
pub fn step<T>(name: &str, work: impl FnOnce(&mut Note) -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let mut note = Note { step: name.to_owned(), text: String::new() };
    // The log of last time, if any.
    let _ = fs::remove_file(note.log_file());
    let outcome = work(&mut note);
    clear_line();
    let mark = if outcome.is_ok() { "✓" } else { "✗" };
    println!("  {mark} {name:<32} {:>6}  {}", brief(started.elapsed()), note.text);
    outcome.with_context(|| format!("{name} failed"))
}

/// What a step has to say about itself when it ends, and the means to run programs in it.
pub struct Note {
    step: String,
    text: String,
}

impl Note {
    /// Says how the step went: "already there", "unchanged".
    pub fn say(&mut self, text: impl Into<String>) {
        self.text = text.into();
    }

    /// Runs a program to its end without showing what it says.
    ///
    /// # Errors
    /// When it can't be started or doesn't succeed; the end of its log is part of the message.
    pub fn run(&self, command: &mut Command) -> Result<()> {
        let log = self.log_file();
        let program = command.get_program().to_string_lossy().into_owned();
        let output = append_to(&log).with_context(|| format!("can't write {}", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("can't start {program}"))?;
        let mut display = Display::new(&self.step, &log);
        let status = loop {
            match child.try_wait()? {
                Some(status) => break status,
                None => display.tick(),
            }
        };
        if !status.success() {
            clear_line();
            bail!(
                "{}\n{program} ended with {status}; all it said: {}",
                tail(&log, SHOWN_ON_FAILURE),
                log.display()
            );
        }
        Ok(())
    }

    /// The last line that a program of this step wrote.
    pub fn last_line(&self) -> String {
        let end = tail(&self.log_file(), 400);
        end.lines().next_back().unwrap_or_default().trim().to_owned()
    }

    /// One log per step: what several programs of a step say follows each other in it.
    fn log_file(&self) -> PathBuf {
        let name = self.step.replace(|c: char| !c.is_alphanumeric(), "-");
        place::own().join("log").join(name).with_extension("log")
    }
}

fn append_to(file: &Path) -> std::io::Result<File> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    File::options().create(true).append(true).open(file)
}

/// Shows that a quiet program is alive: on a terminal one line that changes, elsewhere a line now and then.
struct Display<'a> {
    step: &'a str,
    log: &'a Path,
    started: Instant,
    shown: Instant,
    wait: Duration,
}

impl<'a> Display<'a> {
    const POLL_AT_FIRST: Duration = Duration::from_millis(5);
    const POLL_AT_MOST: Duration = Duration::from_millis(100);
    const LINE_EVERY: Duration = Duration::from_secs(30);

    fn new(step: &'a str, log: &'a Path) -> Display<'a> {
        let now = Instant::now();
        Display { step, log, started: now, shown: now, wait: Display::POLL_AT_FIRST }
    }

    /// Sleeps a moment (short at first, so that quick programs stay quick) and shows progress where it is due.
    fn tick(&mut self) {
        std::thread::sleep(self.wait);
        self.wait = (self.wait * 2).min(Display::POLL_AT_MOST);
        let terminal = std::io::stdout().is_terminal();
        let due = if terminal { Display::POLL_AT_MOST } else { Display::LINE_EVERY };
        if self.shown.elapsed() < due {
            return;
        }
        self.shown = Instant::now();
        let said = tail(self.log, 400);
        let said: String = said.lines().next_back().unwrap_or_default().trim().chars().take(50).collect();
        let line = format!("  … {:<32} {:>6}  {said}", self.step, brief(self.started.elapsed()));
        if terminal {
            clear_line();
            print!("{line}");
            // A terminal that can't be written to shows no progress; the work goes on.
            let _ = std::io::stdout().flush();
        } else {
            println!("{line}");
        }
    }
}

fn clear_line() {
    if std::io::stdout().is_terminal() {
        print!("\r\x1b[2K");
    }
}

/// The end of a text file, or nothing where it can't be read: this is only ever shown.
fn tail(file: &Path, bytes: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(file)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        Ok(end)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

/// `0.4 s` below a minute, `m:ss` from there.
pub fn brief(duration: Duration) -> String {
    if duration < Duration::from_secs(60) {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        clock(duration)
    }
}

/// `m:ss`.
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        assert_eq!(brief(Duration::from_millis(420)), "0.4 s");
        assert_eq!(brief(Duration::from_secs(61)), "1:01");
        assert_eq!(clock(Duration::from_secs(9)), "0:09");
        assert_eq!(clock(Duration::from_secs(3_725)), "62:05");
    }

    #[test]
    fn the_end_of_a_log_is_what_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        fs::write(&log, "first\nsecond\nthird").unwrap();
        assert_eq!(tail(&log, 5), "third");
        assert_eq!(tail(&log, 1000), "first\nsecond\nthird");
        assert_eq!(tail(&folder.path().join("none"), 5), "");
    }

    #[test]
    fn a_failed_program_shows_what_it_said() {
        let note = Note { step: "test of a failing program".to_owned(), text: String::new() };
        let error = note.run(Command::new("sh").args(["-c", "echo why it failed >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().contains("why it failed"), "{error}");
        assert!(error.to_string().contains("exit status: 3"), "{error}");
    }
}
