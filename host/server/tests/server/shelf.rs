//! A shelf that remembers what it was asked and answers by the digest: the name of an error, or anything else.

use std::sync::Mutex;

use counterfoil_domain::difference::{Area, Became, Difference};
use counterfoil_domain::id::{Actor, PluginDigest, PluginId};
use counterfoil_domain::ports::{
    Activated, Pending, PluginShelf, Provenance, RefusedFile, ShadowReport, ShadowTask, ShelfError, ShelfList,
    Standing, StoreError, Upload, VersionState,
};
use counterfoil_domain::version::{Widening, Wider};

use crate::world::{PLUGIN_DIGEST, card, now};

#[derive(Debug, Default)]
pub(crate) struct OneShelf {
    /// "command plugin digest by whom".
    pub(crate) asked: Mutex<Vec<String>>,
    /// Kept beside the active version.
    pub(crate) more: Mutex<Vec<VersionState>>,
}

pub(crate) fn state(standing: Standing) -> VersionState {
    VersionState {
        digest: PLUGIN_DIGEST.into(),
        card: card(),
        standing,
        installed_at: now(),
        installed_by: "admin".into(),
        paused: None,
        wider: vec![],
        differs: vec![],
        provenance: Provenance::Bundled,
        note: String::new(),
    }
}

pub(crate) fn wider() -> Vec<Widening> {
    let one = |what, sentence: &str| Widening { what, sentence: sentence.to_owned() };
    vec![one(Wider::Secret, "requests are signed with the secret \"x\""), one(Wider::Path, "it may write POST /x")]
}

fn failure(plugin: &PluginId, digest: &str) -> Option<ShelfError> {
    Some(match digest {
        "refused" => ShelfError::Refused("the file is damaged".into()),
        "other-plugin" => {
            ShelfError::OtherPlugin { digest: digest.into(), found: "tiny".into(), asked: plugin.clone() }
        }
        "untrusted" => ShelfError::Untrusted("nobody signed it".into()),
        "wider" => ShelfError::Wider(wider()),
        "probe" => ShelfError::Probe { connection: "xero-main".into(), why: "sign-in failed".into() },
        "busy" => ShelfError::Busy("xero-main".into()),
        "disk" => ShelfError::Disk("no space".into()),
        "plan" => ShelfError::Plan("the store is busy".into()),
        "store" => ShelfError::Store(StoreError::Busy),
        "unknown" => ShelfError::NotInstalled(digest.into()),
        _ => return None,
    })
}

impl OneShelf {
    fn answer<T: Send + 'static>(
        &self,
        command: &str,
        (plugin, digest): (&PluginId, &str),
        by: &Actor,
        good: T,
    ) -> Pending<'_, Result<T, ShelfError>> {
        self.asked.lock().unwrap().push(format!("{command} {plugin} {digest} by {by}"));
        let answer = failure(plugin, digest).map_or(Ok(good), Err);
        Box::pin(async move { answer })
    }
}

impl PluginShelf for OneShelf {
    fn list(&self) -> Pending<'_, Result<ShelfList, ShelfError>> {
        let refused = vec![RefusedFile { file: "plugins/bad.wasm".into(), problem: "the file is damaged".into() }];
        let mut versions = vec![state(Standing::Active)];
        versions.extend(self.more.lock().unwrap().iter().cloned());
        Box::pin(async move { Ok(ShelfList { versions, refused }) })
    }

    fn install(&self, upload: Upload, by: Actor) -> Pending<'_, Result<VersionState, ShelfError>> {
        let Upload { component, signature } = upload;
        let digest = String::from_utf8_lossy(&component[..component.len().min(16)]).into_owned();
        let provenance = signature.map_or(Provenance::Unsigned, |comment| Provenance::Signed {
            publisher: comment,
            key: "0011223344556677".into(),
        });
        let became = Became::Changed { before: "32 MiB".into(), after: "64 MiB".into() };
        let differs = vec![Difference { area: Area::Limit, name: "memory".into(), became }];
        let waiting = VersionState { wider: wider(), differs, provenance, ..state(Standing::Waiting) };
        self.answer("install", (&PluginId::new("?"), &digest), &by, waiting)
    }

    fn activate(
        &self,
        plugin: PluginId,
        digest: PluginDigest,
        accept_wider: bool,
        by: Actor,
    ) -> Pending<'_, Result<Activated, ShelfError>> {
        let text = if accept_wider { "accepted" } else { digest.as_str() };
        let done = Activated {
            plugin: plugin.clone(),
            digest: digest.clone(),
            version: "0.2.0".into(),
            former: Some(PLUGIN_DIGEST.into()),
            probed: vec!["xero-main".into()],
        };
        self.answer("activate", (&plugin, text), &by, done)
    }

    fn rollback(&self, plugin: PluginId, by: Actor) -> Pending<'_, Result<Activated, ShelfError>> {
        self.asked.lock().unwrap().push(format!("rollback {plugin} by {by}"));
        let refusal = match plugin.as_str() {
            "xero" => ShelfError::NoFormer(plugin),
            _ => ShelfError::NotActive(plugin),
        };
        Box::pin(async move { Err(refusal) })
    }

    fn shadow(
        &self,
        plugin: PluginId,
        digest: PluginDigest,
        tasks: usize,
        by: Actor,
    ) -> Pending<'_, Result<ShadowReport, ShelfError>> {
        let differing = ShadowTask {
            task: "t".into(),
            number: "SO1".into(),
            connection: "xero-main".into(),
            differences: vec!["k: total \"2.00 USD\", so far \"1.00 USD\"".into()],
        };
        let report = ShadowReport {
            digest: digest.clone(),
            active: PLUGIN_DIGEST.into(),
            compared: tasks,
            not_planned: 0,
            differing: vec![differing],
            reads: 3,
            replayed: 3,
        };
        self.answer("shadow", (&plugin, digest.as_str()), &by, report)
    }
}
