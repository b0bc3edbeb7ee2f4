//! The samplers' tables in files.

/// A struct that is a table of a file: the given fields, and beside them a table for each sampler, of which a file has one.
///
/// `new(sampler, fields..)` makes it, with the table of `sampler` if there is one; `samplers()` are those whose tables are
/// there, for [`Sampler::only`](crate::Sampler::only). The crate that uses it needs `serde` and `schemars`.
///
/// ```
/// bal_samplers::table_with_samplers!(Moves {
///     /// Steps in a sweep.
///     steps: u64,
/// });
/// let sgld = bal_samplers::SgldSettings { step_size: bal_samplers::StepSize::Constant(0.1), temperature: 1.0 };
/// let moves = Moves::new(Some(bal_samplers::Sampler::Sgld(sgld)), 5);
/// assert_eq!((moves.steps, moves.samplers().len()), (5, 1));
/// ```
// Spelt out rather than flattened, because an error in a flattened table does not say in which key.
#[macro_export]
macro_rules! table_with_samplers {
    ($name:ident { $($fields:tt)* }) => {
        $crate::table_with_samplers!(@ $name { $($fields)* } {
            /// Stochastic gradient Langevin dynamics. Exactly one of the samplers' tables is there.
            sgld: Sgld(SgldSettings),
            /// SGLD, preconditioned as `RMSProp` is.
            psgld: Psgld(PsgldSettings),
            /// Stochastic gradient Hamiltonian Monte Carlo.
            sghmc: Sghmc(SghmcSettings),
            /// Stochastic gradient adaptive Langevin dynamics, the paper's sampler (eq. 10).
            sgadald: Sgadald(SgadaldSettings),
            /// Stochastic gradient adaptive Hamiltonian Monte Carlo.
            sgadahmc: Sgadahmc(SgadahmcSettings),
        });
    };
    (@ $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }
        { $($(#[$about:meta])* $table:ident: $sampler:ident($settings:ident),)* }) => {
        #[derive(::schemars::JsonSchema, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name {
            $($(#[$attribute])* $field: $type,)*
            $(
                $(#[$about])*
                #[serde(default, skip_serializing_if = "Option::is_none")]
                $table: Option<$crate::$settings>,
            )*
        }

        impl $name {
            #[allow(clippy::too_many_arguments, reason = "one for each field of a table")]
            fn new(sampler: Option<$crate::Sampler>, $($field: $type),*) -> Self {
                let mut table = Self { $($field,)* $($table: None,)* };
                match sampler {
                    None => {}
                    $(Some($crate::Sampler::$sampler(settings)) => table.$table = Some(settings),)*
                }
                table
            }

            fn samplers(&self) -> Vec<$crate::Sampler> {
                [$(self.$table.map($crate::Sampler::$sampler)),*].into_iter().flatten().collect()
            }
        }
    };
}
