//! OpenLDAP's server, for tests of sign-in by LDAP: they start one of their own.

use crate::machine;
use crate::step::step;
use anyhow::{Result, ensure};
use std::path::Path;

/// Makes sure of `slapd`, the schemas that come with it, and what makes its certificate.
pub fn ensure() -> Result<()> {
    step("OpenLDAP", |note| {
        if is_installed() {
            note.say("already there");
            return Ok(());
        }
        machine::install(note, "OpenLDAP", &["slapd", "openssl"])?;
        ensure!(is_installed(), "there is still no `slapd` and no `openssl`");
        Ok(())
    })
}

fn is_installed() -> bool {
    // It is no program for everybody, so it may be off the path.
    let has_slapd = machine::find(&["slapd"]).is_some() || Path::new("/usr/sbin/slapd").is_file();
    has_slapd && machine::find(&["openssl"]).is_some()
}
