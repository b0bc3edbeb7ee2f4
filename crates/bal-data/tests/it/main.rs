//! Tests of whole paths through the crate: downloads, the preparation of GTSRB, the published data.

mod download;
mod download_faults;
mod download_support;
mod fetch_gtsrb;
mod gtsrb;
mod hostile_zips;
mod published;
mod support;
mod zips;
