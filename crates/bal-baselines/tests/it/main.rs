//! The methods on tasks small enough to check every bit.

mod advgan;
mod architectures;
mod bal_settings;
mod data_flows;
mod data_support;
mod energies;
mod ensemble_adversarial;
mod in_one_launch;
mod laplace;
mod methods;
mod over_the_run;
mod parameter_energy;
mod presets;
mod ranks;
mod regression;
mod several_networks;
mod small;
