//! What takes how much of the disk: points of metrics as the database has them, files as the artifact store lists them.
//!
//! Counting reads what can be much, so it is done by one at a time, and what was counted is shown to all for a while.

use crate::{
    Acting, Domain, clock,
    error::Result,
    store::{self, operation::Share},
};
use futures::TryStreamExt as _;
use model::{
    ExperimentId, RunId, UserId,
    operation::{ExperimentUse, StorageUse, Used},
};
use object_store::path::Path;
use std::{
    collections::HashMap,
    hash::Hash,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// How long what was counted is shown.
const SHOWN_FOR: Duration = Duration::from_secs(60);
/// How long files are counted.
const PATIENCE: Duration = Duration::from_secs(20);
/// Runs that are asked for with one statement.
const ASKED_AT_ONCE: usize = 900;

/// What was counted last, and the turn to count.
#[derive(Clone, Default)]
pub(crate) struct Storage(Arc<Mutex<Option<Counted>>>);

/// When it was counted, and what.
type Counted = (Instant, Arc<StorageUse>);

/// Files by whose they are.
#[derive(Default)]
struct Files {
    of_experiments: HashMap<ExperimentId, Used>,
    /// With the experiment in whose folder they lie.
    of_runs: HashMap<(RunId, Option<ExperimentId>), Used>,
    is_whole: bool,
}

impl Acting {
    /// What takes how much of the disk, as it was within the last minute. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub async fn storage_use(&self) -> Result<Arc<StorageUse>> {
        self.must_be_admin()?;
        let mut counted = self.domain.storage.0.lock().await;
        if let Some((_, found)) = counted.as_ref().filter(|(then, _)| then.elapsed() < SHOWN_FOR) {
            return Ok(found.clone());
        }
        let found = Arc::new(self.domain.count_storage().await?);
        *counted = Some((Instant::now(), found.clone()));
        Ok(found)
    }
}

impl Domain {
    async fn count_storage(&self) -> Result<StorageUse> {
        let files = self.count_files().await?;
        let shares = store::operation::shares(&self.db).await?;
        let mut of_users: HashMap<Option<UserId>, Used> = HashMap::new();
        let mut of_experiments = files.of_experiments;
        for share in &shares {
            let used = points_of(share);
            add(&mut of_users, share.created_by.map(UserId), used);
            add(&mut of_experiments, ExperimentId(share.experiment_id), used);
        }
        let runs: Vec<RunId> = files.of_runs.keys().map(|(run, _)| *run).collect();
        let mut known = HashMap::with_capacity(runs.len());
        for runs in runs.chunks(ASKED_AT_ONCE) {
            let found = store::operation::makers(&self.db, runs).await?;
            known.extend(found.into_iter().map(|(run, experiment, maker)| (run, (experiment, maker))));
        }
        for ((run, folder), used) in files.of_runs {
            let Some((experiment, maker)) = known.get(&run).copied() else {
                // Of what is called like a run and is none, the folder counts.
                if let Some(folder) = folder {
                    add(&mut of_experiments, folder, used);
                }
                continue;
            };
            add(&mut of_experiments, experiment, used);
            add(&mut of_users, maker, used);
        }
        let all = of_experiments.values().copied().fold(Used::default(), Used::and);
        let experiments = store::operation::experiments(&self.db).await?.into_iter();
        let mut experiments: Vec<ExperimentUse> = experiments
            .map(|(id, name, is_deleted)| {
                let used = of_experiments.get(&id).copied().unwrap_or_default();
                ExperimentUse { id, name, is_deleted, used }
            })
            .collect();
        experiments.sort_by_key(|one| std::cmp::Reverse(one.used.bytes()));
        let names = store::operation::names(&self.db).await?;
        let name_of =
            |user: Option<UserId>| user.and_then(|user| names.get(&user).cloned()).unwrap_or_default();
        let mut users: Vec<(String, Used)> =
            of_users.into_iter().map(|(user, used)| (name_of(user), used)).collect();
        users.sort_by(|(name, used), (other, others)| {
            others.bytes().cmp(&used.bytes()).then_with(|| name.cmp(other))
        });
        Ok(StorageUse { at: clock::now(), is_whole: files.is_whole, experiments, users, all })
    }

    async fn count_files(&self) -> Result<Files> {
        let began = Instant::now();
        let mut files = Files { is_whole: true, ..Files::default() };
        let mut listed = self.artifacts.list();
        while let Some(file) = listed.try_next().await? {
            let used = Used { files: 1, file_bytes: file.size, ..Used::default() };
            match owner_of(&file.location) {
                (folder, Some(run)) => add(&mut files.of_runs, (run, folder), used),
                (Some(experiment), None) => add(&mut files.of_experiments, experiment, used),
                (None, None) => {}
            }
            if began.elapsed() > PATIENCE {
                files.is_whole = false;
                break;
            }
        }
        Ok(files)
    }
}

fn points_of(share: &Share) -> Used {
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    Used {
        runs: number(share.runs),
        points: number(share.points),
        point_bytes: number(share.bytes),
        ..Used::default()
    }
}

fn add<K: Eq + Hash>(to: &mut HashMap<K, Used>, key: K, used: Used) {
    let sum = to.entry(key).or_default();
    *sum = sum.and(used);
}

/// The experiment in whose folder a file lies, and the run that it belongs to, if it is one's: see [`crate::artifact`].
fn owner_of(path: &Path) -> (Option<ExperimentId>, Option<RunId>) {
    let mut parts = path.parts();
    let experiment = parts.next().and_then(|part| part.as_ref().parse().ok());
    let run = parts.next().and_then(|part| part.as_ref().parse().ok());
    (experiment, run)
}
