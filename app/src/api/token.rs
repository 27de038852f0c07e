use super::Fault;
use leptos::prelude::*;
use model::{
    TokenId,
    account::{NewToken, Token},
};
use server_fn::codec::Postcard;

/// The caller's API tokens.
#[server(prefix = "/ui", endpoint = "list_tokens", input = Postcard, output = Postcard)]
pub async fn list_tokens() -> Result<Vec<Token>, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.list_tokens().await.map_err(fault)
}

/// Makes a token and answers its secret, which can't be had again.
#[server(prefix = "/ui", endpoint = "create_token", input = Postcard, output = Postcard)]
pub async fn create_token(new: NewToken) -> Result<String, Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.create_token(new).await.map(|(_, secret)| secret).map_err(fault)
}

/// Revokes a token.
#[server(prefix = "/ui", endpoint = "delete_token", input = Postcard, output = Postcard)]
pub async fn delete_token(id: TokenId) -> Result<(), Fault> {
    use crate::ssr::{acting, fault};
    acting().await?.delete_token(id).await.map_err(fault)
}
