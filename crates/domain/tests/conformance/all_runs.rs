//! The runs of all experiments. That nobody sees more than they may is in [`crate::visible`].

use crate::world::*;
use model::{page::AllRuns, run::NewRun};

on_both_databases! {
    runs_of_all_experiments_come_newest_first,
    they_come_a_page_at_a_time,
    they_are_filtered,
}

async fn runs_at(user: &User, experiment: ExperimentId, seconds: impl IntoIterator<Item = i64>) {
    for second in seconds {
        let start_time = 1_700_000_000_000 + 1000 * second;
        let run = NewRun { name: second.to_string(), start_time, ..new_run(experiment) };
        user.create_run(run).await.unwrap();
    }
}

async fn all(user: &User, filter: &str, after: &str) -> AllRuns {
    user.list_all_runs(filter, after).await.unwrap()
}

fn names(page: &AllRuns) -> Vec<&str> {
    page.runs.iter().map(|row| row.run.info.name.as_str()).collect()
}

async fn runs_of_all_experiments_come_newest_first(world: &World) {
    let alice = world.user("alice").await;
    assert_eq!(names(&all(&alice, "", "").await), [""; 0]);
    let (vision, sound) = (alice.experiment("vision").await, alice.experiment("sound").await);
    runs_at(&alice, vision, [1, 3]).await;
    runs_at(&alice, sound, [4, 2]).await;
    let gone = alice.run_named(sound, "gone").await;
    alice.delete_run(gone).await.unwrap();
    let page = all(&alice, "", "").await;
    assert_eq!(names(&page), ["4", "3", "2", "1"]);
    let experiments: Vec<_> = page.runs.iter().map(|row| row.experiment_name.as_str()).collect();
    assert_eq!(experiments, ["sound", "vision", "sound", "vision"]);
    assert_eq!((page.next, page.is_cut), (None, false));
    alice.delete_experiment(sound).await.unwrap();
    assert_eq!(names(&all(&alice, "", "").await), ["3", "1"]);
}

async fn they_come_a_page_at_a_time(world: &World) {
    let alice = world.user("alice").await;
    let (even, odd) = (alice.experiment("even").await, alice.experiment("odd").await);
    let old = alice.experiment("old").await;
    runs_at(&alice, even, (0..120).map(|number| 2 * number)).await;
    runs_at(&alice, odd, (0..40).map(|number| 2 * number + 1)).await;
    runs_at(&alice, old, [-1]).await;
    let mut expected: Vec<i64> = (0..120).map(|number| 2 * number).collect();
    expected.extend((0..40).map(|number| 2 * number + 1));
    expected.push(-1);
    expected.sort_by_key(|number| -number);
    let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    let first = all(&alice, "", "").await;
    assert_eq!(names(&first), expected[..100]);
    let second = all(&alice, "", first.next.as_deref().unwrap()).await;
    assert_eq!(names(&second), expected[100..]);
    assert_eq!(second.next, None);
    check_code(alice.list_all_runs("", "nonsense").await, Code::InvalidParameterValue);
}

async fn they_are_filtered(world: &World) {
    let alice = world.user("alice").await;
    for (experiment, loss) in [("vision", 0.5), ("sound", 0.1), ("text", 0.9)] {
        let experiment = alice.experiment(experiment).await;
        let run = alice.run_named(experiment, &format!("of {loss}")).await;
        alice.logs(run, batch().metric("loss", 1, loss)).await;
    }
    let page = all(&alice, "metrics.loss < 0.6", "").await;
    let mut found = names(&page);
    // Of runs that started at once either comes first.
    found.sort_unstable();
    assert_eq!(found, ["of 0.1", "of 0.5"]);
    check_code(alice.list_all_runs("metrics.loss <", "").await, Code::InvalidParameterValue);
}
