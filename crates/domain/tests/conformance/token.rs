//! Tokens that are good for less than their account, and not for ever.

use crate::{
    permission::{Things, check_level, lists},
    world::*,
};
use Permission::{Edit, Manage, NoPermissions, Read, Use};
use domain::account::EXPERIMENTS_PER_TOKEN;
use model::account::{Limits, NewToken, Scope};
use std::num::NonZeroU16;

on_both_databases! {
    a_token_may_do_what_its_scope_and_its_account_both_may,
    a_token_for_some_experiments_sees_nothing_else,
    only_a_token_without_limits_manages_accounts_and_makes_tokens,
    who_only_reads_makes_nothing,
    an_expired_token_is_refused,
    limits_have_rules,
    an_admin_sees_and_deletes_everybodys_tokens,
}

fn token(scope: Scope, experiments: &[ExperimentId]) -> NewToken {
    let experiments = Some(experiments.to_vec()).filter(|experiments| !experiments.is_empty());
    NewToken { name: "job".to_owned(), limits: Limits { scope, experiments }, days: None }
}

/// Whoever presents such a token of the user.
async fn with_token(world: &World, user: &User, scope: Scope, experiments: &[ExperimentId]) -> User {
    let (_, secret) = user.create_token(token(scope, experiments)).await.unwrap();
    User(world.domain.act(world.domain.unchecked_token(&secret).await.unwrap()))
}

async fn a_token_may_do_what_its_scope_and_its_account_both_may(world: &World) {
    let (alice, bob, root) = (world.user("alice").await, world.user("bob").await, world.admin("root").await);
    for (scope, of_manager, of_reader) in
        [(Scope::Read, Use, Read), (Scope::Write, Edit, Read), (Scope::Admin, Manage, Read)]
    {
        let things = Things::made_by(&alice, &format!("{scope} of alice")).await;
        check_level(&with_token(world, &bob, scope, &[]).await, of_reader, &things).await;
        check_level(&with_token(world, &alice, scope, &[]).await, of_manager, &things).await;
        let things = Things::made_by(&alice, &format!("{scope} of root")).await;
        check_level(&with_token(world, &root, scope, &[]).await, of_manager, &things).await;
    }
}

async fn a_token_for_some_experiments_sees_nothing_else(world: &World) {
    for user in [world.user("alice").await, world.admin("root").await] {
        let (own, other) = (
            Things::made_by(&user, &format!("own of {}", user.name())).await,
            Things::made_by(&user, &format!("other of {}", user.name())).await,
        );
        let limited = with_token(world, &user, Scope::Admin, &[own.experiment]).await;
        check_level(&limited, NoPermissions, &other).await;
        let seen = lists(&limited, &[own.experiment, other.experiment], &[own.run, other.run]).await;
        let (experiment, nothing) = (vec![own.experiment.to_string()], Vec::new());
        assert_eq!(seen, [vec![experiment; 6], vec![nothing; 2]].concat());
        check_code(limited.get_registered_model(&own.registered).await, Code::ResourceDoesNotExist);
        check_code(limited.create_experiment("new", "", &[]).await, Code::PermissionDenied);
        check_code(limited.create_registered_model("new", &[], "").await, Code::PermissionDenied);
        check_code(limited.list_artifacts("beside").await, Code::ResourceDoesNotExist);
        limited.run_in(own.experiment).await;
        limited.delete_experiment(own.experiment).await.unwrap();
    }
}

async fn only_a_token_without_limits_manages_accounts_and_makes_tokens(world: &World) {
    let root = world.admin("root").await;
    let experiment = root.experiment("vision").await;
    for (scope, experiments) in
        [(Scope::Write, vec![]), (Scope::Read, vec![]), (Scope::Admin, vec![experiment])]
    {
        let limited = with_token(world, &root, scope, &experiments).await;
        check_code(limited.list_users().await, Code::PermissionDenied);
        check_code(limited.create_user("bob", PASSWORD, true).await, Code::PermissionDenied);
        check_code(limited.create_token("more").await, Code::PermissionDenied);
        check_code(limited.list_tokens().await, Code::PermissionDenied);
        check_code(limited.list_all_tokens().await, Code::PermissionDenied);
        check_code(
            limited.set_password(Some(PASSWORD), "another good password").await,
            Code::PermissionDenied,
        );
    }
    with_token(world, &root, Scope::Admin, &[]).await.list_users().await.unwrap();
}

async fn who_only_reads_makes_nothing(world: &World) {
    let alice = world.user("alice").await;
    let reader = with_token(world, &alice, Scope::Read, &[]).await;
    let message = "Permission denied: this token is for reading only.";
    let outcome = reader.create_experiment("new", "", &[]).await;
    check_refused(outcome, Code::PermissionDenied, message);
    let outcome = reader.create_registered_model("new", &[], "").await;
    check_refused(outcome, Code::PermissionDenied, message);
    with_token(world, &alice, Scope::Write, &[]).await.experiment("new").await;
}

async fn an_expired_token_is_refused(world: &World) {
    let alice = world.user("alice").await;
    let for_a_week = NewToken { days: NonZeroU16::new(7), ..NewToken::from("job") };
    let (token, secret) = alice.create_token(for_a_week).await.unwrap();
    assert_eq!(token.expires, Some(token.created + 7 * 24 * 60 * 60 * 1000));
    let elsewhere = world.another().await;
    world.domain.unchecked_token(&secret).await.unwrap();
    world.execute("UPDATE tokens SET expires = 1500000000000").await;
    let outcome = elsewhere.unchecked_token(&secret).await;
    elsewhere.close().await;
    check_refused(outcome, Code::Unauthenticated, "The token has expired.");
}

async fn limits_have_rules(world: &World) {
    let (alice, closed) = (world.user("alice").await, world.closed().await);
    let bob = world.user("bob").await.on(&closed);
    let hidden = alice.experiment("hidden").await;
    let refused = bob.create_token(token(Scope::Read, &[hidden])).await;
    let message = format!("No Experiment with id={hidden} exists");
    check_refused(refused, Code::ResourceDoesNotExist, &message);
    let message = "A token may be limited to 1 to 100 experiments.";
    for experiments in [Vec::new(), vec![hidden; EXPERIMENTS_PER_TOKEN + 1]] {
        let limits = Limits { scope: Scope::Read, experiments: Some(experiments) };
        let new = NewToken { limits, ..NewToken::from("job") };
        check_refused(alice.create_token(new).await, Code::InvalidParameterValue, message);
    }
    let (made, _) = alice.create_token(token(Scope::Write, &[hidden])).await.unwrap();
    assert_eq!(alice.list_tokens().await.unwrap(), [made]);
    closed.close().await;
}

async fn an_admin_sees_and_deletes_everybodys_tokens(world: &World) {
    let (alice, root) = (world.user("alice").await, world.admin("root").await);
    let (of_alice, secret) = alice.create_token("laptop").await.unwrap();
    let (of_root, _) = root.create_token("ci").await.unwrap();
    let mut all = root.list_all_tokens().await.unwrap();
    all.sort_by(|a, b| a.owner.cmp(&b.owner));
    let owners: Vec<_> = all.iter().map(|owned| (owned.owner.as_str(), &owned.token)).collect();
    assert_eq!(owners, [("alice", &of_alice), ("root", &of_root)]);
    let message = "Permission denied: this is for admins.";
    check_refused(alice.list_all_tokens().await, Code::PermissionDenied, message);
    check_refused(alice.delete_any_token(of_root.id).await, Code::PermissionDenied, message);
    root.delete_any_token(of_alice.id).await.unwrap();
    check_code(world.domain.unchecked_token(&secret).await, Code::Unauthenticated);
    check_code(root.delete_any_token(of_alice.id).await, Code::ResourceDoesNotExist);
}
