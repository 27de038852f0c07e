//! Which values the texts of an experiment's runs have: for whoever writes a filter, or makes one by clicks.

use crate::{Acting, error::Result, gate::Read, store};
use model::{
    ExperimentId,
    filter::{RunField, Text},
    page::{Facet, Facets, KeyKind, VALUES_FOUND},
};
use tokio::try_join;

/// Values that are looked at for those that contain a text.
const LOOKED_THROUGH: usize = 1000;
/// Keys of params, and of tags, of which facets are looked for.
const KEYS: usize = 200;
/// Values that a param or a tag has at most to be a facet.
const FEW: usize = 12;
/// Params and tags that are facets at once.
const SHOWN: usize = 8;
/// Of these, how many are left to tags, if there are so many.
const TAGS: usize = 2;
/// The newest runs of which values are counted.
const COUNTED: usize = 10_000;

/// Bytes of a text that values are looked for by: longer ones aren't offered.
const LONGEST_TEXT: usize = 200;

impl Acting {
    /// Values of a text of an experiment's runs: first those that begin with what is asked for, then others that contain it in
    /// any case, as far as a look at the first thousand finds them. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn find_values(
        &self,
        experiment: ExperimentId,
        field: &RunField,
        text: &str,
    ) -> Result<Vec<String>> {
        let grant = self.experiment::<Read>(experiment).await?;
        if text.len() > LONGEST_TEXT {
            return Ok(Vec::new());
        }
        let db = &self.domain.db;
        let mut found = store::facet::values(db, &grant, field, text, VALUES_FOUND, None).await?;
        found.retain(|value| value.starts_with(text));
        if found.len() < VALUES_FOUND && !text.is_empty() {
            let contains = Some((text, VALUES_FOUND));
            for value in store::facet::values(db, &grant, field, "", LOOKED_THROUGH, contains).await? {
                if !found.contains(&value) {
                    found.push(value);
                }
            }
        }
        // What a filter can't say is of no use in it.
        found.retain(|value| Text::new(value.as_str()).is_some());
        found.truncate(VALUES_FOUND);
        Ok(found)
    }

    /// By what the runs of an experiment can be told apart: their status, and params and tags with few values, with how many of
    /// the newest runs have each. Needs READ.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`.
    pub async fn facets(&self, experiment: ExperimentId) -> Result<Facets> {
        let grant = self.experiment::<Read>(experiment).await?;
        let db = &self.domain.db;
        let few = |kind| store::facet::few_valued(db, &grant, kind, KEYS, FEW);
        let (mut params, mut tags) = try_join!(few(KeyKind::Param), few(KeyKind::Tag))?;
        // What clients note by themselves is seldom what one looks for.
        tags.retain(|key| !key.starts_with("mlflow."));
        params.truncate(SHOWN - tags.len().min(TAGS));
        tags.truncate(SHOWN - params.len());
        let counted = store::facet::count(db, &grant, &params, &tags, COUNTED).await?;
        let is_status = |field: &RunField| *field == RunField::Status;
        let runs: u64 = counted.iter().filter(|one| is_status(&one.field)).map(|one| one.runs).sum();
        let fields = [RunField::Status]
            .into_iter()
            .chain(params.into_iter().map(RunField::Param))
            .chain(tags.into_iter().map(RunField::Tag));
        let facet = |field: RunField| {
            let of_it = counted.iter().filter(|one| one.field == field);
            let mut values: Vec<(String, u64)> = of_it.map(|one| (one.value.clone(), one.runs)).collect();
            values.sort_by(|(one, runs), (other, of_other)| of_other.cmp(runs).then_with(|| one.cmp(other)));
            Facet { field, values }
        };
        // Runs in the trash, or older ones, may have the other values.
        let tells = |facet: &Facet| facet.values.len() > usize::from(!is_status(&facet.field));
        Ok(Facets { facets: fields.map(facet).filter(tells).collect(), runs, more: runs >= COUNTED as u64 })
    }
}
