use super::Fault;
use leptos::prelude::*;
use model::page::{ArtifactEntry, ArtifactRoot, TextPreview};
use server_fn::codec::Postcard;

/// The files and folders of a folder.
#[server(prefix = "/ui", endpoint = "list_artifacts", input = Postcard, output = Postcard)]
pub async fn list_artifacts(root: ArtifactRoot, path: String) -> Result<Vec<ArtifactEntry>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.artifact_entries(root, &path).await.map_err(fault)
}

/// The start of a text file.
#[server(prefix = "/ui", endpoint = "artifact_text", input = Postcard, output = Postcard)]
pub async fn artifact_text(root: ArtifactRoot, path: String) -> Result<TextPreview, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.artifact_text(root, &path).await.map_err(fault)
}
