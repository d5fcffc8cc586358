//! Which mailer the configuration names. Owns nothing but the choice, and where the password is.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use counterfoil_domain::ports::Mailer;
use counterfoil_egress::{FolderMailer, SmtpMailer};
use counterfoil_engine::NoMailer;

use crate::config::{Config, MailConfig, MasterKeySource};

pub(crate) fn mailer(config: &Config) -> Result<Arc<dyn Mailer>> {
    let Some(mail) = &config.mail else { return Ok(Arc::new(NoMailer)) };
    match (&mail.smtp, &mail.folder) {
        (Some(address), None) => Ok(Arc::new(SmtpMailer::new(address, &mail.from, sign_in(mail)?)?)),
        (None, Some(folder)) => Ok(Arc::new(FolderMailer::new(folder, &mail.from)?)),
        _ => bail!("[mail] needs either smtp or folder, not both"),
    }
}

fn sign_in(mail: &MailConfig) -> Result<Option<(String, String)>> {
    match (&mail.username, &mail.password) {
        (None, None) => Ok(None),
        (Some(user), Some(from)) => Ok(Some((user.clone(), password(from)?))),
        _ => bail!("mail.username and mail.password go together"),
    }
}

fn password(from: &MasterKeySource) -> Result<String> {
    let text = match from {
        MasterKeySource::File(path) => std::fs::read_to_string(path)
            .with_context(|| format!("mail.password: the file {} cannot be read", path.display()))?,
        MasterKeySource::Env(name) => {
            std::env::var(name).with_context(|| format!("mail.password: {name} is not set in the environment"))?
        }
    };
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
