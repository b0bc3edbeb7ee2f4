#![no_main]
bal_fuzz::target!("exported");
