//! Finding something by a text, wherever it is.

use crate::{
    Acting,
    error::{Error, Result},
    store::find,
};
use model::find::{FOUND, Found, LONGEST_TEXT};
use tokio::try_join;

impl Acting {
    /// Experiments, runs and registered models that the caller may see and whose names hold the text, and runs whose ids
    /// begin with it; a few of each. Nothing for no text.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` if the text is too long.
    pub async fn find_anything(&self, text: &str) -> Result<Found> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Found::default());
        }
        if text.len() > LONGEST_TEXT {
            return Err(Error::invalid(format!("What is looked for has at most {LONGEST_TEXT} bytes.")));
        }
        let (db, visible) = (&self.domain.db, self.visible());
        let (experiments, runs, models) = try_join!(
            find::experiments(db, &visible, text, FOUND),
            find::runs(db, &visible, text, FOUND),
            find::models(db, &visible, text, FOUND),
        )?;
        Ok(Found { experiments, runs, models })
    }
}
