//! Versions of a registered model side by side. Of what lies behind a version only that is told which the caller may see.

use super::signature::{self, Fields, Signature};
use crate::{
    Acting,
    artifact::{ENVIRONMENTS, file_in, if_there, served_path},
    error::{Error, Result},
    gate::Read,
    store::registry::version,
};
use model::{
    compared::EnvironmentLine,
    page::{
        ArtifactRoot,
        registry::{ComparedVersion, VERSIONS_COMPARED, VersionComparison},
    },
    registry::ModelVersion,
    requirements::{self, Packages},
};
use std::collections::{HashMap, HashSet};

/// What an `MLmodel` may be long to be read, and all of them.
const LARGEST_MLMODEL: u64 = 256 << 10;
const MLMODELS: u64 = 2 << 20;

impl Acting {
    /// Versions of a registered model side by side. Needs READ of the registered model; of runs, models and files that the caller
    /// may not read nothing is told.
    pub(super) async fn compare_versions(&self, name: &str, numbers: &[i64]) -> Result<VersionComparison> {
        let grant = self.named::<Read>(name).await?;
        let mut once = HashSet::new();
        let numbers: Vec<i64> = numbers.iter().copied().filter(|number| once.insert(*number)).collect();
        if numbers.len() > VERSIONS_COMPARED {
            return Err(Error::invalid(format!(
                "At most {VERSIONS_COMPARED} versions are compared, and these are {}.",
                numbers.len()
            )));
        }
        let found = version::some(&mut &self.domain.db, &grant, &numbers).await?;
        let mut found: HashMap<i64, ModelVersion> =
            found.into_iter().map(|version| (version.version, version)).collect();
        let missing = numbers.iter().copied().filter(|number| !found.contains_key(number)).collect();
        let found: Vec<ModelVersion> = numbers.iter().filter_map(|number| found.remove(number)).collect();
        // Those that can't be read are left out, and those named twice are there once.
        let ids: Vec<String> =
            found.iter().filter_map(|version| version.run).map(|run| run.to_string()).collect();
        let runs = self.compare_runs(&ids).await?.runs;

        let (mut versions, mut signatures, mut packages) = (Vec::new(), Vec::new(), Vec::new());
        let (mut left, mut left_of_models) = (ENVIRONMENTS, MLMODELS);
        for mut version in found {
            let run = runs.iter().map(|run| &run.run.info).find(|info| version.run == Some(info.id));
            let origin = self.origin_of(&mut version, run).await;
            let (mut files, mut named, mut signature) = (Vec::new(), Packages::new(), None);
            if let Some((root, folder)) = origin.files.filter(|_| !origin.hides) {
                // Both are here already: to ask for each file's place would load them again and again.
                let uri = match root {
                    ArtifactRoot::Run(..) => run.map(|run| run.artifact_uri.as_str()),
                    ArtifactRoot::Model(..) => origin.model.as_ref().map(|model| model.artifact_uri.as_str()),
                };
                let folder = uri.map(|uri| if_there(served_path(uri, &folder))).transpose()?.flatten();
                if let Some(folder) = folder {
                    (files, named) = self.packages_in(&folder, &mut left).await?;
                    signature = self.signature_in(&folder, &mut left_of_models).await?;
                }
            }
            versions.push(ComparedVersion {
                run_hidden: version.run.is_some() && run.is_none(),
                version,
                has_signature: signature.is_some(),
                files,
            });
            signatures.push(signature);
            packages.push(named);
        }
        Ok(VersionComparison {
            name: grant.name().to_owned(),
            versions,
            missing,
            runs,
            inputs: beside(&signatures, |signature| &signature.inputs),
            outputs: beside(&signatures, |signature| &signature.outputs),
            params: beside(&signatures, |signature| &signature.params),
            packages: requirements::side_by_side(&packages),
        })
    }

    /// What the model in a folder takes and gives, if a file says so.
    async fn signature_in(&self, folder: &str, left: &mut u64) -> Result<Option<Signature>> {
        let text = self.start_at(&file_in(folder, "MLmodel"), LARGEST_MLMODEL.min(*left)).await?;
        let Some(text) = text else { return Ok(None) };
        *left = left.saturating_sub(text.len() as u64);
        Ok(signature::read(&String::from_utf8_lossy(&text)))
    }
}

/// Fields of several models beside each other, in the order in which they come first. Models that say nothing have no say in whether
/// they differ.
fn beside(signatures: &[Option<Signature>], part: fn(&Signature) -> &Fields) -> Vec<EnvironmentLine> {
    let many = signatures.len();
    let mut lines: Vec<EnvironmentLine> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (column, signature) in signatures.iter().enumerate() {
        let Some(signature) = signature else { continue };
        for (name, kind) in part(signature) {
            let place = *places.entry(name).or_insert_with(|| {
                lines.push(EnvironmentLine { name: name.clone(), values: vec![None; many], differs: false });
                lines.len() - 1
            });
            if let Some(value) = lines.get_mut(place).and_then(|line| line.values.get_mut(column)) {
                *value = Some(kind.clone());
            }
        }
    }
    for line in &mut lines {
        let mut known = signatures.iter().zip(&line.values).filter(|(signature, _)| signature.is_some());
        let first = known.next().map(|(_, value)| value);
        line.differs = known.any(|(_, value)| Some(value) != first);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_beside_each_other_in_their_order() {
        let of = |inputs: &[(&str, &str)]| {
            let inputs = inputs.iter().map(|(name, kind)| (name.to_string(), kind.to_string())).collect();
            Some(Signature { inputs, ..Signature::default() })
        };
        let signatures =
            [of(&[("z", "long"), ("a", "long")]), None, of(&[("a", "double"), ("z", "long"), ("m", "any")])];
        let lines = beside(&signatures, |signature| &signature.inputs);
        let told: Vec<_> = lines.iter().map(|line| (line.name.as_str(), line.differs)).collect();
        assert_eq!(told, [("z", false), ("a", true), ("m", true)]);
        assert_eq!(lines[1].values, [Some("long".to_owned()), None, Some("double".to_owned())]);
    }
}
