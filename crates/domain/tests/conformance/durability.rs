//! What was acknowledged is there after the end of the process.

use crate::world::*;
use domain::Domain;
use model::experiment::ViewType;

on_both_databases! {
    everything_is_there_after_a_restart,
    several_processes_may_start_at_once,
    closing_waits_for_what_was_handed_over,
    a_closed_domain_refuses_and_stores_nothing,
    an_unknown_kind_of_database_is_refused,
}

async fn everything_is_there_after_a_restart(world: &World) {
    let first = world.another().await;
    let alice = world.user("alice").await.on(&first);
    let experiment = alice.create_experiment("vision", "", &[tag("a", "1")]).await.unwrap();
    let run = alice.run_in(experiment).await;
    for step in 0..20 {
        alice.logs(run, batch().metric("loss", step, f64::NAN).param("lr", "0.1").tag("a", "1")).await;
    }
    alice.uploads(&format!("{experiment}/{run}/artifacts/a.txt"), b"hello").await;
    let (_, token) = alice.create_token("laptop").await.unwrap();
    let before = (
        alice.get_experiment(experiment).await.unwrap(),
        alice.sees(run).await,
        alice.history(run, "loss").await,
    );
    first.close().await;
    drop(first);

    let second = world.another().await;
    let alice = User(second.act(second.unchecked_token(&token).await.unwrap()));
    let after = (
        alice.get_experiment(experiment).await.unwrap(),
        alice.sees(run).await,
        alice.history(run, "loss").await,
    );
    assert_eq!(after, before);
    assert_eq!(after.2.len(), 20);
    assert_eq!(alice.downloads(&format!("{experiment}/{run}/artifacts/a.txt")).await.unwrap(), b"hello");
    second.unchecked_sign_in("alice", PASSWORD).await.unwrap();
    second.close().await;
}

async fn several_processes_may_start_at_once(world: &World) {
    let config = world.emptied().await;
    let opened = futures::future::join_all((0..4).map(|_| {
        let config = config.clone();
        tokio::spawn(async move { Domain::open(config).await })
    }))
    .await;
    for domain in opened {
        let domain = domain.unwrap().unwrap();
        let found = domain
            .act(domain::Caller::Local)
            .search_experiments("", &[], ViewType::All, 10, "")
            .await
            .unwrap();
        assert_eq!(found.items.len(), 1, "there is one default experiment");
        domain.close().await;
    }
}

async fn closing_waits_for_what_was_handed_over(world: &World) {
    let first = world.another().await;
    let alice = world.user("alice").await.on(&first);
    let run = alice.run_in(alice.experiment("vision").await).await;
    let logging: Vec<_> = (0..32)
        .map(|step| {
            let alice = alice.clone();
            tokio::spawn(async move { alice.log(run, batch().metric("loss", step, 1.0).0).await })
        })
        .collect();
    // Some are refused by now and some are not; what counts is that nobody was told a lie.
    tokio::task::yield_now().await;
    first.close().await;
    let mut acknowledged = Vec::new();
    for (step, logged) in (0..).zip(logging) {
        if logged.await.unwrap().is_ok() {
            acknowledged.push(step);
        }
    }
    let second = world.another().await;
    let stored: Vec<i64> =
        alice.on(&second).history(run, "loss").await.iter().map(|point| point.step).collect();
    assert_eq!(stored, acknowledged);
    second.close().await;
}

async fn a_closed_domain_refuses_and_stores_nothing(world: &World) {
    let first = world.another().await;
    let alice = world.user("alice").await;
    let run = alice.run_in(alice.experiment("vision").await).await;
    first.close().await;
    let problem = problem(alice.on(&first).log(run, batch().metric("loss", 1, 1.0).0).await);
    assert!(matches!(problem.code, Code::InternalError | Code::TemporarilyUnavailable), "{problem:?}");
    assert_eq!(alice.history(run, "loss").await, []);
}

async fn an_unknown_kind_of_database_is_refused(world: &World) {
    let config = domain::Config {
        backend_store_uri: "mysql://root:secret@host/db".to_owned(),
        ..world.config.clone()
    };
    let Err(error) = Domain::open(config).await else { panic!("opened") };
    assert!(error.to_string().contains("'mysql'") && !error.to_string().contains("secret"), "{error}");
}
