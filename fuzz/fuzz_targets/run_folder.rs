#![no_main]
bal_fuzz::target!("run_folder");
