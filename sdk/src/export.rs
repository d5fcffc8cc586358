//! The export macro: the one line that makes a crate a plugin.
//!
//! Owns the wiring from the component's exports to [`Target`](crate::Target). Outside the sandbox it expands to a check
//! that the type is a target, so that a plugin can also be linked into tests and benchmarks, several at a time.

/// Exports a type as the target of this component. The type implements [`Target`](crate::Target) and
/// [`Default`]; a fresh value is made for every call.
///
/// ```
/// # use counterfoil_sdk::*;
/// #[derive(Debug, Default)]
/// struct Acme;
/// # impl Target for Acme {
/// #     fn probe(&self, _: &mut dyn Remote) -> Result<Account, Failure> { Err(Failure::unsupported("x", "x")) }
/// #     fn search(&self, _: &mut dyn Remote, _: &str, _: &str, _: Option<&str>) -> Result<EntityPage, Failure> { Ok(EntityPage::default()) }
/// #     fn get(&self, _: &mut dyn Remote, _: &str, _: &[String]) -> Result<Vec<Entity>, Failure> { Ok(Vec::new()) }
/// #     fn create(&self, _: &mut dyn Remote, _: &str, _: &Draft) -> Result<Entity, Failure> { Err(Failure::unsupported("x", "x")) }
/// #     fn plan(&self, _: &mut dyn Remote, _: &[Job]) -> Vec<Result<Plan, Failure>> { Vec::new() }
/// #     fn apply(&self, _: &mut dyn Remote, _: &[Plan]) -> Vec<Result<Receipt, Failure>> { Vec::new() }
/// #     fn locate(&self, _: &mut dyn Remote, _: &Plan, _: &str) -> Result<Located, Failure> { Ok(Located::Absent) }
/// #     fn observe(&self, _: &mut dyn Remote, _: &[Receipt]) -> Vec<Result<Observation, Failure>> { Vec::new() }
/// # }
/// counterfoil_sdk::target!(Acme);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! target {
    ($target:ty) => {
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            const fn is_target<T: $crate::Target + ::core::default::Default>() {}
            is_target::<$target>();
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::counterfoil::target::types::Failure;
            use $crate::bindings::exports::counterfoil::target::{connection, directory, documents};
            use $crate::door;
            use $crate::guest::Guest;

            // Says which contract the plugin was built for, in the core module inside the component, so that a host can
            // name the mismatch instead of listing types. Sound: a plain byte array that nothing refers to.
            #[used]
            #[unsafe(link_section = "counterfoil:contract")]
            static CONTRACT: [u8; $crate::CONTRACT.len()] = $crate::CONTRACT;

            struct Exported;

            fn target() -> $target {
                <$target as ::core::default::Default>::default()
            }

            impl connection::Guest for Exported {
                fn probe() -> Result<connection::Account, Failure> {
                    door::probe(&target(), &mut Guest)
                }
            }

            impl directory::Guest for Exported {
                fn search(kind: String, query: String, cursor: Option<String>) -> Result<directory::Page, Failure> {
                    door::search(&target(), &mut Guest, &kind, &query, cursor.as_deref())
                }
                fn get(kind: String, ids: Vec<String>) -> Result<Vec<directory::Entity>, Failure> {
                    door::get(&target(), &mut Guest, &kind, &ids)
                }
                fn create(kind: String, draft: directory::Draft) -> Result<directory::Entity, Failure> {
                    door::create(&target(), &mut Guest, &kind, draft)
                }
                fn revise(kind: String, id: String, draft: directory::Draft) -> Result<directory::Entity, Failure> {
                    door::revise(&target(), &mut Guest, (&kind, &id), draft)
                }
            }

            impl documents::Guest for Exported {
                fn plan(jobs: Vec<documents::Job>) -> Vec<Result<documents::Proposal, Failure>> {
                    door::plan(&target(), &mut Guest, jobs)
                }
                fn apply(plans: Vec<documents::Proposal>) -> Vec<Result<documents::Receipt, Failure>> {
                    door::apply(&target(), &mut Guest, plans)
                }
                fn locate(plan: documents::Proposal, change_key: String) -> Result<documents::Located, Failure> {
                    door::locate(&target(), &mut Guest, plan, &change_key)
                }
                fn observe(receipts: Vec<documents::Receipt>) -> Vec<Result<documents::Observation, Failure>> {
                    door::observe(&target(), &mut Guest, receipts)
                }
            }

    $crate::bindings::export_raw!(Exported with_types_in $crate::bindings);
        };
    };
}
