//! Tests of whole paths through the crate: downloads, the preparation of GTSRB, the published data, data of the user's own.

mod cifar;
mod cifar_download;
mod cifar_files;
mod cifar_hostile;
mod download;
mod download_faults;
mod download_support;
mod fetch_gtsrb;
mod gtsrb;
mod hostile_zips;
mod own;
mod own_export;
mod own_folders;
mod own_formats;
mod own_identity;
mod own_idx;
mod own_images;
mod own_speed;
mod own_tables;
mod published;
mod support;
mod zips;
