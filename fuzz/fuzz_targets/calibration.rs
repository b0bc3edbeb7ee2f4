#![no_main]
bal_fuzz::target!("calibration");
