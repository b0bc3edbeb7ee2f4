#![no_main]
bal_fuzz::target!("cifar_pickle");
