//! Finding something by a text, wherever it is.

use crate::{
    Acting,
    error::{Error, Result},
    store::find,
};
use model::{
    Permission,
    find::{ExperimentHit, FOUND, Found, LONGEST_TEXT, MoveTarget},
};
use tokio::try_join;

fn too_long() -> Error {
    Error::invalid(format!("What is looked for has at most {LONGEST_TEXT} bytes."))
}

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
            return Err(too_long());
        }
        let (db, visible) = (&self.domain.db, self.visible());
        let (experiments, runs, models) = try_join!(
            find::experiments(db, &visible, Permission::Read, text, FOUND),
            find::runs(db, &visible, text, FOUND),
            find::models(db, &visible, text, FOUND),
        )?;
        Ok(Found { experiments, runs, models })
    }

    /// Active experiments with the text in their names that the caller may move runs to, a few; those last changed for no text.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` if the text is too long.
    pub async fn find_targets(&self, text: &str) -> Result<Vec<MoveTarget>> {
        let text = text.trim();
        if text.len() > LONGEST_TEXT {
            return Err(too_long());
        }
        let found =
            find::experiments(&self.domain.db, &self.visible(), Permission::Edit, text, FOUND).await?;
        let mut targets = Vec::with_capacity(found.len());
        for ExperimentHit { id, name } in found {
            // A credential may be good for less than its account.
            let level = self.level_at_experiment(id).await?;
            if level >= Permission::Edit {
                targets.push(MoveTarget { id, name, and_back: level >= Permission::Manage });
            }
        }
        Ok(targets)
    }
}
