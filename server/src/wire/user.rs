//! `/mlflow/users/…`: accounts and what was given to them, as MLflow's `AuthServiceClient` manages them.
//!
//! They are the accounts and permissions of the pages and the command line. A grant is one to an account itself; what was given to its
//! groups is listed with the group's name, where MLflow has a role's.

use super::{Answer, args::Args};
use domain::Acting;
use model::{
    Code, Permission, Problem,
    account::User,
    permission::{Held, Resource, Subject},
};
use serde_json::{Value, json};

fn user(user: &User) -> Value {
    json!({ "id": user.id.to_string(), "username": user.name, "is_admin": user.is_admin })
}

pub async fn create(acting: Acting, args: Args) -> Answer {
    let made = acting.create_user(args.required("username")?, args.required("password")?, false).await?;
    Ok(json!({ "user": user(&made) }))
}

pub async fn get(acting: Acting, args: Args) -> Answer {
    Ok(json!({ "user": user(&acting.get_user(args.required("username")?).await?) }))
}

/// Whoever is no admin sees themselves alone.
pub async fn list(acting: Acting, _: Args) -> Answer {
    let users = match acting.caller().is_admin() {
        true => acting.list_users().await?,
        false => vec![acting.get_user(acting.caller().name()).await?],
    };
    let listed = |one: &User| {
        let mut listed = user(one);
        listed["roles"] = json!([]);
        listed
    };
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

/// What a grant is of.
fn resource(args: &Args) -> Result<Resource, Problem> {
    let id = args.required("resource_id")?;
    match args.required("resource_type")? {
        "experiment" => {
            let wrong = || {
                Problem::invalid(format!(
                    "Invalid experiment ID '{id}'. Experiment ID must be a valid integer."
                ))
            };
            id.parse().map(Resource::Experiment).map_err(|_| wrong())
        }
        "registered_model" => Ok(Resource::Registered(id.to_owned())),
        other => Err(Problem::invalid(format!(
            "Permissions of resource_type '{other}' can't be given here: use 'experiment' or 'registered_model'."
        ))),
    }
}

fn subject(args: &Args) -> Result<Subject, Problem> {
    Ok(Subject::User(args.required("username")?.to_owned()))
}

pub async fn grant(acting: Acting, args: Args) -> Answer {
    let (of, to) = (resource(&args)?, subject(&args)?);
    let level: Permission = args.required("permission")?.parse().map_err(Problem::invalid)?;
    if acting.permissions(&of).await?.iter().any(|given| given.to == to) {
        let message = format!("A permission of this is given to {to} already. Revoke it first.");
        return Err(Problem::new(Code::ResourceAlreadyExists, message).into());
    }
    acting.grant(&of, to, level).await?;
    Ok(json!({}))
}

pub async fn revoke(acting: Acting, args: Args) -> Answer {
    let from = subject(&args)?;
    acting.ungrant(&resource(&args)?, from).await?;
    Ok(json!({}))
}

/// What somebody may do in the end: oneself, or, for who may say what others may do, anybody.
pub async fn get_permission(acting: Acting, args: Args) -> Answer {
    let (of, name) = (resource(&args)?, args.required("username")?);
    let level = match acting.caller().name() == name {
        true => acting.own_level(&of).await?,
        false => acting.explain(&of, name).await?.level,
    };
    Ok(json!({ "allowed": level >= Permission::Use, "permission": level.name() }))
}

async fn held(acting: &Acting, name: &str) -> Answer {
    let user = acting.get_user(name).await?;
    let held = acting.held_permissions(name).await?;
    let entry = |held: &Held| {
        let (kind, id) = match &held.of {
            Resource::Experiment(id) => ("experiment", id.to_string()),
            Resource::Registered(name) => ("registered_model", name.clone()),
        };
        let role = held.group.clone().unwrap_or_else(|| format!("__user_{}__", user.id));
        json!({
            "role_id": null, "role_name": role, "workspace": "default", "resource_type": kind, "resource_pattern": id,
            "permission": held.level.name(),
        })
    };
    Ok(json!({ "is_admin": user.is_admin, "permissions": held.iter().map(entry).collect::<Vec<_>>() }))
}

pub async fn list_permissions(acting: Acting, args: Args) -> Answer {
    held(&acting, args.required("username")?).await
}

pub async fn own_permissions(acting: Acting, _: Args) -> Answer {
    held(&acting, acting.caller().name()).await
}
