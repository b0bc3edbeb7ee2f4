//! `bal init`: an experiment file to begin with, every setting explained.

use crate::{
    args::{Init, METHOD, usage},
    explain::shown,
    output,
    session::session,
};
use anyhow::{Context, Result, bail};
use bal::{Experiment, ExperimentRequest, Origin};
use bal_files::{Place, place};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Writes the experiment of a method, and beside it the one that it starts from.
pub(crate) fn init(flags: &Init) -> Result<()> {
    let mut experiment = asked_for(flags)?;
    let path = flags.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.toml", experiment.name)));
    output::can_be_written([path.as_path()])?;
    let mut files = Vec::new();
    let starts = experiment.start_experiments(&Origin::BuiltIn)?;
    if !starts.is_empty() {
        if output::file(&path).is_none() {
            return Err(usage(format!(
                "--out {}: {} starts from another experiment, whose file goes beside its own; name a file",
                path.display(),
                flags.method
            )));
        }
        let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let several = starts.len() > 1;
        let mut named = Vec::new();
        for (place, (mut first, _)) in starts.into_iter().enumerate() {
            first.name = if several { format!("{stem}-start-{place}") } else { format!("{stem}-start") };
            let name = PathBuf::from(format!("{}.toml", first.name));
            files.push((path.with_file_name(&name), commented(&first)?));
            named.push(name);
        }
        experiment.start_from(named);
    }
    files.push((path.clone(), commented(&experiment)?));
    // What a killed one left is not made again, and stands in nobody's way.
    files.retain(|(file, text)| {
        output::file(file).is_none() || std::fs::read(file).ok().as_deref() != Some(text.as_bytes())
    });
    let is_taken = |file: &Path| file.symlink_metadata().is_ok() && output::file(file).is_some();
    if let Some((there, _)) = files.iter().find(|(file, _)| is_taken(file)) {
        bail!("{} exists; give another --out, or remove it", there.display());
    }
    output::can_be_written(files.iter().map(|(file, _)| file.as_path()))?;
    for (written, (file, text)) in files.iter().enumerate() {
        write(file, text).inspect_err(|_| {
            // What was just made is of no use without the other.
            for (made, _) in &files[..written] {
                let _ = std::fs::remove_file(made);
            }
        })?;
    }
    output::written(&path);
    Ok(())
}

/// The built-in experiment of a method, or that of tables, on the data that the flags name.
fn asked_for(flags: &Init) -> Result<Experiment> {
    if let Some(table) = flags.images.table() {
        if flags.method != METHOD {
            return Err(usage(
                "--method is for images; a table has one experiment to begin with, and --set changes it",
            ));
        }
        let request = ExperimentRequest {
            changes: flags.set.clone(),
            table: Some(table),
            ..ExperimentRequest::default()
        };
        return request.experiment(&session(&flags.machine)?);
    }
    let file = format!("mnist-{}.toml", flags.method);
    if !Experiment::names().any(|name| name == file) {
        let known: Vec<String> = Experiment::names()
            .filter_map(|name| Some(name.strip_prefix("mnist-")?.strip_suffix(".toml")?.to_string()))
            .collect();
        return Err(usage(format!("--method {}: known are {}", flags.method, known.join(", "))));
    }
    let experiment = Experiment::read(&Origin::BuiltIn, &file, &flags.set, None)?;
    Ok(match flags.images.named()? {
        Some((dataset, images)) => experiment.on(&dataset, images, &session(&flags.machine)?)?,
        None => experiment,
    })
}

/// The experiment as TOML, a comment before each setting.
fn commented(experiment: &Experiment) -> Result<String> {
    let mut lines = vec![
        format!("# {}. Train it by", experiment.name),
        "#   bal train --experiment THIS_FILE".into(),
        "# Nothing has a default; what is absent means none.".into(),
    ];
    table(&Table::try_from(experiment)?, "", &mut lines);
    Ok(lines.join("\n") + "\n")
}

/// Settings of a table, then the tables in it.
fn table(settings: &Table, path: &str, lines: &mut Vec<String>) {
    let key = |name: &str| if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
    for (name, value) in settings.iter().filter(|(_, value)| !value.is_table()) {
        if let Some(meaning) = Experiment::meaning(&key(name)) {
            lines.push(format!("# {}", meaning.line()));
        }
        lines.push(format!("{name} = {}", shown(value)));
    }
    for (name, value) in settings {
        if let Value::Table(inner) = value {
            lines.push(String::new());
            lines.push(format!("[{}]", key(name)));
            table(inner, &key(name), lines);
        }
    }
}

/// Writes a new file, whole or not at all, or to what is no regular file.
fn write(path: &Path, text: &str) -> Result<()> {
    let written = match place(path) {
        Ok(Place::File(_)) => bal_files::create(path, text.as_bytes()),
        _ => bal_files::write(path, text.as_bytes()),
    };
    written.with_context(|| format!("cannot write {}", path.display()))
}
