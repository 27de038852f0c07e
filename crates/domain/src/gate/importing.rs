//! What the gate lets admins do alone: write things as they were elsewhere, with their ids, times and states.

use crate::{Acting, error::Result};

/// May write anything that isn't there yet. Made here alone.
#[derive(Debug)]
pub(crate) struct Importing {
    _made_here: (),
}

impl Acting {
    /// Lets an admin take over what another server had.
    pub(crate) fn importing(&self) -> Result<Importing> {
        self.must_be_admin()?;
        Ok(Importing { _made_here: () })
    }
}
