//! `bal init`: an experiment file to begin with, every setting explained.

use crate::{
    args::{Init, usage},
    console::print,
    experiment::{Experiment, Origin},
    explain::shown,
    meanings,
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// Writes the experiment of a method, and beside it the one that it starts from.
pub(crate) fn init(flags: &Init) -> Result<()> {
    let file = format!("mnist-{}.toml", flags.method);
    if !Experiment::names().any(|name| name == file) {
        let known: Vec<String> = Experiment::names()
            .filter_map(|name| Some(name.strip_prefix("mnist-")?.strip_suffix(".toml")?.to_string()))
            .collect();
        return Err(usage(format!("--method {}: known are {}", flags.method, known.join(", "))));
    }
    let experiment = Experiment::read(&Origin::BuiltIn, &file, &flags.set, None)?;
    let mut experiment = match flags.images.named()? {
        Some((dataset, images)) => experiment.on(&dataset, images, &flags.machine)?,
        None => experiment,
    };
    let path = flags.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.toml", experiment.name)));
    let mut files = Vec::new();
    if let Some((mut first, _)) = experiment.start_experiment(&Origin::BuiltIn)? {
        let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let name = format!("{stem}-start.toml");
        first.name = format!("{stem}-start");
        files.push((path.with_file_name(&name), commented(&first)?));
        if let Some(start) = &mut experiment.start {
            start.experiment = name.into();
        }
    }
    files.push((path.clone(), commented(&experiment)?));
    if let Some((there, _)) = files.iter().find(|(file, _)| file.exists()) {
        bail!("{} exists; give another --out, or remove it", there.display());
    }
    for (file, text) in &files {
        write(file, text)?;
    }
    print(&format!("{}", path.display()));
    Ok(())
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
        if let Some(meaning) = meanings::of(&key(name)) {
            let unit = if meaning.unit.is_empty() { String::new() } else { format!(" [{}]", meaning.unit) };
            lines.push(format!("# {}{unit}", meaning.text));
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

/// Writes a new file, whole or not at all.
fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let context = || format!("cannot write {}", path.display());
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(context)?;
    file.write_all(text.as_bytes()).with_context(context)?;
    #[cfg(unix)]
    {
        // Temporary files are private; experiments are as open as any other.
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).with_context(context)?;
    }
    file.persist_noclobber(path).with_context(context)?;
    Ok(())
}
