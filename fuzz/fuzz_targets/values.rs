#![no_main]
bal_fuzz::target!("values");
