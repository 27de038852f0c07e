//! Groups: people who are given permissions together. Admins make them and say who is in them.

use crate::{
    Acting,
    account::check_name,
    audit::Told,
    clock,
    error::{Error, Result},
    store::{self, group::Which},
};
use model::{
    Code, GroupId, Problem, UserId,
    account::Group,
    audit::{Action, Object},
    permission::GroupPermissions,
};
use serde_json::json;

/// Groups there may be.
const MOST_GROUPS: i64 = 10_000;

impl Acting {
    /// All groups with their members, by name. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub async fn list_groups(&self) -> Result<Vec<Group>> {
        self.must_be_admin()?;
        store::group::list(&self.domain.db).await
    }

    /// All groups by name, each with what was given to it. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub async fn list_group_permissions(&self) -> Result<Vec<GroupPermissions>> {
        self.must_be_admin()?;
        store::group::with_permissions(&self.domain.db, Which::All).await
    }

    /// The groups that an account is in, by name, each with what was given to it. For admins, and for its owner.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn groups_of(&self, user: &str) -> Result<Vec<GroupPermissions>> {
        let user = self.get_user(user).await?;
        store::group::with_permissions(&self.domain.db, Which::Of(user.id)).await
    }

    /// A group and what was given to it. For admins, and for who is in it.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST`, also for who isn't in it.
    pub async fn group_permissions(&self, id: GroupId) -> Result<GroupPermissions> {
        let which = match self.caller.user() {
            _ if self.caller.is_admin() => Some(Which::One(id)),
            user => user.map(Which::Of),
        };
        let found = match which {
            Some(which) => store::group::with_permissions(&self.domain.db, which).await?,
            None => Vec::new(),
        };
        let found = found.into_iter().find(|group| group.id == id);
        found.ok_or_else(|| Error::missing(format!("Group with id={id} not found")))
    }

    /// The accounts in a group, by name. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn group_members(&self, id: GroupId) -> Result<Vec<UserId>> {
        self.must_be_admin()?;
        self.group_permissions(id).await?;
        store::group::members(&self.domain.db, id).await
    }

    /// Makes an empty group. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `INVALID_PARAMETER_VALUE` for the name, `RESOURCE_ALREADY_EXISTS`.
    pub async fn create_group(&self, name: &str) -> Result<Group> {
        self.must_be_admin()?;
        check_name(name, "group")?;
        if store::group::count(&self.domain.db).await? >= MOST_GROUPS {
            return Err(Error::invalid(format!("There may be {MOST_GROUPS} groups.")));
        }
        let group = Group {
            id: GroupId(clock::new_uuid()?),
            name: name.to_owned(),
            created: clock::now(),
            members: Vec::new(),
        };
        let mut change = self.change().await?;
        store::group::insert(&mut change, group.id, name, group.created)
            .await
            .map_err(|error| if error.is_duplicate() { taken(name) } else { error })?;
        change.commit(Told::new(Action::GroupCreate, Object::Group(name.to_owned()))).await?;
        Ok(group)
    }

    /// Gives a group another name; its members keep what they have. For admins.
    ///
    /// # Errors
    /// As [`Self::create_group`], and `RESOURCE_DOES_NOT_EXIST`.
    pub async fn rename_group(&self, name: &str, to: &str) -> Result<()> {
        let id = self.group_named(name).await?;
        check_name(to, "group")?;
        let mut change = self.change().await?;
        store::group::rename(&mut change, id, to)
            .await
            .map_err(|error| if error.is_duplicate() { taken(to) } else { error })?;
        change
            .commit(
                Told::new(Action::GroupRename, Object::Group(name.to_owned())).with(json!({ "after": to })),
            )
            .await
    }

    /// Deletes a group: its members no longer have what was given to it. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn delete_group(&self, name: &str) -> Result<()> {
        let id = self.group_named(name).await?;
        let mut change = self.change().await?;
        store::group::delete(&mut change, id).await?;
        change.commit(Told::new(Action::GroupDelete, Object::Group(name.to_owned()))).await
    }

    /// Takes a user into a group; doing it again is fine. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST` for the group or the user.
    pub async fn add_to_group(&self, name: &str, user: &str) -> Result<()> {
        let id = self.group_named(name).await?;
        let told = Told::new(Action::GroupAdd, Object::Group(name.to_owned())).with(json!({ "user": user }));
        let user = self.user_named(user).await?;
        let mut change = self.change().await?;
        store::group::add(&mut change, id, user).await?;
        change.commit(told).await
    }

    /// Takes a user out of a group. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST` for the group or the user, or if they aren't in it.
    pub async fn remove_from_group(&self, name: &str, user: &str) -> Result<()> {
        let id = self.group_named(name).await?;
        let id_of_user = self.user_named(user).await?;
        let mut change = self.change().await?;
        if !store::group::remove(&mut change, id, id_of_user).await? {
            return Err(Error::missing(format!("User {user} is not in the group {name}.")));
        }
        change
            .commit(
                Told::new(Action::GroupRemove, Object::Group(name.to_owned())).with(json!({ "user": user })),
            )
            .await
    }

    async fn group_named(&self, name: &str) -> Result<GroupId> {
        self.must_be_admin()?;
        let found = store::group::find(&self.domain.db, name).await?;
        found.ok_or_else(|| no_group(name))
    }
}

pub(crate) fn no_group(name: &str) -> Error {
    Error::missing(format!("Group with name={name} not found"))
}

fn taken(name: &str) -> Error {
    Problem::new(Code::ResourceAlreadyExists, format!("Group (name={name}) already exists.")).into()
}
