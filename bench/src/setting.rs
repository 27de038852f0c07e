//! When and where a run took place, and what was measured.

use crate::report::Setting;
use crate::server::Programs;
use anyhow::{Context, Result};
use std::fs;
use std::process::Command;

/// Looks at the machine and asks the programs for their versions.
///
/// # Errors
/// When Postgres doesn't say its version. What else can't be found out is said to be unknown.
pub fn look(programs: &Programs) -> Result<Setting> {
    let said = |command: &mut Command| {
        let output = command.output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
    };
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".to_owned());
    let mlflow = said(Command::new(programs.python.join("mlflow")).arg("--version"));
    let fasttrackml = said(Command::new(programs.python.join("fml")).arg("--version"));
    let mut versions = vec![
        or_unknown(said(Command::new(&programs.runmark).arg("--version"))),
        format!("{}, 4 workers", or_unknown(mlflow)),
        or_unknown(fasttrackml),
    ];
    if let Some(postgres) = &programs.postgres {
        versions.push(format!("PostgreSQL {}", postgres.version()?));
    }
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load_before = load.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default();
    let kernel = or_unknown(said(Command::new("uname").arg("-sr")));
    let date = or_unknown(said(Command::new("date").args(["-u", "+%Y-%m-%d"])));
    Ok(Setting { date, machine: format!("{}, {kernel}", machine()?), versions, load_before })
}

/// Processor, cores, memory.
fn machine() -> Result<String> {
    let cores = std::thread::available_parallelism().context("how many cores there are is unknown")?;
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory =
        field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    Ok(format!("{cores} cores of {processor}, {} GB of memory", memory.unwrap_or_default() / 1_000_000))
}
