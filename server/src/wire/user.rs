//! `/mlflow/users/…`: accounts, as MLflow's `AuthServiceClient` manages them.
//!
//! They are the accounts of the pages and the command line. What was given to them is in [`super::permission`], what they are in
//! in [`super::role`].

use super::{Answer, args::Args, permission, role};
use domain::Acting;
use model::{Code, GroupId, Problem, account::User, permission::GroupPermissions};
use serde_json::{Value, json};
use std::collections::HashMap;

fn user(user: &User) -> Value {
    json!({ "id": user.id.to_string(), "username": user.name, "is_admin": user.is_admin })
}

pub async fn create(acting: Acting, args: Args) -> Answer {
    let made = acting.create_user(args.required("username")?, args.required("password")?, false).await?;
    let mut shown = user(&made);
    permission::add_old_entries(&mut shown, made.id, &[]);
    Ok(json!({ "user": shown }))
}

pub async fn get(acting: Acting, args: Args) -> Answer {
    let name = args.required("username")?;
    let found = acting.get_user(name).await?;
    let mut shown = user(&found);
    permission::add_old_entries(&mut shown, found.id, &acting.held_permissions(name).await?);
    Ok(json!({ "user": shown }))
}

fn listed(one: &User, roles: Vec<Value>) -> Value {
    let mut listed = user(one);
    listed["roles"] = roles.into();
    listed
}

/// Whoever is no admin sees themselves alone.
pub async fn list(acting: Acting, _: Args) -> Answer {
    if !acting.caller().is_admin() {
        let name = acting.caller().name();
        let own = acting.get_user(name).await?;
        let roles = acting.groups_of(name).await?.iter().map(role::shown).collect();
        return Ok(json!({ "users": [listed(&own, roles)] }));
    }
    let (users, groups) = (acting.list_users().await?, acting.list_groups().await?);
    let given = acting.list_group_permissions().await?;
    let given: HashMap<GroupId, &GroupPermissions> = given.iter().map(|group| (group.id, group)).collect();
    let mut roles: HashMap<&str, Vec<Value>> = HashMap::new();
    for group in &groups {
        // One that is made between the questions has nothing yet.
        let Some(shown) = given.get(&group.id).map(|group| role::shown(group)) else { continue };
        for member in &group.members {
            roles.entry(member.as_str()).or_default().push(shown.clone());
        }
    }
    let listed = |one: &User| listed(one, roles.get(one.name.as_str()).cloned().unwrap_or_default());
    Ok(json!({ "users": users.iter().map(listed).collect::<Vec<_>>() }))
}

pub async fn current(acting: Acting, _: Args) -> Answer {
    let own = acting.get_user(acting.caller().name()).await?;
    Ok(json!({ "user": user(&own), "is_basic_auth": true }))
}

pub async fn update_password(acting: Acting, args: Args) -> Answer {
    let (name, password) = (args.required("username")?, args.required("password")?);
    if acting.caller().user().is_some() && acting.caller().name() == name {
        let old = args.text("current_password")?.unwrap_or_default();
        acting.set_password(Some(old), password).await?;
    } else {
        acting.set_password_of(name, password).await?;
    }
    Ok(json!({}))
}

pub async fn update_admin(acting: Acting, args: Args) -> Answer {
    if !args.has("is_admin") {
        return Err(args.missing("is_admin").into());
    }
    acting.set_admin(args.required("username")?, args.flag("is_admin")?).await?;
    Ok(json!({}))
}

pub async fn delete(acting: Acting, args: Args) -> Answer {
    let name = args.required("username")?;
    if acting.caller().name() == name {
        return Err(Problem::new(Code::BadRequest, "You cannot delete your own account.").into());
    }
    acting.delete_user(name).await?;
    Ok(json!({}))
}
