//! `counterfoil.toml`: where data, plugins and the master key are, and where to listen. Unknown keys are
//! refused with a suggestion; paths are relative to the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// Every key, with what it means: the README's table and a test hold against this list.
pub const KEYS: &[(&str, &str)] = &[
    ("data_dir", "folder of the database, sealed secrets and budgets; default \"data\""),
    ("listen", "address and port of the API and dashboard; default \"127.0.0.1:8420\""),
    (
        "public_url",
        "where browsers reach the service, for sign-ins to targets; default \"http://\" and the address it listens on",
    ),
    ("plugins_dir", "folder of plugin components (*.wasm); default \"plugins\""),
    ("master_key", "what seals secrets: { file = \"master.key\" } or { env = \"COUNTERFOIL_MASTER_KEY\" }"),
    ("https", "true when people reach the server by https: cookies become Secure; default false"),
    ("log", "filter of the log, for example \"info\" or \"counterfoil_engine=debug\"; default \"info\""),
    (
        "mail",
        "how mail to people goes out: { smtp = \"smtps://smtp.example.com\", from = \"Counterfoil <billing@example.com>\", username = \"…\", password = { env = \"…\" } }, or { folder = \"mails\", from = \"…\" } for files; without it nothing is mailed",
    ),
    ("log_format", "\"text\" or \"json\"; default \"text\""),
    (
        "record",
        "connections whose plan calls are recorded in data/recordings, for `plugin replay`; default none. Recordings hold customers' data",
    ),
    ("plugins.allow_unsigned", "true: plugins that nobody signed may run; default false"),
    ("plugins.publishers", "whose signatures count: a name and its public key, or several, each"),
];

/// Which plugins may run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PluginRules {
    pub allow_unsigned: bool,
    publishers: BTreeMap<String, Keys>,
}

/// While a key is replaced, the old one and the new one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a key is a text, or a list of texts")]
enum Keys {
    One(String),
    Several(Vec<String>),
}

impl PluginRules {
    /// Each publisher with each of its keys.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.publishers.iter().flat_map(|(publisher, keys)| {
            let keys = match keys {
                Keys::One(key) => std::slice::from_ref(key),
                Keys::Several(keys) => keys,
            };
            keys.iter().map(move |key| (publisher.as_str(), key.as_str()))
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MasterKeySource {
    File(PathBuf),
    Env(String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    pub data_dir: PathBuf,
    pub listen: String,
    pub public_url: Option<String>,
    pub plugins_dir: PathBuf,
    pub master_key: MasterKeySource,
    pub https: bool,
    pub log: String,
    pub log_format: LogFormat,
    pub mail: Option<MailConfig>,
    /// Everything around it is simulated. No key: only `demo` says so.
    #[serde(skip)]
    pub demo: bool,
    /// Connections whose plan calls are recorded.
    pub record: Vec<String>,
    pub plugins: PluginRules,
    /// Folders of the program itself: plugins in them came with it. No key, for the same reason as below.
    #[serde(skip)]
    pub bundled: Vec<PathBuf>,
    /// The binary that compiles plugins in a process of its own. No key: whoever runs the service knows its binary.
    #[serde(skip)]
    pub compiler: Option<PathBuf>,
}

/// How mail goes out: over SMTP, or into a folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    pub from: String,
    pub smtp: Option<String>,
    pub username: Option<String>,
    /// A file or a variable of the environment, as for the master key: never in the configuration itself.
    pub password: Option<MasterKeySource>,
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "data".into(),
            listen: "127.0.0.1:8420".to_owned(),
            public_url: None,
            plugins_dir: "plugins".into(),
            master_key: MasterKeySource::File("master.key".into()),
            https: false,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            mail: None,
            demo: false,
            record: Vec::new(),
            plugins: PluginRules::default(),
            bundled: Vec::new(),
            compiler: None,
        }
    }
}

impl Config {
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!("the configuration {} cannot be read; `counterfoil init` makes one", path.display())
        })?;
        let config = Self::parse(&text).with_context(|| format!("in {}", path.display()))?;
        Ok(config.below(path.parent().unwrap_or(Path::new("."))))
    }

    pub fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse()?;
        for key in written(&table) {
            if !KEYS.iter().any(|(known, _)| *known == key) {
                bail!("the key \"{key}\" is not known; {}", suggestion(&key));
            }
        }
        let mut config: Self = toml::from_str(text)?;
        if let Some(url) = config.public_url.take() {
            config.public_url = Some(plain_url(&url)?);
        }
        Ok(config)
    }

    /// Relative paths are the file's, not the shell's.
    pub(crate) fn below(mut self, folder: &Path) -> Self {
        self.data_dir = folder.join(self.data_dir);
        self.plugins_dir = folder.join(self.plugins_dir);
        if let MasterKeySource::File(path) = &self.master_key {
            self.master_key = MasterKeySource::File(folder.join(path));
        }
        if let Some(mail) = &mut self.mail {
            mail.folder = mail.folder.take().map(|path| folder.join(path));
            if let Some(MasterKeySource::File(path)) = &mail.password {
                mail.password = Some(MasterKeySource::File(folder.join(path)));
            }
        }
        self
    }

    pub fn database(&self) -> PathBuf {
        self.data_dir.join("counterfoil.db")
    }

    /// Components that were installed, by digest.
    pub fn versions(&self) -> PathBuf {
        self.data_dir.join("versions")
    }

    /// What was compiled of them. It may be deleted: the next start makes it again.
    pub fn compiled(&self) -> PathBuf {
        self.data_dir.join("compiled")
    }

    /// What was recorded of plan calls. It may be deleted at any time.
    pub fn recordings(&self) -> PathBuf {
        self.data_dir.join("recordings")
    }

    pub fn budgets(&self) -> PathBuf {
        self.data_dir.join("budgets.json")
    }
}

/// Targets send browsers back below it: a whole address, without what comes after a path.
fn plain_url(written: &str) -> Result<String> {
    let url = reqwest::Url::parse(written).ok();
    let is_good = url.is_some_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if !is_good {
        bail!("public_url = \"{written}\" is not an address such as \"https://billing.example.com\"");
    }
    Ok(written.trim_end_matches('/').to_owned())
}

/// The keys as KEYS names them: those of a table of ours with its name before.
fn written(table: &toml::Table) -> Vec<String> {
    let keys = table.iter().flat_map(|(key, value)| match value {
        toml::Value::Table(inner) if key == "plugins" => inner.keys().map(|inner| format!("{key}.{inner}")).collect(),
        _ => vec![key.clone()],
    });
    keys.collect()
}

/// Where the plugins are that come with a binary: beside an installed one, or where a checkout builds them.
pub fn bundled_with(binary: &Path) -> Vec<PathBuf> {
    let Some(folder) = binary.parent() else { return Vec::new() };
    let Some(above) = folder.parent() else { return Vec::new() };
    let mut folders = vec![above.join("share/counterfoil/plugins")];
    if folder.file_name().is_some_and(|profile| profile == "debug" || profile == "release") {
        folders.push(above.join("plugins"));
    }
    folders
}

fn suggestion(key: &str) -> String {
    let nearest = KEYS
        .iter()
        .map(|(known, _)| (strsim::damerau_levenshtein(key, known), *known))
        .filter(|(distance, _)| *distance <= 3)
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((_, known)) => format!("did you mean \"{known}\"?"),
        None => format!("known are: {}", KEYS.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_the_near_one() {
        let error = Config::parse("data_dri = \"x\"").unwrap_err().to_string();
        assert!(error.contains("did you mean \"data_dir\"?"), "{error}");
    }

    #[test]
    fn publishers_have_one_key_or_several_and_unknown_keys_are_refused() {
        let rules = |text: &str| Config::parse(text).map(|config| config.plugins);
        let given =
            rules("[plugins]\nallow_unsigned = true\n[plugins.publishers]\n\"B C\" = [\"1\", \"2\"]\nA = \"0\"")
                .unwrap();
        assert!(given.allow_unsigned);
        assert_eq!(given.keys().collect::<Vec<_>>(), [("A", "0"), ("B C", "1"), ("B C", "2")]);
        assert_eq!(rules("").unwrap(), PluginRules::default());
        for (text, says) in [
            ("[plugins]\nallow_unsinged = true", "did you mean \"plugins.allow_unsigned\"?"),
            ("plugins = 3", "\"plugins\" is not known"),
            ("[plugins]\npublishers = { A = 3 }", "a list of texts"),
        ] {
            let error = format!("{:#}", rules(text).unwrap_err());
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn plugins_come_from_beside_the_binary() {
        let of = |binary: &str| bundled_with(Path::new(binary));
        assert_eq!(of("/usr/bin/counterfoil"), [PathBuf::from("/usr/share/counterfoil/plugins")]);
        assert_eq!(of("/c/target/debug/counterfoil")[1], PathBuf::from("/c/target/plugins"));
    }

    #[test]
    fn every_key_has_an_effect_and_defaults_are_whole() {
        let config = Config::parse(
            "data_dir = \"d\"\nlisten = \"127.0.0.1:1\"\nplugins_dir = \"p\"\nmaster_key = { env = \"K\" }\nhttps = true\nlog = \"debug\"\nlog_format = \"json\"\npublic_url = \"https://b.example/\"",
        )
        .unwrap();
        assert_eq!(config.master_key, MasterKeySource::Env("K".to_owned()));
        assert_eq!(config.database(), PathBuf::from("d/counterfoil.db"));
        assert_eq!(config.public_url.as_deref(), Some("https://b.example"));
        assert_eq!(Config::parse("").unwrap().listen, "127.0.0.1:8420");
        for bad in ["b.example", "ftp://b.example", "https://b.example/?a=1", "https://me@b.example"] {
            assert!(Config::parse(&format!("public_url = \"{bad}\"")).is_err(), "{bad}");
        }
    }
}
