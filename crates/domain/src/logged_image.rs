//! Pictures that runs logged at steps.

use crate::{Acting, artifact::PROXY_SCHEME, error::Result};
use model::{
    RunId,
    logged_image::{FOLDER, IMAGES_SHOWN, LoggedImages},
    run::Run,
};

/// Files that are looked through for them.
const LOOKED_THROUGH: usize = 20_000;

impl Acting {
    /// The pictures that a run logged at steps, by key and step, up to a bound. None if its files are kept elsewhere. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn logged_images(&self, run: RunId) -> Result<LoggedImages> {
        let uri = self.run_artifact_uri(run).await?;
        let Some(folder) = images_of(&uri) else { return Ok(LoggedImages::default()) };
        let (names, is_more) = self.some_files(&folder, LOOKED_THROUGH).await?;
        let mut images = LoggedImages::among(&names, IMAGES_SHOWN);
        images.is_more |= is_more;
        Ok(images)
    }

    /// Whether there is a folder where such pictures would be.
    pub(crate) async fn has_images(&self, run: &Run) -> bool {
        match images_of(&run.info.artifact_uri) {
            Some(folder) => self.is_kept_folder(&folder).await,
            None => false,
        }
    }
}

/// Where the pictures of a run are whose files this server keeps.
fn images_of(uri: &str) -> Option<String> {
    let root = uri.strip_prefix(PROXY_SCHEME)?.trim_matches('/');
    Some(format!("{root}/{FOLDER}"))
}
