//! Flags of webhooks.

use crate::webhook::Courier;
use clap::Args;
use ipnet::IpNet;

#[derive(Debug, Args)]
#[command(next_help_heading = "Webhooks")]
pub struct WebhookArgs {
    /// Address or network that webhooks may reach although it isn't public, such as 10.0.0.0/8. Can be given several times. Without
    /// it they reach public addresses alone: admins could otherwise make this server talk to what only it can reach.
    #[arg(
        long,
        env = "RUNMARK_WEBHOOK_ALLOW_PRIVATE",
        value_name = "NETWORK",
        value_delimiter = ',',
        value_parser = super::network
    )]
    webhook_allow_private: Vec<IpNet>,
}

impl WebhookArgs {
    /// Who sends deliveries.
    pub fn read(self) -> Result<Courier, String> {
        Courier::new(self.webhook_allow_private)
    }
}
