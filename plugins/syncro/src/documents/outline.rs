//! What of a job does not need a look at Syncro.

use counterfoil_sdk::{Attributes, Failure, Job, Line, Link};

use super::mark::Tag;
use crate::settings::{Mode, Settings};
use crate::wire::Id;

/// Syncro keeps prices of lines in hundredths.
const PLACES: u32 = 2;

/// A job, checked as far as it goes by itself.
#[derive(Debug)]
pub(crate) struct Outline<'a> {
    pub(crate) job: &'a Job,
    pub(crate) settings: Settings<'a>,
    pub(crate) tag: Tag,
    pub(crate) party: Id,
    /// The recurring invoice; none in mode "invoice".
    pub(crate) schedule: Option<Id>,
}

impl<'a> Outline<'a> {
    pub(crate) fn of(job: &'a Job) -> Result<Self, Failure> {
        let settings = Settings::read(&job.settings)?;
        let currency = job.order.currency;
        if currency != settings.currency {
            return Err(Failure::rejected(
                "syncro-currency",
                format!(
                    "{} is in {currency}, and the account bills in {}. Nothing was written. Bill it elsewhere, or correct the setting currency.",
                    job.order.number, settings.currency
                ),
            ));
        }
        if currency.minor_units() != PLACES {
            return Err(Failure::unsupported(
                "syncro-currency",
                format!("Syncro keeps prices in hundredths, which {currency} does not have. Nothing was written."),
            ));
        }
        let party = job.party().ok_or_else(|| {
            Failure::rejected(
                "syncro-no-customer",
                format!("{} has no customer in Syncro. Nothing was written. Link the customer.", job.order.number),
            )
        })?;
        Ok(Self {
            job,
            settings,
            tag: Tag::of(job)?,
            party: id(party)?,
            schedule: match settings.mode {
                Mode::Schedule => Some(id(container(job)?)?),
                Mode::Invoice => None,
            },
        })
    }

    /// The product of a line.
    pub(crate) fn product(&self, line: &Line) -> Result<Id, Failure> {
        line.item.as_deref().and_then(Id::parse).ok_or_else(|| {
            Failure::rejected(
                "syncro-item",
                format!(
                    "{}, line {} ({}) has no product in Syncro. Nothing was written. Link its product, or its fee, to one.",
                    self.job.order.number, line.id, line.fee
                ),
            )
        })
    }

    /// The line that an earlier try of this task made under a key, as the host keeps it.
    pub(crate) fn stored(&self, key: &str) -> Option<Id> {
        let attributes = &self.job.attributes;
        let mut told = attributes
            .iter()
            .filter(|(name, value)| name.starts_with("stored.") && name.ends_with(".key") && *value == key);
        let place = told.next()?.0.strip_suffix(".key")?;
        attributes.filled(&format!("{place}.reference")).and_then(Id::parse)
    }

    /// What is known of an earlier try of this very task.
    pub(crate) fn was_begun(&self) -> bool {
        self.job.attributes.iter().any(|(name, _)| name.starts_with("stored."))
    }
}

/// What a job says of a line that recurs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recurs<'a> {
    pub(crate) key: &'a str,
    pub(crate) has_ended: bool,
}

/// None: the line is billed once.
pub(crate) fn recurs(line: &Line) -> Result<Option<Recurs<'_>>, Failure> {
    let told = |attributes: &'_ Attributes, name: &str| attributes.filled(name).is_some();
    match (line.attributes.filled("recurs"), line.attributes.filled("recurs.key")) {
        (Some("monthly"), Some(key)) => {
            Ok(Some(Recurs { key, has_ended: line.attributes.filled("recurs.ended") == Some("true") }))
        }
        (None, _) if !told(&line.attributes, "recurs.key") => Ok(None),
        (word, _) => Err(Failure::unsupported(
            "syncro-recurs",
            format!(
                "Line {} recurs \"{}\", which this version does not know. Nothing was written. Update the plugin.",
                line.id,
                word.unwrap_or_default()
            ),
        )),
    }
}

fn container(job: &Job) -> Result<&Link, Failure> {
    let link = job.link("container", &job.order.subscription_id).or_else(|| {
        let mut all = job.links.iter().filter(|link| link.kind == "container");
        all.next().filter(|_| all.next().is_none())
    });
    link.ok_or_else(|| {
        Failure::rejected(
            "syncro-no-schedule",
            format!(
                "\"{}\" of {} is linked to no recurring invoice. Nothing was written. Link it to one (its template name in Syncro).",
                job.order.subscription_name, job.order.number
            ),
        )
    })
}

fn id(link: &Link) -> Result<Id, Failure> {
    Id::parse(&link.target_id).ok_or_else(|| {
        let shown = counterfoil_sdk::text::clip(&link.target_id, 40);
        Failure::rejected(
            "syncro-link",
            format!(
                "The link of the {} names \"{shown}\", which is no id of Syncro's. Nothing was written. Link it again.",
                link.kind
            ),
        )
    })
}
