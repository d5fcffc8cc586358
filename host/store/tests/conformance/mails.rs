//! Mail that waits is found when it is due, and no longer once it was sent.

use chrono::TimeDelta;
use counterfoil_domain::mail::{Mail, MailError, MailState};
use counterfoil_domain::ports::{Store, Write};

use crate::samples;

async fn mail_is_due_until_it_is_sent<S: Store>(store: &S) {
    let now = samples::at(0);
    let connection = samples::connection_id(1);
    let made = |of: &str, after: i64| {
        let words = ("Subject".to_owned(), "Text\nof <it>".to_owned());
        Mail {
            at: now + TimeDelta::minutes(after),
            ..Mail::new(&connection, of, vec!["a@b.example".to_owned()], words, now)
        }
    };
    let (late, soon) = (made("late", 9), made("soon", 1));
    store.commit(vec![Write::PutMail(late.clone()), Write::PutMail(soon.clone())]).await.unwrap();
    let due =
        async |minutes: i64, limit: usize| store.mails_due(now + TimeDelta::minutes(minutes), limit).await.unwrap();
    assert_eq!(due(0, 9).await, vec![]);
    assert_eq!(due(1, 9).await, vec![soon.clone()]);
    assert_eq!(due(9, 9).await, vec![soon.clone(), late.clone()]);
    assert_eq!(due(9, 1).await, vec![soon.clone()]);
    let again = soon.clone().tried(Err(MailError::NotConfigured), soon.at);
    store.commit(vec![Write::PutMail(again.clone())]).await.unwrap();
    assert_eq!(due(1, 9).await, vec![]);
    let sent = again.tried(Ok(()), now);
    store.commit(vec![Write::PutMail(sent.clone())]).await.unwrap();
    assert_eq!(due(100, 9).await, vec![late]);
    assert_eq!(store.mail(&sent.id).await.unwrap(), Some(sent.clone()));
    assert_eq!(sent.state, MailState::Sent);
    assert_eq!(store.mail("mail_none").await.unwrap(), None);
}

crate::both_stores!(mail_is_due_until_it_is_sent);
