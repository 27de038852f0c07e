//! The server as a whole.

use crate::world::*;
use domain::share::Key;
use model::{
    operation::{Settings, Used},
    share::{Audience, NewShare, Reach},
};

on_both_databases! {
    settings_count_at_once_and_everywhere,
    links_for_anybody_may_be_switched_off,
    health_tells_what_the_server_has,
    storage_is_told_by_experiment_and_by_maker,
}

const OFF: Settings = Settings { public_links: false };

async fn settings_count_at_once_and_everywhere(world: &World) {
    let (ada, root) = (world.user("ada").await, world.admin("root").await);
    assert_eq!(ada.get_settings().await.unwrap(), Settings::default());
    check_code(ada.set_settings(OFF).await, Code::PermissionDenied);
    root.set_settings(OFF).await.unwrap();
    let another = world.another().await;
    assert_eq!(another.act(ada.caller().clone()).get_settings().await.unwrap(), OFF);
    another.close().await;
    let filter = model::audit::EventFilter { action: "setting".to_owned(), ..Default::default() };
    let events = root.list_events(&filter, "").await.unwrap().items;
    assert_eq!(events[0].detail, r#"{"after":{"public_links":false},"before":{"public_links":true}}"#);
}

async fn links_for_anybody_may_be_switched_off(world: &World) {
    let (ada, root) = (world.user("ada").await, world.admin("root").await);
    let run = ada.run_in(ada.experiment("vision").await).await;
    let new = |audience| NewShare {
        address: format!("/compare?runs={run}"),
        reach: Reach::Runs(vec![run]),
        title: "a run".to_owned(),
        audience,
        password: String::new(),
        days: None,
        snapshot: None,
        with_files: false,
    };
    let opens = async |code: &str| world.domain.unchecked_open_share(code, Key::None).await.is_ok();
    let public = ada.create_share(new(Audience::Anybody)).await.unwrap().code;
    let inner = ada.create_share(new(Audience::Members)).await.unwrap().code;
    root.set_settings(OFF).await.unwrap();
    assert!(!opens(&public).await && opens(&inner).await);
    check_code(ada.create_share(new(Audience::Anybody)).await, Code::InvalidParameterValue);
    ada.create_share(new(Audience::Members)).await.unwrap();
    root.set_settings(Settings::default()).await.unwrap();
    assert!(opens(&public).await);
}

async fn health_tells_what_the_server_has(world: &World) {
    let (ada, root) = (world.user("ada").await, world.admin("root").await);
    check_code(ada.health().await, Code::PermissionDenied);
    let health = root.health().await.unwrap();
    let kind = if world.is_postgres() { "PostgreSQL " } else { "SQLite " };
    assert!(health.database.starts_with(kind), "{}", health.database);
    assert!(health.database_bytes > 100_000 && health.files_free.unwrap() > 0);
    assert_eq!(health.database_free.is_some(), !world.is_postgres());
    assert_eq!(health.waiting.0, 0);
    let run = ada.run_in(ada.experiment("vision").await).await;
    ada.logs(run, batch().metric("loss", 1, 0.5)).await;
    assert_eq!(root.health().await.unwrap().unmerged, (1, 1));
}

async fn storage_is_told_by_experiment_and_by_maker(world: &World) {
    let (ada, bob, root) = (world.user("ada").await, world.user("bob").await, world.admin("root").await);
    check_code(ada.storage_use().await, Code::PermissionDenied);
    let (large, small) = (ada.experiment("large").await, ada.experiment("small").await);
    let logged = ada.run_in(large).await;
    for step in 0..10 {
        ada.logs(logged, batch().metric("loss", step, 0.5)).await;
    }
    ada.grant_experiment(large, model::permission::Subject::User("bob".to_owned()), Permission::Edit)
        .await
        .unwrap();
    let with_files = bob.run_in(large).await;
    for (name, bytes) in [("a.txt", 1000), ("deep/b.txt", 234)] {
        let path = format!("{large}/{with_files}/artifacts/{name}");
        bob.uploads(&path, &vec![b'x'; bytes]).await;
    }
    let used = root.storage_use().await.unwrap();
    assert!(used.is_whole);
    let names: Vec<&str> = used.experiments.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names[0], "large");
    assert!(
        names.contains(&"small")
            && used.experiments.iter().all(|one| one.id != small || one.used == Used::default())
    );
    let of = |name: &str| used.users.iter().find(|(user, _)| user == name).unwrap().1;
    let (of_ada, of_bob) = (of("ada"), of("bob"));
    assert_eq!((of_ada.runs, of_ada.points, of_ada.files), (1, 10, 0));
    assert!(of_ada.point_bytes > 0);
    assert_eq!((of_bob.runs, of_bob.points, of_bob.files, of_bob.file_bytes), (1, 0, 2, 1234));
    assert_eq!(used.experiments[0].used, of_ada.and(of_bob));
    assert_eq!(used.all, of_ada.and(of_bob));
}
