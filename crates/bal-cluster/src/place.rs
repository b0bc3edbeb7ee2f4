//! Which rank a process is, and where the others are found.

use crate::ClusterError;
use std::time::Duration;

/// The place of a process among several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number, from 0.
    pub rank: usize,
    /// How many there are.
    pub size: usize,
    /// Where the store is: the machine of rank 0.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether a launcher has made the store, as `torchrun` does. Else rank 0 makes it.
    pub is_served: bool,
    /// The number of the attempt, of a launcher that starts ranks again.
    pub attempt: String,
    /// The network interface by which the others reach this rank; without one the address of the route to the store.
    pub interface: Option<String>,
    /// How long ranks wait for a sign of life of another, for all to join, and for one transfer.
    pub timeout: Duration,
}

/// `BAL_RANK_TIMEOUT` where it is not set.
const TIMEOUT: Duration = Duration::from_mins(1);

/// What launchers call the rank and the number of ranks, the surest first: `mpirun` may itself be a task of Slurm. Only
/// those of PyTorch mean this alone: the others are there for any program that is started several times.
const NAMES: [[&str; 2]; 4] = [
    ["RANK", "WORLD_SIZE"],
    ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"],
    ["PMI_RANK", "PMI_SIZE"],
    ["SLURM_PROCID", "SLURM_NTASKS"],
];

const MASTER: [&str; 2] = ["MASTER_ADDR", "MASTER_PORT"];

impl Place {
    /// The place that the environment names; `None` for a process that is alone.
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `RANK`, `WORLD_SIZE` | of `torchrun`, or set by hand |
    /// | `OMPI_COMM_WORLD_RANK`, `OMPI_COMM_WORLD_SIZE` | of Open MPI |
    /// | `PMI_RANK`, `PMI_SIZE` | of MPICH and Intel MPI |
    /// | `SLURM_PROCID`, `SLURM_NTASKS` | of `srun` |
    /// | `MASTER_ADDR`, `MASTER_PORT` | machine and port of rank 0. Without them the variables of MPI and Slurm mean processes that have nothing to do with each other |
    /// | `TORCHELASTIC_USE_AGENT_STORE`, `TORCHELASTIC_RESTART_COUNT` | of `torchrun` |
    /// | `GLOO_SOCKET_IFNAME` | the network interface to use |
    /// | `BAL_RANK_TIMEOUT` | seconds until a silent rank is lost; 60 unless set |
    ///
    /// # Errors
    /// [`ClusterError::Environment`] when only a part of the variables is there, or one says what cannot be.
    pub fn from_environment() -> Result<Option<Self>, ClusterError> {
        Self::of(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// The same where `variable` knows the variables.
    fn of(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, ClusterError> {
        let [address, port] = MASTER.map(variable);
        let has_master = address.is_some() || port.is_some();
        let found = NAMES.into_iter().enumerate().find_map(|(launcher, names)| {
            let values = names.map(variable);
            let counts = launcher == 0 || has_master;
            (counts && values.iter().any(Option::is_some)).then_some((names, values))
        });
        let Some((names, values)) = found else { return Ok(None) };
        let [Some(rank), Some(size)] = values else {
            let (there, missing) = if values[0].is_some() { (0, 1) } else { (1, 0) };
            return Err(half(names[there], names[missing]));
        };
        let rank: usize = number(names[0], &rank)?;
        let size: usize = number(names[1], &size)?;
        if rank >= size {
            let fault = format!("{} = {rank}, and {} = {size}: ranks are counted from 0", names[0], names[1]);
            return Err(ClusterError::Environment(fault));
        }
        if size == 1 {
            return Ok(None);
        }
        let (host, port) = match (address, port) {
            (Some(host), Some(port)) => (host, number(MASTER[1], &port)?),
            (Some(_), None) => return Err(half(MASTER[0], MASTER[1])),
            (None, Some(_)) => return Err(half(MASTER[1], MASTER[0])),
            (None, None) => return Err(half(names[1], MASTER[0])),
        };
        let timeout =
            variable("BAL_RANK_TIMEOUT").map(|text| number("BAL_RANK_TIMEOUT", &text)).transpose()?;
        if timeout == Some(0) {
            return Err(ClusterError::Environment(
                "BAL_RANK_TIMEOUT = 0: at least 1 second is needed".into(),
            ));
        }
        Ok(Some(Self {
            rank,
            size,
            host,
            port,
            is_served: variable("TORCHELASTIC_USE_AGENT_STORE").is_some_and(|it| it == "True"),
            attempt: variable("TORCHELASTIC_RESTART_COUNT").unwrap_or_else(|| "0".into()),
            interface: variable("GLOO_SOCKET_IFNAME"),
            timeout: timeout.map_or(TIMEOUT, Duration::from_secs),
        }))
    }

    /// Address and port of the store.
    pub(crate) fn master(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

fn half(there: &str, missing: &str) -> ClusterError {
    ClusterError::Environment(format!(
        "{there} is set, and {missing} is not; several ranks need a rank, their number, MASTER_ADDR and MASTER_PORT, and one \
         process needs none of them"
    ))
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, ClusterError> {
    let fault = |_| ClusterError::Environment(format!("{name} = {value} is no number that it can have"));
    value.trim().parse().map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Option<Place>, ClusterError> {
        Place::of(&|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into())
        })
    }

    const HERE: [(&str, &str); 2] = [("MASTER_ADDR", "node1"), ("MASTER_PORT", "29500")];

    #[test]
    fn every_launcher_names_the_same_place() {
        for names in NAMES {
            let place = of(&[&[(names[0], "2"), (names[1], "3")], &HERE[..]].concat()).unwrap().unwrap();
            assert_eq!((place.rank, place.size, &*place.host, place.port), (2, 3, "node1", 29500));
            assert_eq!((place.is_served, place.timeout), (false, TIMEOUT));
        }
    }

    #[test]
    fn the_first_launcher_counts_where_one_runs_within_another() {
        let slurm = [("SLURM_PROCID", "0"), ("SLURM_NTASKS", "2")];
        let mpi = [("OMPI_COMM_WORLD_RANK", "3"), ("OMPI_COMM_WORLD_SIZE", "4")];
        let place = of(&[&slurm[..], &mpi, &HERE].concat()).unwrap().unwrap();
        assert_eq!((place.rank, place.size), (3, 4));
    }

    #[test]
    fn a_process_is_alone_without_variables_and_in_a_world_of_one() {
        assert_eq!(of(&[]).unwrap(), None);
        assert_eq!(of(&HERE).unwrap(), None);
        assert_eq!(of(&[("RANK", "0"), ("WORLD_SIZE", "1")]).unwrap(), None);
        // Programs that have nothing to do with each other are started so too.
        assert_eq!(of(&[("SLURM_PROCID", "1"), ("SLURM_NTASKS", "4")]).unwrap(), None);
        assert_eq!(of(&[("SLURM_NTASKS", "4")]).unwrap(), None);
    }

    #[test]
    fn torchrun_brings_its_store_and_the_number_of_the_attempt() {
        let torchrun = [
            ("RANK", "0"),
            ("WORLD_SIZE", "2"),
            ("TORCHELASTIC_USE_AGENT_STORE", "True"),
            ("TORCHELASTIC_RESTART_COUNT", "3"),
            ("GLOO_SOCKET_IFNAME", "eth1"),
            ("BAL_RANK_TIMEOUT", "7"),
        ];
        let place = of(&[&torchrun[..], &HERE].concat()).unwrap().unwrap();
        assert!(place.is_served);
        assert_eq!((&*place.attempt, place.interface.as_deref()), ("3", Some("eth1")));
        assert_eq!(place.timeout, Duration::from_secs(7));
    }

    #[test]
    fn half_a_set_of_variables_is_refused_by_name() {
        for (variables, names) in [
            (&[("RANK", "0")][..], ["RANK", "WORLD_SIZE"]),
            (&[("WORLD_SIZE", "2")], ["WORLD_SIZE", "RANK"]),
            (&[("RANK", "0"), ("WORLD_SIZE", "2")], ["WORLD_SIZE", "MASTER_ADDR"]),
            (&[("RANK", "0"), ("WORLD_SIZE", "2"), HERE[0]], ["MASTER_ADDR", "MASTER_PORT"]),
            (&[("RANK", "0"), ("WORLD_SIZE", "2"), HERE[1]], ["MASTER_PORT", "MASTER_ADDR"]),
            (&[("PMI_RANK", "0"), HERE[0], HERE[1]], ["PMI_RANK", "PMI_SIZE"]),
        ] {
            let error = of(variables).unwrap_err().to_string();
            let start = format!("{} is set, and {} is not", names[0], names[1]);
            assert!(error.starts_with(&start), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (variables, fault) in [
            ([("RANK", "2"), ("WORLD_SIZE", "2")], "counted from 0"),
            ([("RANK", "-1"), ("WORLD_SIZE", "2")], "RANK = -1"),
            ([("RANK", "0"), ("WORLD_SIZE", "0")], "counted from 0"),
            ([("RANK", "0"), ("WORLD_SIZE", "two")], "WORLD_SIZE = two"),
        ] {
            let error = of(&[&variables[..], &HERE].concat()).unwrap_err().to_string();
            assert!(error.contains(fault), "{error}");
        }
        let port = [("RANK", "0"), ("WORLD_SIZE", "2"), HERE[0], ("MASTER_PORT", "99999")];
        assert!(of(&port).unwrap_err().to_string().contains("MASTER_PORT = 99999"));
    }
}
