//! What several plans share: categories, the grouping of resources, schedules.

use super::super::change::Reason;
use super::super::delegated::{DelegatedSalesCategory, Local};
use super::super::edit::{Delta, Edit};
use super::super::held::{Cause, Note};
use super::super::id::NotificationScheduleId;
use super::super::model::NotificationSchedule;
use super::super::options::SyncOption;
use super::super::provider::DisplayPolicy;
use super::{Walk, reason_to_create};

impl Walk<'_> {
    pub(super) fn sales_categories(&mut self) {
        let keep = (self.provider.display == DisplayPolicy::Preserve).then_some(Cause::DisplayKept);
        for (id, category) in &self.provider.sales_categories {
            let (category, subject) = (*category, category.details.name.clone());
            let id = (*id).clone();
            let Some(held) = self.reseller.sales_categories.get(&id) else {
                let by = self.needs.sales_categories.get(&id).copied().unwrap_or_default();
                let reason = reason_to_create(by, SyncOption::UpdateCategories);
                let (details, display) = (category.details.clone(), Local::sent(category.display));
                let to = Delta::new(None, Some(DelegatedSalesCategory { details, display }));
                self.sink.put_by(Edit::SalesCategory { category: id, to }, reason, subject, by, None);
                continue;
            };
            if held.details != category.details {
                let to = Delta::new(held.details.clone(), category.details.clone());
                let edit = Edit::SalesCategoryDetails { category: id.clone(), to };
                self.sink.put(edit, Reason::Differs, subject.clone());
            }
            if held.display.value != category.display {
                let reason = if held.display.own { Reason::ReplacesOwn } else { Reason::Differs };
                let to = Delta::new(held.display, Local::sent(category.display));
                self.sink.put_unless(Edit::DisplayCategory { category: id, to }, reason, subject, keep);
            }
        }
    }

    pub(super) fn plan_categories(&mut self) {
        for (id, category) in &self.provider.plan_categories {
            let held = self.reseller.plan_categories.get(*id);
            if held == Some(*category) {
                continue;
            }
            let to = Delta::new(held.cloned(), Some((*category).clone()));
            let (edit, subject) = (Edit::PlanCategory { category: (*id).clone(), to }, category.name.clone());
            if held.is_some() {
                self.sink.put(edit, Reason::Differs, subject);
            } else {
                let by = self.needs.plan_categories.get(id).copied().unwrap_or_default();
                self.sink.put_by(edit, reason_to_create(by, SyncOption::UpdateCategories), subject, by, None);
            }
        }
    }

    /// Resources are the provider's alone, so their grouping does not wait for the rates that refer to them.
    pub(super) fn resource_categories(&mut self) {
        for (id, category) in &self.provider.resource_categories {
            let held = self.reseller.resource_categories.get(*id);
            if held != Some(*category) {
                let reason = if held.is_some() { Reason::Differs } else { Reason::New };
                let to = Delta::new(held.cloned(), Some((*category).clone()));
                let edit = Edit::ResourceCategory { category: (*id).clone(), to };
                self.sink.put(edit, reason, category.name.clone());
            }
        }
        for (resource, category) in &self.provider.grouping {
            let held = self.reseller.grouping.get(*resource);
            if held != *category {
                let to = Delta::new(held.cloned(), category.cloned());
                let name = self.provider.catalog.resources.get(*resource).map(|resource| resource.name.clone());
                let edit = Edit::Grouping { resource: (*resource).clone(), to };
                self.sink.put(edit, Reason::Differs, name.unwrap_or_default());
            }
        }
    }

    /// Only new ones are delegated; a change of one the reseller has is noted.
    pub(super) fn expiration_schedules(&mut self) {
        for (id, by) in &self.needs.expiration_schedules {
            let Some(schedule) = self.provider.catalog.expiration_schedules.get(*id) else { continue };
            match self.reseller.expiration_schedules.get(*id) {
                None => {
                    let to = Delta::new(None, Some(schedule.clone()));
                    let edit = Edit::ExpirationSchedule { schedule: (*id).clone(), to };
                    let reason = reason_to_create(*by, SyncOption::UpdateFees);
                    self.sink.put_by(edit, reason, schedule.name.clone(), *by, None);
                }
                Some(held) if held != schedule => {
                    self.sink.note(Note::ExpirationScheduleDiffers { name: schedule.name.clone() });
                }
                Some(_) => {}
            }
        }
    }

    pub(super) fn notification_schedules(&mut self) {
        for (id, schedule) in &self.provider.notification_schedules {
            self.hidden_templates(id, schedule);
            let held = self.reseller.notification_schedules.get(*id);
            if held == Some(*schedule) {
                continue;
            }
            let to = Delta::new(held.cloned(), Some((*schedule).clone()));
            let (edit, subject) = (Edit::NotificationSchedule { schedule: (*id).clone(), to }, schedule.name.clone());
            if held.is_some() {
                self.sink.put(edit, Reason::Differs, subject);
            } else {
                let by = self.needs.notification_schedules.get(id).copied().unwrap_or_default();
                self.sink.put_by(edit, reason_to_create(by, SyncOption::UpdateNotifications), subject, by, None);
            }
        }
    }

    fn hidden_templates(&mut self, id: &NotificationScheduleId, schedule: &NotificationSchedule) {
        let mut seen = std::collections::BTreeSet::new();
        for (_, template) in &schedule.steps {
            let hidden = self.provider.catalog.notification_templates.get(template);
            if let Some(hidden) = hidden.filter(|found| !found.visible_to_resellers && seen.insert(template)) {
                self.sink.note(Note::HiddenTemplate {
                    schedule: id.clone(),
                    schedule_name: schedule.name.clone(),
                    template: template.clone(),
                    name: hidden.name.clone(),
                });
            }
        }
    }
}
