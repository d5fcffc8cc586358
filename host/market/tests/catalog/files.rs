//! Catalogs in a folder: replaced in one step, never where somebody changed them, never outside the folder.

use std::fs;
use std::path::{Path, PathBuf};

use counterfoil_domain::catalog::{ResellerCatalog, Upstream};
use counterfoil_domain::id::{CatalogVersion, ResellerId, StepKey};
use counterfoil_domain::ports::{CatalogError, CatalogSource, ReplaceError};
use counterfoil_market::catalog::{FileCatalogs, wire};
use tempfile::TempDir;

use crate::sample;

fn place(folder: &Path, id: &str) -> PathBuf {
    folder.join("resellers").join(format!("{id}.json"))
}

fn put(folder: &Path, catalog: &ResellerCatalog) {
    let text = wire::write_reseller(catalog);
    fs::write(place(folder, catalog.reseller.as_str()), text).unwrap();
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("resellers")).unwrap();
    put(folder.path(), &sample::reseller("R-1"));
    folder
}

fn source(folder: &TempDir) -> FileCatalogs {
    FileCatalogs::new(folder.path().to_owned())
}

fn key() -> StepKey {
    "key".into()
}

fn changed(mut catalog: ResellerCatalog) -> ResellerCatalog {
    catalog.plans.get_mut(&"gold".into()).unwrap().name.push_str(" plus");
    catalog
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path().join("resellers")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_is_replaced_is_read_and_nothing_lies_beside_it() {
    let folder = folder();
    let source = source(&folder);
    let id = ResellerId::new("R-1");
    let read = source.reseller(&id).await.unwrap();
    assert_eq!(read.value, sample::reseller("R-1"));
    let next = changed(read.value);
    let version = source.replace(&next, &read.version, &key()).await.unwrap();
    let now = source.reseller(&id).await.unwrap();
    assert_eq!((now.value, now.version), (next.clone(), version));
    assert_eq!(fs::read(place(folder.path(), "R-1")).unwrap(), wire::write_reseller(&next));
    assert_eq!(names(&folder), ["R-1.json"]);
}

#[tokio::test]
async fn a_catalog_that_somebody_changed_stays_as_it_is() {
    let folder = folder();
    let source = source(&folder);
    let id = ResellerId::new("R-1");
    let read = source.reseller(&id).await.unwrap();
    let path = place(folder.path(), "R-1");
    // A space is a change: what it means is for a person to see in a new preview.
    let theirs = [fs::read(&path).unwrap(), b" ".to_vec()].concat();
    fs::write(&path, &theirs).unwrap();
    let refused = source.replace(&changed(read.value.clone()), &read.version, &key()).await.unwrap_err();
    assert_eq!(refused, ReplaceError::Moved);
    assert_eq!(fs::read(&path).unwrap(), theirs);
    fs::remove_file(&path).unwrap();
    let gone = source.replace(&changed(read.value), &read.version, &key()).await.unwrap_err();
    assert_eq!(gone, ReplaceError::NotWritten(CatalogError::NoReseller(id)));
    assert_eq!(names(&folder), [""; 0]);
}

#[tokio::test]
async fn of_many_at_once_one_is_written_and_the_others_see_it() {
    let folder = folder();
    let source = std::sync::Arc::new(source(&folder));
    let read = source.reseller(&"R-1".into()).await.unwrap();
    let tries = (0..8).map(|n| {
        let (source, version) = (source.clone(), read.version.clone());
        let mut next = read.value.clone();
        next.plans.get_mut(&"gold".into()).unwrap().name = format!("Gold {n}");
        tokio::spawn(async move { source.replace(&next, &version, &key()).await })
    });
    let mut written = 0;
    for done in tries.collect::<Vec<_>>() {
        match done.await.unwrap() {
            Ok(_) => written += 1,
            Err(error) => assert_eq!(error, ReplaceError::Moved),
        }
    }
    assert_eq!(written, 1);
}

/// A power cut after the first byte, in the middle, or just before the swap leaves something beside; the old text counts.
#[tokio::test]
async fn a_power_cut_before_the_swap_leaves_the_old_text() {
    let old = wire::write_reseller(&sample::reseller("R-1"));
    let next = changed(sample::reseller("R-1"));
    let new = wire::write_reseller(&next);
    for cut in [0, 1, new.len() / 2, new.len()] {
        let folder = folder();
        fs::write(folder.path().join("resellers/R-1.json.new"), &new[..cut]).unwrap();
        let source = source(&folder);
        let read = source.reseller(&"R-1".into()).await.unwrap();
        assert_eq!(read.version, wire::version(&old), "cut at {cut}");
        // Taken up again, it goes through, and what was begun is gone.
        source.replace(&next, &read.version, &key()).await.unwrap();
        assert_eq!(source.reseller(&"R-1".into()).await.unwrap().value, next);
        assert_eq!(names(&folder), ["R-1.json"]);
    }
}

#[tokio::test]
async fn where_the_new_text_cannot_be_put_down_nothing_is_written() {
    let folder = folder();
    let source = source(&folder);
    let read = source.reseller(&"R-1".into()).await.unwrap();
    let before = fs::read(place(folder.path(), "R-1")).unwrap();
    // Something is in the way of the text beside.
    fs::create_dir_all(folder.path().join("resellers/R-1.json.new/in-the-way")).unwrap();
    let failed = source.replace(&changed(read.value), &read.version, &key()).await.unwrap_err();
    assert!(matches!(&failed, ReplaceError::NotWritten(error) if error.is_retriable()), "{failed}");
    assert_eq!(fs::read(place(folder.path(), "R-1")).unwrap(), before);
}

#[tokio::test]
async fn no_id_leads_out_of_the_folder() {
    let folder = folder();
    fs::write(folder.path().join("provider.json"), "{\"format\": \"counterfoil-catalog/1\"}").unwrap();
    let source = source(&folder);
    let secret = folder.path().join("secret.json");
    for id in
        ["../provider", "..", ".", "", "/etc/passwd", "a/../../secret", "..\\secret", "R-1.json/../../secret", "nul\0"]
    {
        fs::write(&secret, wire::write_reseller(&sample::reseller(id))).unwrap();
        let id = ResellerId::new(id);
        assert_eq!(source.reseller(&id).await.unwrap_err(), CatalogError::NoReseller(id.clone()));
        let stray = sample::reseller(id.as_str());
        let refused = source.replace(&stray, &CatalogVersion::new("v"), &key()).await.unwrap_err();
        assert_eq!(refused, ReplaceError::NotWritten(CatalogError::NoReseller(id)));
    }
    assert_eq!(names(&folder), ["R-1.json"]);
    // And what such an id does name is its own file.
    let odd = sample::reseller("a/../b é");
    fs::write(place(folder.path(), "a%2F%2E%2E%2Fb%20%C3%A9"), wire::write_reseller(&odd)).unwrap();
    assert_eq!(source.reseller(&odd.reseller).await.unwrap().value, odd);
}

#[tokio::test]
async fn what_cannot_be_read_names_its_file() {
    let folder = folder();
    let source = source(&folder);
    let said = source.provider().await.unwrap_err().to_string();
    assert!(said.contains("provider.json: there is no such file"), "{said}");
    for (file, text, part) in [
        ("provider.json", "{\"format\": \"x\"}", "names the format \"x\""),
        ("resellers.json", "[{\"reseller\": \"R-1\"}]", "missing field `template`"),
        ("resellers.json", "[{\"reseller\": \"\", \"template\": \"t\"}]", "0/reseller: an id cannot be empty"),
        ("resellers.json", "[{\"reseller\": \"R\", \"template\": \"t\", \"up\": 1}]", "unknown field `up`"),
        ("resellers/R-2.json", "", "EOF while parsing"),
    ] {
        fs::write(folder.path().join(file), text).unwrap();
        let error = match file {
            "provider.json" => source.provider().await.unwrap_err(),
            "resellers.json" => source.resellers().await.unwrap_err(),
            _ => source.reseller(&"R-2".into()).await.unwrap_err(),
        };
        let said = error.to_string();
        assert!(said.contains(file) && said.contains(part), "{said}");
        assert!(!error.is_retriable(), "{said}");
    }
    fs::copy(place(folder.path(), "R-1"), place(folder.path(), "R-3")).unwrap();
    let other = source.reseller(&"R-3".into()).await.unwrap_err().to_string();
    assert!(other.contains("it is the catalog of \"R-1\", not of \"R-3\""), "{other}");
}

#[tokio::test]
async fn the_list_says_who_is_served_by_whom() {
    let folder = folder();
    let rows =
        "[{\"reseller\": \"a\", \"template\": \"t\"}, {\"reseller\": \"b\", \"upstream\": \"a\", \"template\": \"u\"}]";
    fs::write(folder.path().join("resellers.json"), rows).unwrap();
    let nodes = source(&folder).resellers().await.unwrap();
    assert_eq!(nodes.len(), 2);
    assert_eq!(nodes[0].upstream, Upstream::Provider);
    assert_eq!(nodes[1].upstream, Upstream::Reseller("a".into()));
}
