//! `/mlflow/roles/…`: groups, as MLflow's `AuthServiceClient` manages roles.
//!
//! A role is a group, a permission of a role what was given to the group of one experiment or registered model, an assignment a
//! membership. Their ids are texts: a group's own, and for the others what they are made of. What groups don't have (a
//! description, another workspace, patterns) is refused.

use super::{
    Answer,
    args::Args,
    permission::{given_already, level, resource, words},
};
use domain::Acting;
use model::{
    Code, GroupId, Permission, Problem, UserId,
    permission::{GroupPermissions, Resource, Subject},
};
use serde_json::{Value, json};

/// The one workspace that there is.
const WORKSPACE: &str = "default";

/// What MLflow calls the role that holds what was given to an account itself.
pub fn user_role(user: UserId) -> String {
    format!("__user_{user}__")
}

/// A group, as a role.
pub fn shown(group: &GroupPermissions) -> Value {
    let permissions = group.given.iter().map(|(of, level)| permission(group.id, of, *level));
    json!({
        "id": group.id.to_string(), "name": group.name, "workspace": WORKSPACE, "description": null,
        "permissions": permissions.collect::<Vec<_>>(),
    })
}

fn permission(group: GroupId, of: &Resource, level: Permission) -> Value {
    let (kind, pattern) = words(of);
    json!({
        "id": format!("{group}/{kind}/{pattern}"), "role_id": group.to_string(), "resource_type": kind,
        "resource_pattern": pattern, "permission": level.name(),
    })
}

fn assignment(group: GroupId, user: UserId) -> Value {
    json!({ "id": format!("{group}/{user}"), "user_id": user.to_string(), "role_id": group.to_string() })
}

fn role_id(args: &Args) -> Result<GroupId, Problem> {
    args.id("role_id", |text| Problem::missing(format!("Group with id={text} not found")))
}

async fn named(acting: &Acting, args: &Args) -> Answer<GroupPermissions> {
    Ok(acting.group_permissions(role_id(args)?).await?)
}

/// The grant that a role permission's id names.
fn permission_id(args: &Args) -> Result<(GroupId, Resource), Problem> {
    let text = args.required("role_permission_id")?;
    let none = || Problem::missing(format!("Role permission with id={text} not found"));
    let mut parts = text.splitn(3, '/');
    let (Some(group), Some(kind), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(none());
    };
    let group: GroupId = group.parse().map_err(|_| none())?;
    Ok((group, resource(kind, id).map_err(|_| none())?))
}

fn check_description(args: &Args) -> Result<(), Problem> {
    match args.text_or_empty("description")? {
        "" => Ok(()),
        _ => Err(Problem::invalid("A role has no description here: it is a group, which has a name.")),
    }
}

pub async fn create(acting: Acting, args: Args) -> Answer {
    acting.check_admin()?;
    check_description(&args)?;
    let name = args.required("name")?;
    match args.text("workspace")? {
        None | Some(WORKSPACE) => {}
        Some(other) => return Err(Problem::missing(format!("Workspace '{other}' not found")).into()),
    }
    let made = acting.create_group(name).await?;
    Ok(json!({ "role": shown(&GroupPermissions { id: made.id, name: made.name, given: Vec::new() }) }))
}

pub async fn get(acting: Acting, args: Args) -> Answer {
    Ok(json!({ "role": shown(&named(&acting, &args).await?) }))
}

/// Whoever is no admin sees those they are in.
pub async fn list(acting: Acting, args: Args) -> Answer {
    let workspaces = args.texts("workspace")?;
    let groups = match acting.caller().is_admin() {
        _ if !workspaces.is_empty() && !workspaces.iter().any(|name| name == WORKSPACE) => Vec::new(),
        true => acting.list_group_permissions().await?,
        false => acting.groups_of(acting.caller().name()).await?,
    };
    Ok(json!({ "roles": groups.iter().map(shown).collect::<Vec<_>>() }))
}

pub async fn update(acting: Acting, args: Args) -> Answer {
    acting.check_admin()?;
    let name = args.text("name")?;
    if name.is_none() && !args.has("description") {
        let message = "At least one of 'name' or 'description' must be provided to update a role.";
        return Err(Problem::invalid(message).into());
    }
    check_description(&args)?;
    let mut group = named(&acting, &args).await?;
    if let Some(name) = name {
        acting.rename_group(&group.name, name).await?;
        name.clone_into(&mut group.name);
    }
    Ok(json!({ "role": shown(&group) }))
}

pub async fn delete(acting: Acting, args: Args) -> Answer {
    acting.check_admin()?;
    let group = named(&acting, &args).await?;
    acting.delete_group(&group.name).await?;
    Ok(json!({}))
}

pub async fn add_permission(acting: Acting, args: Args) -> Answer {
    let of = resource(args.required("resource_type")?, args.required("resource_pattern")?)?;
    let level = level(&args)?;
    let group = named(&acting, &args).await?;
    let is_given = group.given.iter().any(|(given, _)| *given == of);
    let to = Subject::Group(group.name);
    if is_given {
        return Err(given_already(&to).into());
    }
    acting.grant(&of, to, level).await?;
    Ok(json!({ "role_permission": permission(group.id, &of, level) }))
}

pub async fn update_permission(acting: Acting, args: Args) -> Answer {
    let (id, of) = permission_id(&args)?;
    let level = level(&args)?;
    let group = acting.group_permissions(id).await?;
    let to = Subject::Group(group.name);
    if !group.given.iter().any(|(given, _)| *given == of) {
        return Err(Problem::missing(format!("Nothing was given to {to}.")).into());
    }
    acting.grant(&of, to, level).await?;
    Ok(json!({ "role_permission": permission(id, &of, level) }))
}

pub async fn remove_permission(acting: Acting, args: Args) -> Answer {
    let (id, of) = permission_id(&args)?;
    let group = acting.group_permissions(id).await?;
    acting.ungrant(&of, Subject::Group(group.name)).await?;
    Ok(json!({}))
}

pub async fn list_permissions(acting: Acting, args: Args) -> Answer {
    let group = named(&acting, &args).await?;
    let permissions = group.given.iter().map(|(of, level)| permission(group.id, of, *level));
    Ok(json!({ "role_permissions": permissions.collect::<Vec<_>>() }))
}

pub async fn assign(acting: Acting, args: Args) -> Answer {
    acting.check_admin()?;
    let group = named(&acting, &args).await?;
    let user = acting.get_user(args.required("username")?).await?;
    if acting.group_members(group.id).await?.contains(&user.id) {
        let message = format!("User {} has the role {} already.", user.name, group.name);
        return Err(Problem::new(Code::ResourceAlreadyExists, message).into());
    }
    acting.add_to_group(&group.name, &user.name).await?;
    Ok(json!({ "assignment": assignment(group.id, user.id) }))
}

pub async fn unassign(acting: Acting, args: Args) -> Answer {
    acting.check_admin()?;
    let group = named(&acting, &args).await?;
    acting.remove_from_group(&group.name, args.required("username")?).await?;
    Ok(json!({}))
}

pub async fn list_of_user(acting: Acting, args: Args) -> Answer {
    let groups = acting.groups_of(args.required("username")?).await?;
    Ok(json!({ "roles": groups.iter().map(shown).collect::<Vec<_>>() }))
}

pub async fn list_users(acting: Acting, args: Args) -> Answer {
    let group = role_id(&args)?;
    let members = acting.group_members(group).await?;
    let assignments = members.into_iter().map(|user| assignment(group, user));
    Ok(json!({ "assignments": assignments.collect::<Vec<_>>() }))
}
