//! `bal completions` and `bal man`: what the command line says of itself.

use crate::{
    args::{Arguments, Completions, Man},
    console::{print, write_out},
};
use anyhow::{Context, Result};
use clap::{Command, CommandFactory};

/// Prints a script that completes commands, flags and their values.
pub(crate) fn completions(flags: &Completions) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(flags.shell, &mut Arguments::command(), "bal", &mut script);
    write_out(&script).context("cannot write the completions")
}

/// Writes a page for the program and one for each command, and prints their paths.
pub(crate) fn man(flags: &Man) -> Result<()> {
    let folder = &flags.out;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut program = Arguments::command();
    program.build();
    let commands = program.get_subcommands().filter(|command| command.get_name() != "help");
    for command in commands.chain([&program]) {
        let path = folder.join(format!("{}.1", title(command)));
        bal_files::write(&path, &page(command).context("cannot make a manual page")?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        print(&path.display().to_string());
    }
    Ok(())
}

/// `bal`, `bal-train`.
fn title(command: &Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).to_string()
}

fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let version = env!("CARGO_PKG_VERSION");
    clap_mangen::Man::new(command.clone())
        .title(title(command).to_uppercase())
        .source(format!("bal {version}"))
        .render(&mut page)?;
    Ok(page)
}
