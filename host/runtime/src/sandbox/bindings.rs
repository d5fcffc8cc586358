//! The contract as wasmtime sees it: generated records, host traits and typed exports. Owns nothing but the
//! generated code; `convert` turns it into domain types once, at the door.

wasmtime::component::bindgen!({
    path: "../../wit/target",
    world: "target",
    imports: {
        // A log line is only noted: nothing to wait for.
        "counterfoil:target/log.event": trappable,
        default: async | trappable,
    },
    exports: { default: async },
    // Recordings of calls keep the contract's own records.
    additional_derives: [serde::Serialize, serde::Deserialize],
});
