#![no_main]
bal_fuzz::target!("class_names");
