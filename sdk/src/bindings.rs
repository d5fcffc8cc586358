//! The contract as wit-bindgen sees it: raw records, imports and export traits.
//!
//! Owns nothing but the generated code. Plugin authors do not use it: `convert` turns these records into the
//! types of this crate once, at the door, and `target!` wires the exports.

wit_bindgen::generate!({
    path: "../wit/target",
    world: "target",
    pub_export_macro: true,
    export_macro_name: "export_raw",
    // The export macro is expanded in the plugin's crate; these two make it name this crate from there.
    default_bindings_module: "counterfoil_sdk::bindings",
    runtime_path: "::counterfoil_sdk::wit_bindgen::rt",
});
