//! Options as they are named on the command line.

use anyhow::{Result, bail};
use counterfoil_domain::catalog::{OptionGroup, Options, SyncOption};

/// Names as `catalog options` prints them, a group's name for all of it, or `all`.
pub(super) fn options(names: &[String]) -> Result<Options> {
    let mut chosen = Options::NONE;
    for name in names {
        if name == "all" {
            chosen = Options::all();
        } else if let Some(option) = SyncOption::parse(name) {
            chosen = chosen.with(option);
        } else if let Some(group) = OptionGroup::parse(name) {
            let of_group = SyncOption::ALL.iter().filter(|option| option.group() == group);
            chosen = of_group.fold(chosen, |chosen, option| chosen.with(*option));
        } else {
            bail!("there is no option \"{name}\"{}. `counterfoil catalog options` lists them", meant(name));
        }
    }
    Ok(chosen)
}

fn meant(name: &str) -> String {
    let groups = OptionGroup::ALL.iter().map(|group| group.name());
    let all = SyncOption::ALL.iter().map(|option| option.name()).chain(groups);
    let near = all.map(|known| (strsim::jaro_winkler(name, known), known)).filter(|(alike, _)| *alike > 0.8);
    let nearest = near.max_by(|a, b| a.0.total_cmp(&b.0));
    nearest.map(|(_, known)| format!("; did you mean \"{known}\"?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_groups_and_all() {
        let read = |names: &[&str]| options(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(&[]).unwrap(), Options::NONE);
        assert_eq!(read(&["all"]).unwrap(), Options::all());
        assert_eq!(read(&["update-plan-fees"]).unwrap(), Options::NONE.with(SyncOption::UpdateFees));
        assert_eq!(read(&["synchronize-plan-resources", "update-plan-fees"]).unwrap().iter().count(), 5);
        let told = read(&["update-plan-fee"]).unwrap_err().to_string();
        assert!(told.contains("did you mean \"update-plan-fees\"?"), "{told}");
    }
}
