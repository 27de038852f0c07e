//! Codes that an app shows, beside the password.

use crate::world::*;
use domain::account::{FirstFactor, SignedIn};
use model::account::SecondFactorState;
use std::time::{SystemTime, UNIX_EPOCH};
use totp_rs::{Builder, Secret};

on_both_databases! {
    who_sets_it_up_is_asked_for_a_code,
    it_is_not_asked_for_before_a_code_was_shown,
    a_code_counts_once,
    recovery_codes_count_once_each,
    a_password_alone_opens_nothing_any_more,
    guessing_codes_is_slow,
    whoever_has_a_code_may_switch_it_off,
    an_admin_helps_who_lost_their_app,
    a_new_password_voids_half_a_sign_in,
    other_sessions_end_when_it_is_switched_on,
}

/// What the app of somebody shows, so many steps from now.
fn shown(secret: &str, steps: i64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let app = Builder::new().with_secret(secret).build().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    app.generate(now.checked_add_signed(steps * 30).unwrap()).to_string()
}

/// Sets it up, and answers the app's secret and the recovery codes. What the app shows now is used up; what it shows next isn't.
async fn set_up(user: &User) -> (String, Vec<String>) {
    let new = user.begin_second_factor(PASSWORD).await.unwrap();
    assert!(new.address.starts_with("otpauth://totp/Runmark:"), "{}", new.address);
    let codes = user.confirm_second_factor(&shown(&new.secret, 0)).await.unwrap();
    (new.secret, codes)
}

async fn half(world: &World, name: &str) -> FirstFactor {
    match world.domain.unchecked_sign_in(name, PASSWORD).await.unwrap() {
        SignedIn::NeedsCode(first) => first,
        SignedIn::Whole(caller) => panic!("{caller:?} showed no code"),
    }
}

async fn who_sets_it_up_is_asked_for_a_code(world: &World) {
    let ada = world.user("ada").await;
    assert_eq!(ada.second_factor().await.unwrap(), SecondFactorState::Off);
    let (secret, codes) = set_up(&ada).await;
    assert_eq!(
        ada.second_factor().await.unwrap(),
        SecondFactorState::On { recovery_codes: codes.len() as u64 }
    );
    let first = half(world, "ada").await;
    let caller = world.domain.unchecked_show_code(&first, &shown(&secret, 1)).await.unwrap();
    assert_eq!(&caller, ada.caller());
    check_code(world.domain.unchecked_show_code(&first, "000000").await, Code::Unauthenticated);
    // A link isn't enough either.
    let link = world.local().create_sign_in_link("ada").await.unwrap();
    let by_link = world.domain.unchecked_use_sign_in_link(&link).await.unwrap();
    assert_eq!(by_link, SignedIn::NeedsCode(first));
}

async fn it_is_not_asked_for_before_a_code_was_shown(world: &World) {
    let ada = world.user("ada").await;
    check_code(ada.confirm_second_factor("123456").await, Code::InvalidState);
    check_code(ada.begin_second_factor("wrong password").await, Code::InvalidParameterValue);
    let first = ada.begin_second_factor(PASSWORD).await.unwrap();
    assert_eq!(ada.begun_second_factor().await.unwrap(), first);
    check_code(ada.confirm_second_factor("123456").await, Code::InvalidParameterValue);
    assert!(world.domain.unchecked_sign_in("ada", PASSWORD).await.unwrap().whole().is_some());
    // Begun anew, what was scanned before is of no use.
    let second = ada.begin_second_factor(PASSWORD).await.unwrap();
    assert_ne!(first.secret, second.secret);
    check_code(ada.confirm_second_factor(&shown(&first.secret, 0)).await, Code::InvalidParameterValue);
    ada.confirm_second_factor(&shown(&second.secret, 0)).await.unwrap();
    check_code(ada.begin_second_factor(PASSWORD).await, Code::InvalidState);
    check_code(ada.confirm_second_factor(&shown(&second.secret, 1)).await, Code::InvalidState);
}

async fn a_code_counts_once(world: &World) {
    let ada = world.user("ada").await;
    let (secret, _) = set_up(&ada).await;
    let first = half(world, "ada").await;
    let show = async |code: String| world.domain.unchecked_show_code(&first, &code).await;
    check_code(show(shown(&secret, 0)).await, Code::Unauthenticated);
    let next = shown(&secret, 1);
    show(format!("{} {}", &next[..3], &next[3..])).await.unwrap();
    check_code(show(next).await, Code::Unauthenticated);
    check_code(show(shown(&secret, 5)).await, Code::Unauthenticated);
}

async fn recovery_codes_count_once_each(world: &World) {
    let ada = world.user("ada").await;
    let (_, codes) = set_up(&ada).await;
    let first = half(world, "ada").await;
    for code in [codes[0].clone(), codes[1].to_uppercase().replace('-', "")] {
        world.domain.unchecked_show_code(&first, &code).await.unwrap();
        check_code(world.domain.unchecked_show_code(&first, &code).await, Code::Unauthenticated);
    }
    let left = SecondFactorState::On { recovery_codes: codes.len() as u64 - 2 };
    assert_eq!(ada.second_factor().await.unwrap(), left);
}

async fn a_password_alone_opens_nothing_any_more(world: &World) {
    let ada = world.user("ada").await;
    let (_, token) = ada.create_token("job").await.unwrap();
    world.domain.unchecked_basic("ada", PASSWORD).await.unwrap();
    set_up(&ada).await;
    // What was verified a moment ago, too.
    let message = "This account has two-step sign-in, which programs can't do: use a token.";
    check_refused(world.domain.unchecked_basic("ada", PASSWORD).await, Code::Unauthenticated, message);
    world.domain.unchecked_token(&token).await.unwrap();
    check_code(world.domain.unchecked_basic("ada", "wrong password").await, Code::Unauthenticated);
}

async fn guessing_codes_is_slow(world: &World) {
    let ada = world.user("ada").await;
    let (secret, _) = set_up(&ada).await;
    let first = half(world, "ada").await;
    for guess in 0..10 {
        // From wherever: whoever guesses may have many addresses.
        let domain = world.domain.called_from(std::net::IpAddr::from([10, 0, 0, guess]));
        check_code(domain.unchecked_show_code(&first, "000000").await, Code::Unauthenticated);
    }
    let right = world.domain.unchecked_show_code(&first, &shown(&secret, 1)).await;
    check_code(right, Code::ResourceExhausted);
}

async fn whoever_has_a_code_may_switch_it_off(world: &World) {
    let ada = world.user("ada").await;
    let (secret, _) = set_up(&ada).await;
    check_code(ada.remove_second_factor("000000").await, Code::InvalidParameterValue);
    ada.remove_second_factor(&shown(&secret, 1)).await.unwrap();
    assert_eq!(ada.second_factor().await.unwrap(), SecondFactorState::Off);
    assert!(world.domain.unchecked_sign_in("ada", PASSWORD).await.unwrap().whole().is_some());
    set_up(&ada).await;
}

async fn an_admin_helps_who_lost_their_app(world: &World) {
    let (ada, root) = (world.user("ada").await, world.admin("root").await);
    set_up(&ada).await;
    check_code(ada.reset_second_factor("ada").await, Code::PermissionDenied);
    check_code(root.reset_second_factor("nobody").await, Code::ResourceDoesNotExist);
    assert!(root.reset_second_factor("ada").await.unwrap());
    assert!(world.domain.unchecked_sign_in("ada", PASSWORD).await.unwrap().whole().is_some());
    // There is nothing to reset: nothing is told of.
    assert!(!root.reset_second_factor("ada").await.unwrap());
    let filter =
        model::audit::EventFilter { action: "user.second_factor_off".to_owned(), ..Default::default() };
    assert_eq!(root.list_events(&filter, "").await.unwrap().items.len(), 1);
}

async fn a_new_password_voids_half_a_sign_in(world: &World) {
    let ada = world.user("ada").await;
    let (secret, _) = set_up(&ada).await;
    let first = half(world, "ada").await;
    ada.set_password(Some(PASSWORD), "another good password").await.unwrap();
    let shown_code = world.domain.unchecked_show_code(&first, &shown(&secret, 1)).await;
    check_code(shown_code, Code::Unauthenticated);
}

async fn other_sessions_end_when_it_is_switched_on(world: &World) {
    let ada = world.user("ada").await;
    let holder = domain::session::Holder {
        user: ada.caller().user().unwrap(),
        address: None,
        agent: String::new(),
        by_link: false,
    };
    const FAR: i64 = 32_503_680_000_000;
    world.domain.unchecked_create_session([1; 32], "{}", FAR, Some(holder)).await.unwrap();
    set_up(&ada).await;
    assert_eq!(world.domain.unchecked_load_session([1; 32]).await.unwrap(), None);
}
