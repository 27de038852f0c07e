//! The wasm32 standard library, without which the browser part can't be built.
//!
//! In order: the toolchain in use has it (nothing to do); `rustup target add` fetches it; it is built from the source
//! package of the distribution's own toolchain, which then also builds the browser part, since a standard library
//! only fits the compiler of its very version. `RUNMARK_WASM_STD=source` leaves rustup out.

use crate::machine::{self, ask, current, find};
use crate::place;
use crate::step::{Note, step};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's toolchain for building browsers: the newest that its stable releases have.
const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// A toolchain that can build for the browser.
pub enum Toolchain {
    /// The one in use.
    Current,
    /// The distribution's, found beside the one in use.
    Distribution(Distribution),
}

/// The distribution's cargo and compiler.
pub struct Distribution {
    version: Version,
    /// Where the standard library and the linker are, if not in the toolchain itself.
    built: Option<Built>,
}

struct Built {
    sysroot: PathBuf,
    linker: PathBuf,
}

const CARGO: &str = "/usr/bin/cargo";
const RUSTC: &str = "/usr/bin/rustc";

impl Toolchain {
    /// `cargo build` for the browser.
    pub fn build(&self) -> Command {
        let mut command = match self {
            Toolchain::Current => machine::cargo(&[]),
            Toolchain::Distribution(distribution) => distribution.cargo(),
        };
        command.args(["build", "--target", TARGET]).current_dir(place::root());
        command
    }
}

/// Finds a toolchain with a wasm32 standard library, or makes one.
pub fn ensure() -> Result<Toolchain> {
    step("wasm32 standard library", |note| {
        if has_std(&current("RUSTC", "rustc")) {
            note.say("already there");
            return Ok(Toolchain::Current);
        }
        let source_only = std::env::var("RUNMARK_WASM_STD").is_ok_and(|how| how == "source");
        if !source_only && find(&["rustup"]).is_some() {
            match note.run(Command::new("rustup").args(["target", "add", TARGET])) {
                Ok(()) => {
                    note.say("fetched by rustup");
                    return Ok(Toolchain::Current);
                }
                Err(_) => println!("  · rustup can't fetch it; trying the distribution's packages"),
            }
        }
        let distribution = ensure_distribution(note).with_context(|| {
            format!("there is no {TARGET} standard library; where rustup is used: rustup target add {TARGET}")
        })?;
        Ok(Toolchain::Distribution(distribution))
    })
}

fn has_std(rustc: &Path) -> bool {
    let folder = ask(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]));
    folder.is_some_and(|folder| holds_std(Path::new(&folder)))
}

fn holds_std(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|files| {
        files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

fn ensure_distribution(note: &mut Note) -> Result<Distribution> {
    if ask(Command::new(CARGO).arg("--version")).is_none() || library_source().is_none() {
        machine::install(note, "the distribution's Rust toolchain with its source", &PACKAGES)?;
    }
    let version = ask(Command::new(RUSTC).arg("-vV"))
        .and_then(|text| Version::parse(&text))
        .with_context(|| format!("{RUSTC} doesn't say its version"))?;
    let needed = Version::parse_rust(env!("CARGO_PKG_RUST_VERSION")).unwrap_or_default();
    if version.rust < needed {
        bail!(
            "the distribution's Rust is {}; {} or newer is needed",
            version.name,
            env!("CARGO_PKG_RUST_VERSION")
        );
    }
    if has_std(Path::new(RUSTC)) {
        note.say(format!("the distribution's {}", version.name));
        return Ok(Distribution { version, built: None });
    }
    let linker = linker(version.llvm);
    if !linker.is_file() {
        machine::install(note, "LLVM's linker", &[&format!("lld-{}", version.llvm)])?;
    }
    let sysroot = place::own().join("wasm-std").join(&version.name);
    let library = sysroot.join("lib/rustlib").join(TARGET);
    let distribution = Distribution { version, built: Some(Built { sysroot: sysroot.clone(), linker }) };
    if holds_std(&library.join("lib")) {
        note.say(format!("built from source before, {}", distribution.version.name));
    } else {
        distribution.build_std(note, &sysroot, &library)?;
        note.say(format!("built from source, {}", distribution.version.name));
    }
    Ok(distribution)
}

/// The source of the standard library with its dependencies, if the distribution's package is installed.
fn library_source() -> Option<PathBuf> {
    let sysroot = ask(Command::new(RUSTC).args(["--print", "sysroot"]))?;
    let source = Path::new(&sysroot).join("lib/rustlib/src/rust");
    source.join("library/vendor").is_dir().then_some(source)
}

fn linker(llvm: u32) -> PathBuf {
    PathBuf::from(format!("/usr/lib/llvm-{llvm}/bin/wasm-ld"))
}

impl Distribution {
    /// The distribution's cargo, freed of what the toolchain in use says through the environment.
    fn cargo(&self) -> Command {
        let mut command = Command::new(CARGO);
        for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH"] {
            command.env_remove(variable);
        }
        machine::without_flags(&mut command);
        command.env("RUSTC", RUSTC);
        if let Some(Built { sysroot, linker }) = &self.built {
            // Cargo joins these flags to those of `.cargo/config.toml`.
            command.args([
                "--config",
                &format!("target.{TARGET}.rustflags=[{:?}]", format!("--sysroot={}", sysroot.display())),
            ]);
            command.args(["--config", &format!("target.{TARGET}.linker={linker:?}")]);
        }
        command
    }

    /// Compiles the standard library as a dependency of an empty crate, offline, from the source package alone, and
    /// moves it to `library`, whole or not at all.
    fn build_std(&self, note: &Note, sysroot: &Path, library: &Path) -> Result<()> {
        let source = library_source().context("the standard library's source isn't installed")?;
        fs::create_dir_all(sysroot).with_context(|| format!("can't make {}", sysroot.display()))?;
        let scratch = tempfile::tempdir_in(sysroot)?;
        let crate_folder = scratch.path().join("empty");
        fs::create_dir_all(crate_folder.join("src"))?;
        fs::create_dir_all(crate_folder.join(".cargo"))?;
        fs::write(crate_folder.join("Cargo.toml"), EMPTY_CRATE)?;
        fs::write(crate_folder.join("src/lib.rs"), "#![no_std]\n")?;
        fs::write(
            crate_folder.join(".cargo/config.toml"),
            format!(
                "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = {:?}\n",
                source.join("library/vendor")
            ),
        )?;
        // Bitcode is what lets the browser part be optimised as one with the standard library.
        let flags = format!("-Cembed-bitcode=yes\x1f--remap-path-prefix={}=/rustc-src", source.display());
        note.run(
            self.cargo()
                .args(["build", "--offline", "--release", "--target", TARGET])
                .arg("-Zbuild-std=std,panic_abort,proc_macro,test")
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_ENCODED_RUSTFLAGS", flags)
                .env("CARGO_TARGET_DIR", crate_folder.join("target"))
                .current_dir(&crate_folder),
        )?;
        let fresh = scratch.path().join("library");
        fs::create_dir_all(fresh.join("lib"))?;
        for file in fs::read_dir(crate_folder.join("target").join(TARGET).join("release/deps"))? {
            let file = file?;
            if is_library(&file.file_name().to_string_lossy()) {
                fs::rename(file.path(), fresh.join("lib").join(file.file_name()))?;
            }
        }
        if let Some(folder) = library.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::rename(&fresh, library).with_context(|| format!("can't make {}", library.display()))
    }
}

const EMPTY_CRATE: &str = r#"[package]
name = "empty"
version = "0.0.0"
edition = "2021"

[workspace]

[profile.release]
lto = "off"
"#;

fn is_library(file: &str) -> bool {
    file.starts_with("lib")
        && !file.starts_with("libempty-")
        && (file.ends_with(".rlib") || file.ends_with(".rmeta"))
}

/// What a compiler says of itself.
#[derive(Debug, PartialEq)]
struct Version {
    name: String,
    rust: (u32, u32),
    llvm: u32,
}

impl Version {
    /// Reads what `rustc -vV` prints.
    fn parse(text: &str) -> Option<Version> {
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        let name = value("release:")?.to_owned();
        let rust = Version::parse_rust(&name)?;
        let llvm = value("LLVM version:")?.split('.').next()?.parse().ok()?;
        Some(Version { name, rust, llvm })
    }

    /// `1.96.0` and `1.96` are (1, 96).
    fn parse_rust(text: &str) -> Option<(u32, u32)> {
        let mut numbers = text.split('.');
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_says_its_version_and_its_llvm() {
        let text = "rustc 1.96.0 (ac68faa20 2026-05-25)\nhost: x86_64-unknown-linux-gnu\n\
                    release: 1.96.0\nLLVM version: 22.1.8\n";
        let version = Version::parse(text).unwrap();
        assert_eq!(version, Version { name: "1.96.0".into(), rust: (1, 96), llvm: 22 });
        assert_eq!(Version::parse("rustc 1.96.0"), None);
        assert!(Version::parse_rust("1.100").unwrap() > Version::parse_rust("1.95.2").unwrap());
    }

    #[test]
    fn a_standard_library_is_its_libraries_without_the_empty_crate() {
        for (file, expected) in [
            ("libstd-0a1b.rlib", true),
            ("libcore-0a1b.rmeta", true),
            ("libempty-0a1b.rlib", false),
            ("std-0a1b.d", false),
        ] {
            assert_eq!(is_library(file), expected, "{file}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(!holds_std(folder.path()));
        fs::write(folder.path().join("libstd-0a1b.rlib"), "").unwrap();
        assert!(holds_std(folder.path()));
    }
}
