//! What the settings of all attacks have in common.

use crate::{Norm, Settings};
use serde::{Serialize, de::DeserializeOwned};

/// The settings of an attack, as [`settings!`] declares them.
pub(crate) trait AttackSettings: Copy + Default + Serialize + DeserializeOwned {
    /// Settings that a file may lack: they are not written where they are [`AttackSettings::absent`].
    const OPTIONAL: &'static [&'static str];

    /// What is taken where a user says nothing of a setting; `norm` where it follows from that.
    fn usual(_norm: Option<Norm>) -> Self {
        Self::default()
    }

    /// What it means where a file lacks a setting.
    fn absent(norm: Option<Norm>) -> Self {
        Self::usual(norm)
    }

    /// As records and experiments have them: without those that mean the same where they are absent.
    fn written(&self) -> Settings {
        let all = Settings::of(self);
        let absent = Settings::of(&Self::absent(all.word("norm")));
        all.only(|name, value| !Self::OPTIONAL.contains(&name) || absent.get(name) != Some(value))
    }

    /// The usual settings but for those that are said.
    fn said(said: &Settings) -> Settings {
        Settings::of(&Self::usual(said.word("norm"))).with_all(said)
    }

    /// Settings that a file has, and what those mean that it may lack.
    fn completed(said: &Settings) -> Settings {
        let absent = Settings::of(&Self::absent(said.word("norm")));
        absent.only(|name, _| Self::OPTIONAL.contains(&name)).with_all(said)
    }
}

/// Declares a struct of settings: each with its meaning, its type, and what is usual; and which of them a file may lack.
macro_rules! settings {
    ($(#[$about:meta])* $name:ident $(optional ($($optional:ident),*))? {
        $($(#[$meaning:meta])* $setting:ident: $type:ty = $usual:expr,)*
    } $($more:tt)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, schemars::JsonSchema, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$meaning])*
            #[doc = concat!("\n\nUsually `", stringify!($usual), "`.")]
            pub $setting: $type,)*
        }

        impl Default for $name {
            /// What is usual.
            fn default() -> Self {
                Self { $($setting: $usual),* }
            }
        }

        impl $crate::attack_settings::AttackSettings for $name {
            const OPTIONAL: &'static [&'static str] = &[$($(stringify!($optional)),*)?];
            $($more)*
        }
    };
}

pub(crate) use settings;
