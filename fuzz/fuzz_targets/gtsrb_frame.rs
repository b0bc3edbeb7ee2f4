#![no_main]
bal_fuzz::target!("gtsrb_frame");
