//! What admins do with accounts.

use super::{check_name, check_password, name_taken, no_user};
use crate::{
    Acting,
    audit::Told,
    error::{Error, Result},
    store::{self, Tx},
};
use model::{
    UserId,
    account::{User, UserState},
    audit::{Action, Object},
};
use serde_json::json;

impl Acting {
    /// All accounts but deleted ones, by name. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`.
    pub async fn list_users(&self) -> Result<Vec<User>> {
        self.must_be_admin()?;
        store::account::list(&self.domain.db).await
    }

    /// An account. For admins, and for its owner.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn get_user(&self, name: &str) -> Result<User> {
        let own = self.caller.user().filter(|_| self.caller.name() == name);
        let Some(own) = own else { return self.managed_user(name).await };
        let found = store::account::unchecked_find(&self.domain.db, own).await?;
        found.map(|account| account.user).ok_or_else(|| no_user(name))
    }

    /// Gives an account a password, and signs it out everywhere. For admins; one's own needs the old one.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for a short password or a service.
    pub async fn set_password_of(&self, name: &str, password: &str) -> Result<()> {
        let user = self.managed_user(name).await?;
        if user.is_service {
            return Err(Error::invalid("A service has no password. Make a token for it."));
        }
        check_password(password)?;
        let hash = self.domain.passwords.hash(password).await?;
        let mut change = self.change().await?;
        store::account::set_password(&mut change, user.id, &hash).await?;
        store::session::delete_others(&mut change, user.id, None).await?;
        store::account::delete_links(&mut change, user.id).await?;
        change.commit(Told::new(Action::UserPassword, Object::User(name.to_owned()))).await
    }

    /// Makes an account for programs: it has tokens and can't sign in. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `INVALID_PARAMETER_VALUE` for the name, `RESOURCE_ALREADY_EXISTS`.
    pub async fn create_service(&self, name: &str) -> Result<User> {
        self.must_be_admin()?;
        check_name(name, "service")?;
        // No password has this hash.
        self.insert_user(name, "", false, true).await
    }

    /// Gives an account another name; all that belongs to it stays so. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for the name, `RESOURCE_ALREADY_EXISTS`.
    pub async fn rename_user(&self, name: &str, to: &str) -> Result<()> {
        let user = self.managed_user(name).await?;
        check_name(to, "user")?;
        let mut change = self.change().await?;
        let taken = |error: Error| if error.is_duplicate() { name_taken(to) } else { error };
        store::account::rename(&mut change, user.id, to).await.map_err(taken)?;
        change
            .commit(Told::new(Action::UserRename, Object::User(name.to_owned())).with(json!({ "after": to })))
            .await
    }

    /// Keeps an account from doing anything, at once and everywhere, until it is enabled again. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for the last admin.
    pub async fn disable_user(&self, name: &str) -> Result<()> {
        let user = self.managed_user(name).await?;
        let mut change = self.change().await?;
        keep_an_admin(&mut change, user.id).await?;
        store::account::set_state(&mut change, user.id, UserState::Disabled).await?;
        // Enabled again, they sign in anew.
        store::session::delete_others(&mut change, user.id, None).await?;
        store::account::delete_links(&mut change, user.id).await?;
        change.commit(Told::new(Action::UserDisable, Object::User(name.to_owned()))).await
    }

    /// Lets a disabled account do what it may. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`.
    pub async fn enable_user(&self, name: &str) -> Result<()> {
        let user = self.managed_user(name).await?;
        let mut change = self.change().await?;
        store::account::set_state(&mut change, user.id, UserState::Active).await?;
        change.commit(Told::new(Action::UserEnable, Object::User(name.to_owned()))).await
    }

    /// Makes somebody an admin, or no longer one. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for the last admin or a service.
    pub async fn set_admin(&self, name: &str, is_admin: bool) -> Result<()> {
        let user = self.managed_user(name).await?;
        if user.is_service && is_admin {
            return Err(Error::invalid("A service can't be an admin. Give it the permissions it needs."));
        }
        let mut change = self.change().await?;
        if !is_admin {
            keep_an_admin(&mut change, user.id).await?;
        }
        store::account::set_admin(&mut change, user.id, is_admin).await?;
        change
            .commit(
                Told::new(Action::UserAdmin, Object::User(name.to_owned()))
                    .with(json!({ "before": user.is_admin, "after": is_admin })),
            )
            .await
    }

    /// Deletes an account: its tokens, memberships and permissions are gone, no session of it counts, its name is free. What it
    /// made stays its. For admins.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE` for the last admin.
    pub async fn delete_user(&self, name: &str) -> Result<()> {
        let user = self.managed_user(name).await?;
        let mut change = self.change().await?;
        keep_an_admin(&mut change, user.id).await?;
        store::account::strip(&mut change, user.id).await?;
        let links = store::share::delete_all(&mut change, user.id).await?;
        // Names are unique, and nobody else has this id.
        store::account::rename(&mut change, user.id, &format!("{name} (deleted {})", user.id)).await?;
        store::account::set_state(&mut change, user.id, UserState::Deleted).await?;
        let told = Told::new(Action::UserDelete, Object::User(name.to_owned()));
        change.commit(told.with(json!({ "share_links": links }))).await
    }

    async fn managed_user(&self, name: &str) -> Result<User> {
        self.must_be_admin()?;
        let found = store::account::unchecked_find_by_name(&self.domain.db, name).await?;
        found.map(|account| account.user).ok_or_else(|| no_user(name))
    }
}

/// An error if nobody else is an admin: without one nobody could be made one again.
pub(super) async fn keep_an_admin(tx: &mut Tx, user: UserId) -> Result<()> {
    if store::account::is_admin(tx, user).await? && !store::account::has_other_admin(tx, user).await? {
        return Err(Error::invalid("This is the last admin. Make somebody else an admin first."));
    }
    Ok(())
}
