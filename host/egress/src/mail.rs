//! Mail out: over SMTP with TLS, or as files in a folder for whoever has no mail server. Owns how a message is made of a
//! mail and what a server's answer means; what waits and when it is tried again is the domain's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use counterfoil_domain::mail::{Mail, MailError};
use counterfoil_domain::ports::{Mailer, Pending};
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use url::Url;

/// A server that takes longer is tried again later.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is wrong with the settings, named by their key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailSettingsError {
    #[error(
        "mail.smtp = \"{0}\" is not an address such as \"smtps://smtp.example.com\" or \"smtp://smtp.example.com:587?tls=required\""
    )]
    Address(String),
    #[error(
        "mail.smtp = \"{0}\" sends mail and password in the clear. Use smtps://, or add ?tls=required; without either only this machine is allowed"
    )]
    Plain(String),
    #[error("mail.smtp holds a user or a password. Set mail.username and mail.password instead: addresses are logged")]
    PasswordInAddress,
    #[error("mail.from = \"{0}\" is not an address such as \"Counterfoil <billing@example.com>\"")]
    From(String),
}

#[derive(Debug)]
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// `sign_in`: user and password; none: the server asks for none.
    pub fn new(address: &str, from: &str, sign_in: Option<(String, String)>) -> Result<Self, MailSettingsError> {
        let url = Url::parse(address).map_err(|_| MailSettingsError::Address(address.to_owned()))?;
        if !matches!(url.scheme(), "smtp" | "smtps") || url.host_str().is_none_or(str::is_empty) {
            return Err(MailSettingsError::Address(address.to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(MailSettingsError::PasswordInAddress);
        }
        let encrypted = url.scheme() == "smtps" || url.query() == Some("tls=required");
        if !encrypted && !is_this_machine(&url) {
            return Err(MailSettingsError::Plain(address.to_owned()));
        }
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(address)
            .map_err(|_| MailSettingsError::Address(address.to_owned()))?
            .timeout(Some(PATIENCE));
        if let Some((user, password)) = sign_in {
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self { transport: builder.build(), from: mailbox(from)? })
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        None => false,
    }
}

fn mailbox(from: &str) -> Result<Mailbox, MailSettingsError> {
    from.parse().map_err(|_| MailSettingsError::From(from.to_owned()))
}

/// Plain text: nothing that a marketplace sends is markup.
fn message(mail: &Mail, from: &Mailbox) -> Result<Message, MailError> {
    let refused = |error: String| MailError::Refused(error);
    let mut builder: MessageBuilder = Message::builder()
        .from(from.clone())
        .subject(mail.subject.clone())
        .message_id(Some(format!("<{}@counterfoil>", mail.id)))
        .header(ContentType::TEXT_PLAIN);
    for to in &mail.to {
        builder = builder.to(to.parse().map_err(|error| refused(format!("\"{to}\" is no address: {error}")))?);
    }
    builder.body(mail.text.clone()).map_err(|error| refused(error.to_string()))
}

impl Mailer for SmtpMailer {
    fn send(&self, mail: Mail) -> Pending<'_, Result<(), MailError>> {
        Box::pin(async move {
            let message = message(&mail, &self.from)?;
            match self.transport.send(message).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_permanent() => Err(MailError::Refused(error.to_string())),
                Err(error) => Err(MailError::Unreachable(error.to_string())),
            }
        })
    }
}

/// Each mail a file, as it would go out.
#[derive(Debug)]
pub struct FolderMailer {
    folder: PathBuf,
    from: Mailbox,
}

impl FolderMailer {
    pub fn new(folder: &Path, from: &str) -> Result<Self, MailSettingsError> {
        Ok(Self { folder: folder.to_path_buf(), from: mailbox(from)? })
    }
}

impl Mailer for FolderMailer {
    fn send(&self, mail: Mail) -> Pending<'_, Result<(), MailError>> {
        Box::pin(async move {
            let message = message(&mail, &self.from)?;
            let written = async {
                tokio::fs::create_dir_all(&self.folder).await?;
                tokio::fs::write(self.folder.join(format!("{}.eml", mail.id)), message.formatted()).await
            };
            written.await.map_err(|error| MailError::Unreachable(format!("{}: {error}", self.folder.display())))
        })
    }
}
