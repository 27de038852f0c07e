use super::Fault;
use leptos::prelude::*;
use model::{
    RunId,
    compared::{self, ComparedFiles, FilePlace, TextDifference},
};
use server_fn::codec::Postcard;

/// The packages that runs ran with.
#[server(prefix = "/ui", endpoint = "environments", input = Postcard, output = Postcard)]
pub async fn environments(runs: Vec<RunId>) -> Result<compared::Environments, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.environments(&runs).await.map_err(fault)
}

/// The files of runs and of their models, each compared to the first run's.
#[server(prefix = "/ui", endpoint = "compare_files", input = Postcard, output = Postcard)]
pub async fn compare_files(runs: Vec<RunId>) -> Result<ComparedFiles, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.compare_files(&runs).await.map_err(fault)
}

/// What differs between the starts of two text files.
#[server(prefix = "/ui", endpoint = "compare_texts", input = Postcard, output = Postcard)]
pub async fn compare_texts(before: FilePlace, after: FilePlace) -> Result<TextDifference, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.compare_texts(&before, &after).await.map_err(fault)
}
