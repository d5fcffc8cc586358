//! `plugin replay`: the recorded plan calls of a run, played back to a component without a network. Owns finding recordings and
//! component, and what is printed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use counterfoil_domain::failure::Failure;
use counterfoil_domain::id::PluginDigest;
use counterfoil_domain::plan::Plan;
use counterfoil_runtime::component::{self, Package};
use counterfoil_runtime::recording::{MOST_BYTES, Recording, Replayed, replay};
use counterfoil_runtime::registry::Kept;
use serde_json::{Value, json};

use super::args::ReplayArgs;
use crate::cli::show;
use crate::config::Config;
use crate::exit::Exit;
use crate::recording::of_run;

pub(super) async fn run(args: &ReplayArgs) -> Result<Exit> {
    let given = args.component.as_deref().map(component_of).transpose()?;
    let mut same = true;
    let mut objects = Vec::new();
    for file in recordings(args)? {
        let recording = read(&file)?;
        let package = match &given {
            Some(package) => package.clone(),
            None => kept(args, &recording.origin.digest)?,
        };
        let replayed =
            replay(&recording, &package).await.with_context(|| format!("{} was not played back", file.display()))?;
        same &= replayed.same;
        if args.json {
            objects.push(object(&file, &recording, &package, &replayed));
        } else {
            show::print(&super::swap::show_lines(&text(&file, &recording, &package, &replayed)))?;
        }
    }
    if args.json {
        show::json(&Value::Array(objects))?;
    }
    Ok(if same { Exit::Done } else { Exit::NotAll })
}

fn component_of(file: &Path) -> Result<Package> {
    component::read(&super::inspect::bytes_of(file)?).with_context(|| format!("{} is refused", file.display()))
}

/// A file of one call, or all of a run that this service recorded.
fn recordings(args: &ReplayArgs) -> Result<Vec<PathBuf>> {
    let file = Path::new(&args.run);
    if file.is_file() {
        return Ok(vec![file.to_owned()]);
    }
    let folder = Config::load(&args.config)?.recordings();
    let found = of_run(&folder, &args.run).unwrap_or_default();
    if found.is_empty() {
        bail!(
            "no plan call of {} is recorded in {}. Nothing was played back. Name its connection in the configuration, record = [\"CONNECTION\"], start the service again and plan",
            args.run,
            folder.display()
        );
    }
    Ok(found)
}

fn read(file: &Path) -> Result<Recording> {
    let told = || format!("{} cannot be played back", file.display());
    let size = file.metadata().with_context(told)?.len();
    if size > MOST_BYTES {
        bail!("{} has {size} bytes, and a recording at most {MOST_BYTES}", file.display());
    }
    Recording::parse(&std::fs::read_to_string(file).with_context(told)?).with_context(told)
}

/// The version that was asked then.
fn kept(args: &ReplayArgs, digest: &str) -> Result<Package> {
    let folder = Config::load(&args.config)?.versions();
    let kept = Kept::open(&folder).with_context(|| format!("the folder {} cannot be used", folder.display()))?;
    kept.get(&PluginDigest::new(digest)).context("the version that was recorded is not at hand. Give --component FILE")
}

fn text(file: &Path, recording: &Recording, package: &Package, replayed: &Replayed) -> String {
    let (origin, mut out) = (&recording.origin, String::new());
    let other = if package.digest.as_str() == origin.digest { "the same component" } else { "another component" };
    let _ = writeln!(out, "{}", file.display());
    let _ = writeln!(
        out,
        "  run {} of {}, {} {} at {}: {} jobs, {} calls; played back to {other} ({} {})",
        origin.run,
        origin.connection,
        origin.plugin,
        origin.version,
        origin.at.format("%Y-%m-%d %H:%M:%S UTC"),
        recording.jobs(),
        recording.calls(),
        package.card.version,
        package.digest
    );
    if recording.left_out() > 0 {
        let _ = writeln!(out, "  {} calls had no room in the recording", recording.left_out());
    }
    if let Some(report) = &replayed.report {
        let mib = report.peak_memory.div_ceil(1024 * 1024);
        let _ = writeln!(out, "  {} reads, {} ms, {mib} MiB", report.reads, report.elapsed.as_millis());
        for line in &report.log {
            let fields: Vec<String> = line.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = writeln!(out, "  log {}: {} {}", line.level.name(), line.message, fields.join(" "));
        }
        for line in report.printed.lines() {
            let _ = writeln!(out, "  printed: {line}");
        }
    }
    match &replayed.answers {
        Ok(answers) => answers.iter().for_each(|answer| told(&mut out, answer)),
        Err(error) => {
            let _ = writeln!(out, "  the call gave no answer: {error}");
        }
    }
    for asked in &replayed.asked_in_vain {
        let _ = writeln!(out, "  asked, and not in the recording: {asked}");
    }
    for asked in &replayed.not_asked {
        let _ = writeln!(out, "  in the recording, and not asked: {asked}");
    }
    let _ = writeln!(out, "  {}\n", if replayed.same { "the same as then" } else { "NOT the same as then" });
    out
}

fn told(out: &mut String, answer: &Result<Plan, Failure>) {
    let plan = match answer {
        Ok(plan) => plan,
        Err(failure) => {
            let _ = writeln!(out, "  failure {} ({}): {}", failure.class.name(), failure.code, failure.message);
            return;
        }
    };
    let _ = writeln!(out, "  plan of {}", plan.task);
    for change in &plan.changes {
        let _ = writeln!(out, "    {} {} [{}] {}", change.action.name(), change.title, change.key, change.total);
        for field in &change.fields {
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
            let _ = writeln!(out, "      {}: {} → {}", field.name, shown(&field.before), shown(&field.after));
        }
        for line in &change.lines {
            let _ =
                writeln!(out, "      {} × {} = {}  {}", line.quantity, line.unit_price, line.bills, line.description);
        }
    }
    for omission in &plan.left_out {
        let _ = writeln!(out, "    left out {}: {}", omission.line, omission.why);
    }
    for note in &plan.notes {
        let _ = writeln!(out, "    note: {note}");
    }
}

fn object(file: &Path, recording: &Recording, package: &Package, replayed: &Replayed) -> Value {
    let origin = &recording.origin;
    let answers = replayed.answers.as_ref().map(|answers| {
        let one = |answer: &Result<Plan, Failure>| match answer {
            Ok(plan) => json!({
                "task": plan.task.as_str(),
                "changes": plan.changes.iter().map(|change| json!({
                    "key": change.key.as_str(), "action": change.action.name(), "title": change.title,
                    "total": change.total.to_string(),
                })).collect::<Vec<_>>(),
            }),
            Err(failure) => json!({ "class": failure.class.name(), "code": failure.code, "message": failure.message }),
        };
        answers.iter().map(one).collect::<Vec<_>>()
    });
    let report = replayed.report.as_ref();
    let log = report.map(|report| {
        let line = |line: &counterfoil_runtime::sandbox::LogLine| {
            json!({ "level": line.level.name(), "message": line.message, "fields": line.fields })
        };
        report.log.iter().map(line).collect::<Vec<_>>()
    });
    json!({
        "file": file.display().to_string(), "run": origin.run, "connection": origin.connection, "plugin": origin.plugin,
        "recorded": origin.digest, "played": package.digest.as_str(), "same": replayed.same,
        "answers": answers.as_ref().ok(), "stopped": answers.as_ref().err().map(ToString::to_string), "log": log,
        "printed": report.map(|report| &report.printed), "not_recorded": replayed.asked_in_vain,
        "not_asked": replayed.not_asked,
    })
}
