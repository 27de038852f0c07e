//! The files of the site are compiled in, so a new one must compile this crate again.

fn main() {
    let site = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/site");
    // A path that isn't there would count as changed each time.
    if let Err(error) = std::fs::create_dir_all(site) {
        println!("cargo::warning=can't create {site}: {error}");
    }
    println!("cargo::rerun-if-changed={site}");
}
