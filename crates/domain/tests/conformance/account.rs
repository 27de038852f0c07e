//! Accounts: passwords, tokens, sign-in links, sessions.

use crate::world::*;
use domain::{Caller, account::TOKENS_PER_USER};
use std::net::IpAddr;

on_both_databases! {
    the_right_name_and_password_sign_in,
    a_wrong_password_and_an_unknown_name_answer_alike,
    a_changed_password_counts_at_once_also_for_remembered_ones,
    many_who_sign_in_at_once_are_let_in_or_told_to_wait,
    the_last_use_of_a_token_outlives_the_process,
    a_wrong_old_password_changes_nothing,
    passwords_have_a_shortest_and_a_longest_length,
    only_admins_create_users_and_links,
    a_name_is_taken_once_and_has_rules,
    an_account_may_have_a_password_that_nobody_knows,
    a_token_works_until_it_is_deleted,
    a_token_belongs_to_one_account,
    an_account_has_a_limited_number_of_tokens,
    an_admin_makes_tokens_for_others,
    a_sign_in_link_works_once,
    an_old_sign_in_link_does_not_work,
    the_first_admin_is_made_once,
    a_session_is_kept_until_it_expires_or_is_deleted,
    a_server_without_accounts_says_so,
}

const REFUSED: &str = "Wrong name or password.";

async fn the_right_name_and_password_sign_in(world: &World) {
    let alice = world.user("alice").await;
    let root = world.admin("root").await;
    for user in [&alice, &root] {
        assert_eq!(
            world.domain.unchecked_sign_in(user.name(), PASSWORD).await.unwrap().whole().as_ref(),
            Some(user.caller())
        );
        // Twice: found out, then remembered.
        for _ in 0..2 {
            assert_eq!(world.domain.unchecked_basic(user.name(), PASSWORD).await.unwrap(), *user.caller());
        }
        let id = user.caller().user().unwrap();
        assert_eq!(world.domain.unchecked_user(id).await.unwrap().as_ref(), Some(user.caller()));
    }
}

async fn a_wrong_password_and_an_unknown_name_answer_alike(world: &World) {
    world.user("alice").await;
    let too_long = "x".repeat(5000);
    for (name, password) in [
        ("alice", "wrong"),
        ("alice", ""),
        ("alice", &too_long),
        ("nobody", PASSWORD),
        ("", ""),
        ("Alice", PASSWORD),
    ] {
        check_refused(world.domain.unchecked_sign_in(name, password).await, Code::Unauthenticated, REFUSED);
        check_refused(world.domain.unchecked_basic(name, password).await, Code::Unauthenticated, REFUSED);
    }
}

async fn a_changed_password_counts_at_once_also_for_remembered_ones(world: &World) {
    const NEW: &str = "another good password";
    let alice = world.user("alice").await;
    let elsewhere = world.another().await;
    for domain in [&world.domain, &elsewhere] {
        domain.unchecked_basic("alice", PASSWORD).await.unwrap();
    }
    alice.set_password(Some(PASSWORD), NEW).await.unwrap();
    check_refused(world.domain.unchecked_basic("alice", PASSWORD).await, Code::Unauthenticated, REFUSED);
    for domain in [&world.domain, &elsewhere] {
        domain.unchecked_basic("alice", NEW).await.unwrap();
    }
    // Asking with the new one made the other process look.
    check_refused(elsewhere.unchecked_basic("alice", PASSWORD).await, Code::Unauthenticated, REFUSED);
    elsewhere.close().await;
}

async fn many_who_sign_in_at_once_are_let_in_or_told_to_wait(world: &World) {
    let alice = world.user("alice").await;
    // One credential is verified once, however many send it.
    let same = (0..500).map(|_| world.domain.unchecked_basic("alice", PASSWORD));
    for outcome in futures::future::join_all(same).await {
        assert_eq!(outcome.unwrap(), *alice.caller());
    }
    let wrong: Vec<String> = (0..300).map(|index| format!("wrong password {index}")).collect();
    let (mut refused, mut told_to_wait) = (0, 0);
    // Each from an address of its own: who tries many from one waits for another reason.
    let from =
        |index: usize| world.domain.called_from(IpAddr::from([10, 0, (index / 256) as u8, index as u8]));
    let from = &from;
    let all = wrong.iter().enumerate().map(|(index, password)| async move {
        from(index).unchecked_basic(&format!("user {index}"), password).await
    });
    for outcome in futures::future::join_all(all).await {
        match problem(outcome).code {
            Code::Unauthenticated => refused += 1,
            Code::ResourceExhausted => told_to_wait += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(refused >= 4 && told_to_wait > 0, "{refused} refused, {told_to_wait} told to wait");
    // Whoever is remembered doesn't stand in that queue, and the queue is empty afterwards.
    world.domain.unchecked_sign_in("alice", PASSWORD).await.unwrap();
}

async fn the_last_use_of_a_token_outlives_the_process(world: &World) {
    let first = world.another().await;
    let alice = world.user("alice").await;
    let (token, secret) = alice.create_token("laptop").await.unwrap();
    first.unchecked_token(&secret).await.unwrap();
    let noted = alice.on(&first).list_tokens().await.unwrap()[0].last_used;
    assert!(noted.is_some_and(|at| at >= token.created), "the process that saw it knows at once");
    assert_eq!(alice.list_tokens().await.unwrap()[0].last_used, None, "no call waits for it to be written");
    first.close().await;
    assert_eq!(alice.list_tokens().await.unwrap()[0].last_used, noted);
}

async fn a_wrong_old_password_changes_nothing(world: &World) {
    let alice = world.user("alice").await;
    let outcome = alice.set_password(Some("wrong old password"), "another good password").await;
    check_refused(outcome, Code::InvalidParameterValue, "The old password is wrong.");
    world.domain.unchecked_sign_in("alice", PASSWORD).await.unwrap();
}

async fn passwords_have_a_shortest_and_a_longest_length(world: &World) {
    let alice = world.user("alice").await;
    let short = "Password must be at least 12 characters.";
    let local = world.local();
    check_refused(local.create_user("bob", "elevenchars", false).await, Code::InvalidParameterValue, short);
    check_refused(
        alice.set_password(Some(PASSWORD), "elevenchars").await,
        Code::InvalidParameterValue,
        short,
    );
    let long = "x".repeat(1025);
    let outcome = local.create_user("bob", &long, false).await;
    check_refused(outcome, Code::InvalidParameterValue, "Password must be at most 1024 bytes.");
    local.create_user("bob", "twelve chars", false).await.unwrap();
    world.domain.unchecked_sign_in("bob", "twelve chars").await.unwrap();
}

async fn only_admins_create_users_and_links(world: &World) {
    let alice = world.user("alice").await;
    let message = "Permission denied: this is for admins.";
    check_refused(alice.create_user("bob", PASSWORD, true).await, Code::PermissionDenied, message);
    check_refused(alice.create_sign_in_link("alice").await, Code::PermissionDenied, message);
    check_refused(alice.create_token_for("alice", "laptop").await, Code::PermissionDenied, message);
    let root = world.admin("root").await;
    let bob = root.create_user("bob", PASSWORD, false).await.unwrap();
    assert!(!bob.is_admin);
    let caller = world.domain.unchecked_sign_in("bob", PASSWORD).await.unwrap().whole().unwrap();
    assert_eq!(caller, Caller::User { id: bob.id, name: "bob".to_owned(), is_admin: false, token: None });
}

async fn a_name_is_taken_once_and_has_rules(world: &World) {
    world.user("alice").await;
    let again = world.local().create_user("alice", PASSWORD, true).await;
    check_refused(again, Code::ResourceAlreadyExists, "User (username=alice) already exists.");
    for name in ["", "  ", "a:b", "a\nb", "a\0b", &"x".repeat(251)] {
        check_code(world.local().create_user(name, PASSWORD, false).await, Code::InvalidParameterValue);
    }
    world.user("Zoë von Ünïcode").await;
    world.domain.unchecked_sign_in("Zoë von Ünïcode", PASSWORD).await.unwrap();
}

async fn an_account_may_have_a_password_that_nobody_knows(world: &World) {
    let (alice, root) = (world.user("alice").await, world.admin("root").await);
    let outcome = alice.create_user_without_password("bob", false).await;
    check_refused(outcome, Code::PermissionDenied, "Permission denied: this is for admins.");
    let bob = root.create_user_without_password("bob", false).await.unwrap();
    for password in ["", PASSWORD] {
        check_refused(world.domain.unchecked_sign_in("bob", password).await, Code::Unauthenticated, REFUSED);
    }
    let link = root.create_sign_in_link("bob").await.unwrap();
    let caller = world.domain.unchecked_use_sign_in_link(&link).await.unwrap().whole().unwrap();
    assert_eq!(caller, Caller::User { id: bob.id, name: "bob".to_owned(), is_admin: false, token: None });
}

async fn a_token_works_until_it_is_deleted(world: &World) {
    let alice = world.user("alice").await;
    let (token, secret) = alice.create_token("laptop").await.unwrap();
    assert_eq!(alice.list_tokens().await.unwrap(), std::slice::from_ref(&token));
    assert_eq!(world.domain.unchecked_token(&secret).await.unwrap().user(), alice.caller().user());
    assert!(alice.list_tokens().await.unwrap()[0].last_used.is_some_and(|at| at >= token.created));

    alice.delete_token(token.id).await.unwrap();
    let message = "The token is not valid.";
    check_refused(world.domain.unchecked_token(&secret).await, Code::Unauthenticated, message);
    check_refused(world.domain.unchecked_token("rmk_never").await, Code::Unauthenticated, message);
    check_refused(alice.delete_token(token.id).await, Code::ResourceDoesNotExist, "There is no such token.");
    assert_eq!(alice.list_tokens().await.unwrap(), []);
}

async fn a_token_belongs_to_one_account(world: &World) {
    let (alice, root) = (world.user("alice").await, world.admin("root").await);
    let (token, secret) = alice.create_token("laptop").await.unwrap();
    check_refused(root.delete_token(token.id).await, Code::ResourceDoesNotExist, "There is no such token.");
    assert_eq!(root.list_tokens().await.unwrap(), []);
    assert_eq!(world.domain.unchecked_token(&secret).await.unwrap().user(), alice.caller().user());
}

async fn an_account_has_a_limited_number_of_tokens(world: &World) {
    let alice = world.user("alice").await;
    for _ in 0..TOKENS_PER_USER {
        alice.create_token("laptop").await.unwrap();
    }
    let message = "An account may have 100 tokens. Delete one that is no longer used.";
    check_refused(alice.create_token("one more").await, Code::InvalidParameterValue, message);
}

async fn an_admin_makes_tokens_for_others(world: &World) {
    let (alice, root) = (world.user("alice").await, world.admin("root").await);
    let (_, secret) = root.create_token_for("alice", "robot").await.unwrap();
    assert_eq!(world.domain.unchecked_token(&secret).await.unwrap().user(), alice.caller().user());
    let outcome = root.create_token_for("nobody", "robot").await;
    check_refused(outcome, Code::ResourceDoesNotExist, "User with username=nobody not found");
}

async fn a_sign_in_link_works_once(world: &World) {
    let alice = world.user("alice").await;
    let secret = world.local().create_sign_in_link("alice").await.unwrap();
    let by_link = world.domain.unchecked_use_sign_in_link(&secret).await.unwrap();
    assert_eq!(by_link.whole().as_ref(), Some(alice.caller()));
    let message = "The sign-in link is no longer valid.";
    for secret in [&secret, "never"] {
        check_refused(world.domain.unchecked_use_sign_in_link(secret).await, Code::Unauthenticated, message);
    }
    let outcome = world.local().create_sign_in_link("nobody").await;
    check_refused(outcome, Code::ResourceDoesNotExist, "User with username=nobody not found");
}

async fn an_old_sign_in_link_does_not_work(world: &World) {
    world.user("alice").await;
    let secret = world.local().create_sign_in_link("alice").await.unwrap();
    // There is no other clock than the machine's, so the link is made old rather than the day late.
    world.execute("UPDATE sign_in_links SET expires = 1").await;
    let outcome = world.domain.unchecked_use_sign_in_link(&secret).await;
    check_refused(outcome, Code::Unauthenticated, "The sign-in link is no longer valid.");
}

async fn the_first_admin_is_made_once(world: &World) {
    let domain = &world.domain;
    assert_eq!(domain.unchecked_create_admin_link().await.unwrap(), None);
    let (name, made_up) = domain.unchecked_create_first_admin("admin", None).await.unwrap().unwrap();
    let caller = domain.unchecked_sign_in(&name, &made_up.unwrap()).await.unwrap().whole().unwrap();
    assert!(caller.is_admin() && caller.name() == "admin");
    assert_eq!(domain.unchecked_create_first_admin("second", Some(PASSWORD)).await.unwrap(), None);
    let link = domain.unchecked_create_admin_link().await.unwrap().unwrap();
    assert_eq!(domain.unchecked_use_sign_in_link(&link).await.unwrap().whole(), Some(caller));
}

async fn a_session_is_kept_until_it_expires_or_is_deleted(world: &World) {
    const FAR: i64 = 32_503_680_000_000;
    let (domain, cookie) = (&world.domain, || [7_u8; 32]);
    assert_eq!(domain.unchecked_load_session(cookie()).await.unwrap(), None);
    domain.unchecked_create_session(cookie(), "{}", FAR, None).await.unwrap();
    for data in ["{}", "{\"user\": 1}"] {
        domain.unchecked_update_session(cookie(), data, FAR).await.unwrap();
        assert_eq!(domain.unchecked_load_session(cookie()).await.unwrap(), Some((data.to_owned(), FAR)));
    }
    domain.unchecked_delete_session(cookie()).await.unwrap();
    // A request that was on its way when the session was ended doesn't bring it back.
    domain.unchecked_update_session(cookie(), "{}", FAR).await.unwrap();
    assert_eq!(domain.unchecked_load_session(cookie()).await.unwrap(), None);
    domain.unchecked_create_session(cookie(), "{}", 1, None).await.unwrap();
    assert_eq!(domain.unchecked_load_session(cookie()).await.unwrap(), None, "it has expired");
    domain.unchecked_delete_session(cookie()).await.unwrap();
}

async fn a_server_without_accounts_says_so(world: &World) {
    let local = world.local();
    let message = "This server runs without accounts.";
    check_refused(local.list_tokens().await, Code::InvalidParameterValue, message);
    check_refused(local.create_token("laptop").await, Code::InvalidParameterValue, message);
    check_refused(local.set_password(Some(PASSWORD), PASSWORD).await, Code::InvalidParameterValue, message);
}
