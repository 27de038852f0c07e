//! What admins do with accounts: it counts at once, for every credential.

use crate::world::*;
use domain::{Caller, Domain};
use model::account::UserState;

on_both_databases! {
    who_is_disabled_may_do_nothing_until_enabled,
    what_a_deleted_account_made_stays_its_and_its_name_is_free,
    a_renamed_account_keeps_everything,
    a_service_has_tokens_and_cannot_sign_in,
    somebody_stays_admin,
    only_admins_manage_accounts,
    an_admin_sets_a_password,
    an_account_is_shown_to_its_owner_and_admins,
}

/// Every way in for somebody, and whether it is open.
async fn ways_in(domain: &Domain, user: &User, token: &str, link: &str) -> Vec<(&'static str, bool)> {
    let id = user.caller().user().unwrap();
    vec![
        ("token", domain.unchecked_token(token).await.is_ok()),
        ("Basic", domain.unchecked_basic(user.name(), PASSWORD).await.is_ok()),
        ("password", domain.unchecked_sign_in(user.name(), PASSWORD).await.is_ok()),
        ("session", domain.unchecked_user(id).await.unwrap().is_some()),
        ("link", domain.unchecked_use_sign_in_link(link).await.is_ok()),
    ]
}

async fn check_ways_in(domain: &Domain, user: &User, token: &str, open: bool) {
    let link = domain.act(Caller::Local).create_sign_in_link(user.name()).await;
    let link = link.unwrap_or_default();
    for (way, is_open) in ways_in(domain, user, token, &link).await {
        assert_eq!(is_open, open, "{way}");
    }
}

async fn who_is_disabled_may_do_nothing_until_enabled(world: &World) {
    let (admin, bob) = (world.local(), world.user("bob").await);
    let (_, token) = bob.create_token("laptop").await.unwrap();
    let elsewhere = world.another().await;
    for domain in [&world.domain, &elsewhere] {
        check_ways_in(domain, &bob, &token, true).await;
    }
    admin.disable_user("bob").await.unwrap();
    check_ways_in(&world.domain, &bob, &token, false).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    check_ways_in(&elsewhere, &bob, &token, false).await;
    admin.enable_user("bob").await.unwrap();
    check_ways_in(&world.domain, &bob, &token, true).await;
    elsewhere.close().await;
}

async fn what_a_deleted_account_made_stays_its_and_its_name_is_free(world: &World) {
    let (admin, bob) = (world.local(), world.user("bob").await);
    let (_, token) = bob.create_token("laptop").await.unwrap();
    let experiment = bob.experiment("vision").await;
    let run = bob.run_in(experiment).await;
    admin.delete_user("bob").await.unwrap();
    check_ways_in(&world.domain, &bob, &token, false).await;
    assert_eq!(admin.sees(run).await.info.id, run);
    assert!(admin.experiment_permissions(experiment).await.unwrap().is_empty());
    let names =
        |users: Vec<model::account::User>| users.into_iter().map(|user| user.name).collect::<Vec<_>>();
    assert!(!names(admin.list_users().await.unwrap()).contains(&"bob".to_owned()));

    let another = world.user("bob").await;
    check_code(another.grant_experiment(experiment, "bob", Permission::Edit).await, Code::PermissionDenied);
    assert!(another.list_tokens().await.unwrap().is_empty());
    check_code(admin.delete_user("nobody").await, Code::ResourceDoesNotExist);
}

async fn a_renamed_account_keeps_everything(world: &World) {
    let (admin, bob) = (world.local(), world.user("bob").await);
    world.user("carol").await;
    let (_, token) = bob.create_token("laptop").await.unwrap();
    let experiment = bob.experiment("vision").await;
    admin.rename_user("bob", "robert").await.unwrap();
    let caller = world.domain.unchecked_token(&token).await.unwrap();
    assert_eq!(caller.name(), "robert");
    let robert = User(world.domain.act(caller));
    robert.run_in(experiment).await;
    world.domain.unchecked_basic("robert", PASSWORD).await.unwrap();
    check_code(world.domain.unchecked_basic("bob", PASSWORD).await, Code::Unauthenticated);
    check_code(admin.rename_user("robert", "carol").await, Code::ResourceAlreadyExists);
    check_code(admin.rename_user("robert", "a:b").await, Code::InvalidParameterValue);
}

async fn a_service_has_tokens_and_cannot_sign_in(world: &World) {
    let (admin, alice) = (world.local(), world.user("alice").await);
    let service = admin.create_service("nightly").await.unwrap();
    assert!(service.is_service && !service.is_admin);
    let experiment = alice.experiment("vision").await;
    alice.grant_experiment(experiment, "nightly", Permission::Edit).await.unwrap();
    let (_, token) = admin.create_token_for("nightly", "cron").await.unwrap();
    let caller = world.domain.unchecked_token(&token).await.unwrap();
    User(world.domain.act(caller)).run_in(experiment).await;
    let message = "nightly is a service, which has tokens: a link wouldn't let anybody in.";
    check_refused(admin.create_sign_in_link("nightly").await, Code::InvalidParameterValue, message);
    check_code(world.domain.unchecked_sign_in("nightly", "").await, Code::Unauthenticated);
    check_code(admin.set_admin("nightly", true).await, Code::InvalidParameterValue);
    check_code(admin.create_service("alice").await, Code::ResourceAlreadyExists);
}

async fn somebody_stays_admin(world: &World) {
    let root = world.admin("root").await;
    world.user("ann").await;
    let last = "This is the last admin. Make somebody else an admin first.";
    check_refused(root.disable_user("root").await, Code::InvalidParameterValue, last);
    check_refused(root.delete_user("root").await, Code::InvalidParameterValue, last);
    check_refused(root.set_admin("root", false).await, Code::InvalidParameterValue, last);
    root.set_admin("ann", true).await.unwrap();
    root.set_admin("root", false).await.unwrap();
    let users = world.local().list_users().await.unwrap();
    let admins: Vec<&str> =
        users.iter().filter(|user| user.is_admin).map(|user| user.name.as_str()).collect();
    assert_eq!(admins, ["ann"]);
    assert!(users.iter().all(|user| user.state == UserState::Active));
}

async fn only_admins_manage_accounts(world: &World) {
    let bob = world.user("bob").await;
    let denied = |outcome: domain::Result<()>| check_code(outcome, Code::PermissionDenied);
    denied(bob.list_users().await.map(drop));
    denied(bob.create_service("nightly").await.map(drop));
    denied(bob.rename_user("bob", "robert").await);
    denied(bob.disable_user("bob").await);
    denied(bob.enable_user("bob").await);
    denied(bob.set_admin("bob", true).await);
    denied(bob.delete_user("bob").await);
}

async fn an_admin_sets_a_password(world: &World) {
    let (alice, root) = (world.user("alice").await, world.admin("root").await);
    const NEW: &str = "a password that root chose";
    check_code(alice.set_password_of("root", NEW).await, Code::PermissionDenied);
    check_code(root.set_password_of("nobody", NEW).await, Code::ResourceDoesNotExist);
    check_code(root.set_password_of("alice", "short").await, Code::InvalidParameterValue);
    root.create_service("nightly").await.unwrap();
    check_code(root.set_password_of("nightly", NEW).await, Code::InvalidParameterValue);
    let link = root.create_sign_in_link("alice").await.unwrap();
    root.set_password_of("alice", NEW).await.unwrap();
    check_code(world.domain.unchecked_sign_in("alice", PASSWORD).await, Code::Unauthenticated);
    world.domain.unchecked_sign_in("alice", NEW).await.unwrap();
    check_code(world.domain.unchecked_use_sign_in_link(&link).await, Code::Unauthenticated);
}

async fn an_account_is_shown_to_its_owner_and_admins(world: &World) {
    let (alice, root) = (world.user("alice").await, world.admin("root").await);
    for asking in [&alice, &root] {
        assert_eq!(asking.get_user("alice").await.unwrap().name, "alice");
    }
    check_code(alice.get_user("root").await, Code::PermissionDenied);
    check_code(alice.get_user("nobody").await, Code::PermissionDenied);
    check_code(root.get_user("nobody").await, Code::ResourceDoesNotExist);
}
