//! Mail against a sink that speaks SMTP on loopback: what it gets, and what its refusals become.

use std::sync::{Arc, Mutex};

use chrono::DateTime;
use counterfoil_domain::mail::{Mail, MailError};
use counterfoil_domain::ports::Mailer as _;
use counterfoil_egress::{FolderMailer, MailSettingsError, SmtpMailer};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

type Kept = Arc<Mutex<Vec<String>>>;

/// Answers as a small server would; `refuse` begins the line that it turns away, and how.
async fn sink(refuse: Option<(&'static str, &'static str)>) -> (String, Kept) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("smtp://{}", listener.local_addr().unwrap());
    let kept = Kept::default();
    let keeps = Arc::clone(&kept);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(speak(stream, refuse, Arc::clone(&keeps)));
        }
    });
    (address, kept)
}

async fn speak(stream: TcpStream, refuse: Option<(&'static str, &'static str)>, kept: Kept) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let _ = writer.write_all(b"220 sink\r\n").await;
    let (mut in_data, mut data) = (false, String::new());
    while let Ok(Some(line)) = lines.next_line().await {
        if in_data {
            if line == "." {
                in_data = false;
                kept.lock().unwrap().push(std::mem::take(&mut data));
                let _ = writer.write_all(b"250 kept\r\n").await;
            } else {
                data += line.strip_prefix('.').unwrap_or(&line);
                data.push('\n');
            }
            continue;
        }
        let answer = match refuse.filter(|(begins, _)| line.starts_with(begins)) {
            Some((_, answer)) => format!("{answer}\r\n"),
            None if line.starts_with("DATA") => {
                in_data = true;
                "354 go on\r\n".to_owned()
            }
            None if line.starts_with("EHLO") => "250-sink\r\n250 8BITMIME\r\n".to_owned(),
            None => "250 fine\r\n".to_owned(),
        };
        if writer.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn mail() -> Mail {
    let to = vec!["ann@example.com".to_owned(), "Billing <billing@example.com>".to_owned()];
    let words =
        ("Warning: Zürich & <b>Co</b>".to_owned(), "- unit price changed\n.\n- a line after a dot\n".to_owned());
    Mail::new(&"c".into(), "run_1", to, words, DateTime::UNIX_EPOCH)
}

#[tokio::test]
async fn a_mail_arrives_whole_as_plain_text() {
    let (address, kept) = sink(None).await;
    let mailer = SmtpMailer::new(&address, "Counterfoil <counterfoil@example.com>", None).unwrap();
    mailer.send(mail()).await.unwrap();
    let kept = kept.lock().unwrap();
    assert_eq!(kept.len(), 1);
    for part in [
        "From: Counterfoil <counterfoil@example.com>",
        "ann@example.com",
        "billing@example.com",
        "Content-Type: text/plain",
        "- unit price changed\n.\n- a line after a dot",
    ] {
        assert!(kept[0].contains(part), "{part} is not in\n{}", kept[0]);
    }
    assert!(!kept[0].contains("Subject: Warning: Zürich"), "a header that is not ASCII must be encoded");
}

#[tokio::test]
async fn a_refusal_is_final_and_a_busy_server_is_tried_again() {
    for (begins, answer, retriable) in [
        ("RCPT", "550 no such user", false),
        ("RCPT", "450 mailbox busy", true),
        ("MAIL", "421 going down", true),
        ("DATA", "554 no", false),
    ] {
        let (address, kept) = sink(Some((begins, answer))).await;
        let mailer = SmtpMailer::new(&address, "c@example.com", None).unwrap();
        let error = mailer.send(mail()).await.unwrap_err();
        assert_eq!(error.is_retriable(), retriable, "{answer}: {error}");
        assert!(kept.lock().unwrap().is_empty());
    }
    let nobody = SmtpMailer::new("smtp://127.0.0.1:1", "c@example.com", None).unwrap();
    assert!(matches!(nobody.send(mail()).await, Err(MailError::Unreachable(_))));
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_refused_by_name() {
    let new = |address: &str, from: &str| SmtpMailer::new(address, from, None).map(|_| ()).unwrap_err();
    assert!(matches!(new("http://mail.example.com", "a@example.com"), MailSettingsError::Address(_)));
    assert!(matches!(new("smtp.example.com", "a@example.com"), MailSettingsError::Address(_)));
    assert!(matches!(new("smtp://mail.example.com:25", "a@example.com"), MailSettingsError::Plain(_)));
    assert!(matches!(new("smtps://u:p@mail.example.com", "a@example.com"), MailSettingsError::PasswordInAddress));
    assert!(matches!(new("smtps://mail.example.com", "nobody"), MailSettingsError::From(_)));
    for good in ["smtps://mail.example.com", "smtp://mail.example.com:587?tls=required", "smtp://localhost:2525"] {
        SmtpMailer::new(good, "a@example.com", Some(("u".to_owned(), "p".to_owned()))).unwrap();
    }
}

#[tokio::test]
async fn without_a_server_each_mail_is_a_file() {
    let folder = std::env::temp_dir().join(format!("counterfoil-mail-{}", std::process::id()));
    let mailer = FolderMailer::new(&folder, "Counterfoil <c@example.com>").unwrap();
    mailer.send(mail()).await.unwrap();
    let text = std::fs::read_to_string(folder.join(format!("{}.eml", mail().id))).unwrap();
    assert!(text.contains("unit price changed"), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}
