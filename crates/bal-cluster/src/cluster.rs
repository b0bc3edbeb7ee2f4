//! The processes that work together.

use crate::{
    ClusterError, Place,
    group::{Group, Interface},
    route,
    store::Store,
    watch::{self, Watch},
};
use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// How long one question to the store waits, before it is seen who still lives.
const SLICE: Duration = Duration::from_millis(500);

/// Bytes that go through the store itself, where connections among all ranks would cost more.
const SMALL: usize = 1024;

/// Bytes of one value in the store, which refuses more than 8 MiB.
const CHUNK: usize = 4 << 20;

/// Exchanges by which the latency is measured.
const TRIALS: usize = 5;

/// Below this latency ranks are near.
const NEAR: Duration = Duration::from_millis(3);

/// How long a rank has to be silent to be named when a connection has just broken.
const SUSPICIOUS: Duration = Duration::from_secs(3);

/// How long it is looked for the rank by which a connection broke.
const SEARCH: Duration = Duration::from_secs(5);

/// Several processes, on one or several machines, each of which is a rank.
///
/// Every rank makes the same calls of [`gather`](Self::gather), [`broadcast`](Self::broadcast), [`barrier`](Self::barrier)
/// and [`agree`](Self::agree) in the same order, from one thread at a time. A call waits as long as all ranks live, however
/// slow they are. A rank is lost when it has ended with an error, or given no sign of life for [`Place::timeout`]; the
/// call then ends with [`ClusterError::Lost`], which names it.
///
/// [`next`](Self::next), [`post`](Self::post) and [`collect`](Self::collect) are for any rank and thread at any time.
///
/// Nothing is authenticated and nothing encrypted: whoever reaches the port of the store can take part.
pub struct Cluster {
    place: Place,
    /// Held for a whole exchange.
    exchange: Mutex<Exchange>,
    /// For what is no exchange, which need not wait for one.
    store: Mutex<Store>,
    watch: Mutex<Watch>,
    /// How long an exchange of nothing takes, as rank 0 measured it.
    latency: Duration,
    /// Whether the others know that this rank has ended.
    ended: Mutex<bool>,
    /// Whether this rank is soon to end.
    hurries: AtomicBool,
}

struct Exchange {
    store: Store,
    group: Option<Group>,
    /// Exchanges so far.
    number: u64,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Joins the ranks that the environment speaks of; `None` for a process that is alone.
    ///
    /// # Errors
    /// Those of [`Place::from_environment`] and [`Self::join`].
    pub fn from_environment() -> Result<Option<Self>, ClusterError> {
        Place::from_environment()?.map(Self::join).transpose()
    }

    /// Joins the other ranks, and waits for all of them.
    ///
    /// # Errors
    /// [`ClusterError::Join`] when the store cannot be made or reached, or a rank is there twice, and
    /// [`ClusterError::Missing`] when a rank does not come in time.
    pub fn join(place: Place) -> Result<Self, ClusterError> {
        let Place { rank, size, timeout, .. } = place;
        let fault = |reason: String| ClusterError::Join { rank, size, master: place.master(), reason };
        let serves = rank == 0 && !place.is_served;
        let prefix = format!("bal/{}", place.attempt);
        let mut store = Store::connect(&place.host, place.port, serves, &prefix, timeout).map_err(fault)?;
        if store.add(&format!("joining/{rank}"), 1).map_err(fault)? > 1 {
            return Err(fault(format!("another process is rank {rank} too")));
        }
        let own = route::towards(&place.host, place.port).unwrap_or(IpAddr::from([127, 0, 0, 1]));
        store.set(&watch::key(rank), b"joined").map_err(fault)?;
        store.set(&format!("joined/{rank}"), format!("{size} {own}").as_bytes()).map_err(fault)?;
        let joined = everyone(&mut store, &place)?;
        let addresses = addresses(&joined, size).map_err(fault)?;
        let interface = match &place.interface {
            Some(name) => Interface::Named(name.clone()),
            None => Interface::Address(route::reachable(own, &addresses)),
        };
        let watch = store.again().map_err(fault)?;
        let watch =
            Watch::begin(watch, (rank, size, !place.is_served), move |number| exchanged(number, rank))?;
        let others = store.again().map_err(fault)?;
        let group = Group::connect(&store, (rank, size), &interface, timeout);
        let mut cluster = Self {
            exchange: Mutex::new(Exchange { store, group: None, number: 0 }),
            store: Mutex::new(others),
            watch: Mutex::new(watch),
            latency: Duration::ZERO,
            ended: Mutex::new(false),
            hurries: AtomicBool::new(false),
            place,
        };
        match group {
            Ok(group) => {
                cluster.exchange.get_mut().unwrap_or_else(PoisonError::into_inner).group = Some(group);
                cluster.latency = cluster.measured_latency()?;
                Ok(cluster)
            }
            Err(reason) => {
                let reason = format!(
                    "{reason}; set GLOO_SOCKET_IFNAME to the interface that the ranks reach each other by"
                );
                let error = cluster.because(reason);
                cluster.fail(&error.to_string());
                Err(error)
            }
        }
    }

    /// The number of this process, from 0.
    pub fn rank(&self) -> usize {
        self.place.rank
    }

    /// How many there are, at least 2.
    pub fn size(&self) -> usize {
        self.place.size
    }

    /// How long an exchange of a few bytes takes: the quickest of some when the ranks joined, as rank 0 measured it.
    pub fn latency(&self) -> Duration {
        self.latency
    }

    /// Whether the ranks are so near that exchanges are cheap beside a few hundredths of a second of work: on one machine, or in a
    /// local network.
    pub fn is_near(&self) -> bool {
        self.latency < NEAR
    }

    fn measured_latency(&self) -> Result<Duration, ClusterError> {
        let mut quickest = Duration::MAX;
        for _ in 0..TRIALS {
            let begun = Instant::now();
            self.barrier()?;
            quickest = quickest.min(begun.elapsed());
        }
        let measured = self.broadcast((quickest.as_nanos() as u64).to_le_bytes().into())?;
        Ok(Duration::from_nanos(measured.try_into().map_or(u64::MAX, u64::from_le_bytes)))
    }

    /// The bytes of every rank, in the order of ranks, on every rank.
    ///
    /// # Errors
    /// [`ClusterError::Lost`], and [`ClusterError::Transfer`] when a transfer fails while all ranks live.
    pub fn gather(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, ClusterError> {
        let mut exchange = lock(&self.exchange);
        let announced = self.announced(&mut exchange, own)?;
        if announced.iter().all(|(length, _)| *length <= SMALL) {
            return Ok(announced.into_iter().map(|(_, bytes)| bytes).collect());
        }
        let longest = announced.iter().map(|(length, _)| *length).max().unwrap_or(0);
        let mut padded = own.to_vec();
        padded.resize(longest, 0);
        let all = group(&mut exchange)?.all_gather(&padded).map_err(|reason| self.because(reason))?;
        let parts = all.chunks_exact(longest).zip(announced);
        Ok(parts.map(|(part, (length, _))| part[..length].to_vec()).collect())
    }

    /// The bytes of rank 0 on every rank; those of the others are not looked at.
    ///
    /// # Errors
    /// Those of [`Self::gather`].
    pub fn broadcast(&self, own: Vec<u8>) -> Result<Vec<u8>, ClusterError> {
        let mut exchange = lock(&self.exchange);
        let announced = self.announced(&mut exchange, if self.rank() == 0 { &own } else { &[] })?;
        let (length, small) = announced.into_iter().next().unwrap_or_default();
        if length <= SMALL {
            return Ok(small);
        }
        let mut bytes = if self.rank() == 0 { own } else { vec![0; length] };
        group(&mut exchange)?.broadcast(&mut bytes, 0).map_err(|reason| self.because(reason))?;
        Ok(bytes)
    }

    /// Waits for all ranks.
    ///
    /// # Errors
    /// [`ClusterError::Lost`].
    pub fn barrier(&self) -> Result<(), ClusterError> {
        self.gather(&[]).map(drop)
    }

    /// Refuses ranks of which something that has to be the same is not: `own` has it by name. All ranks end with the same
    /// error.
    ///
    /// # Errors
    /// [`ClusterError::Unlike`] naming the first rank that differs from rank 0, and in what; those of [`Self::gather`].
    pub fn agree(&self, own: &BTreeMap<String, String>) -> Result<(), ClusterError> {
        let lines = |map: &BTreeMap<String, String>| {
            let pairs = map.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
            pairs.flat_map(|text| [&(text.len() as u64).to_le_bytes(), text].concat()).collect::<Vec<u8>>()
        };
        let all = self.gather(&lines(own))?;
        let all: Vec<BTreeMap<String, String>> = all.iter().map(|bytes| pairs(bytes)).collect();
        let absent = || "absent".to_string();
        for (rank, other) in all.iter().enumerate().skip(1) {
            let mut names = all[0].keys().chain(other.keys());
            if let Some(what) = names.find(|name| all[0].get(*name) != other.get(*name)) {
                let of = |map: &BTreeMap<String, String>| map.get(what).cloned().unwrap_or_else(absent);
                let (found, expected) = (of(other), of(&all[0]));
                return Err(ClusterError::Unlike { rank, what: what.clone(), found, expected });
            }
        }
        Ok(())
    }

    /// The next number of a queue, from 0: each is given to one rank only.
    ///
    /// # Errors
    /// [`ClusterError::Lost`] when the store is gone.
    pub fn next(&self, queue: &str) -> Result<u64, ClusterError> {
        let sum = lock(&self.store).add(&format!("queue/{queue}"), 1);
        sum.map(|sum| (sum - 1) as u64).map_err(|reason| self.because(reason))
    }

    /// Sends bytes to a box of rank 0, which [`collect`](Self::collect)s them.
    ///
    /// # Errors
    /// [`ClusterError::Lost`] when the store is gone.
    pub fn post(&self, to: &str, bytes: &[u8]) -> Result<(), ClusterError> {
        let mut store = lock(&self.store);
        let mut send = || {
            let number = store.add(&format!("posted/{to}"), 1)?;
            let mut parts = 0_u64;
            for chunk in bytes.chunks(CHUNK) {
                store.set(&posted(to, number, parts), chunk)?;
                parts += 1;
            }
            store.push(&format!("box/{to}"), format!("{number} {parts}").as_bytes())
        };
        send().map_err(|reason| self.because(reason))
    }

    /// What a rank has posted to the box and rank 0 has not collected yet; `None` where nothing is.
    ///
    /// # Errors
    /// [`ClusterError::Lost`] when the store is gone.
    pub fn collect(&self, to: &str) -> Result<Option<Vec<u8>>, ClusterError> {
        let mut store = lock(&self.store);
        let mut receive = || {
            let Some(header) = store.pop(&format!("box/{to}"))? else { return Ok(None) };
            let header = String::from_utf8_lossy(&header).into_owned();
            let numbers =
                header.split_once(' ').and_then(|(n, parts)| Some((n.parse().ok()?, parts.parse().ok()?)));
            let (number, parts): (i64, u64) = numbers.ok_or("what was posted has no number")?;
            let mut bytes = Vec::new();
            for part in 0..parts {
                let key = posted(to, number, part);
                let found = store.get(std::slice::from_ref(&key), self.place.timeout)?;
                bytes.extend(found.into_iter().flatten().flatten());
                store.delete(&key)?;
            }
            Ok(Some(bytes))
        };
        receive().map_err(|reason: String| self.because(reason))
    }

    /// The rank that is lost, if one is.
    pub fn lost(&self) -> Option<ClusterError> {
        lock(&self.watch).lost(self.patience(), false)
    }

    /// From now on a rank is lost after a few seconds of silence. For a process that was told to end: launchers tell all of them
    /// when one has died, and do not wait long.
    pub fn hurry(&self) {
        self.hurries.store(true, Ordering::Relaxed);
    }

    /// How long a rank may be silent.
    fn patience(&self) -> Duration {
        let timeout = self.place.timeout;
        if self.hurries.load(Ordering::Relaxed) { timeout.min(SUSPICIOUS) } else { timeout }
    }

    /// Tells the others that this rank ends with an error, and why.
    pub fn fail(&self, reason: &str) {
        self.end(Some(reason));
    }

    /// The last sign of this rank. Whoever holds the store waits a moment, so that the others can read why.
    fn end(&self, reason: Option<&str>) {
        if std::mem::replace(&mut *lock(&self.ended), true) {
            return;
        }
        let sign = watch::last_sign(reason);
        let mut watch = lock(&self.watch);
        let serves = self.rank() == 0 && !self.place.is_served;
        if !serves {
            watch.end();
            let _ = lock(&self.store).set(&watch::key(self.rank()), &sign);
            return;
        }
        watch.sign(sign);
        let patience = if reason.is_some() { SEARCH } else { self.place.timeout };
        let begun = Instant::now();
        while begun.elapsed() < patience
            && !watch.is_last()
            && watch.lost(self.place.timeout, false).is_none()
        {
            thread::sleep(SLICE / 10);
        }
        watch.end();
    }

    /// Says how many bytes come, and the bytes if they are few; what all ranks say, once all have.
    fn announced(&self, exchange: &mut Exchange, own: &[u8]) -> Result<Vec<(usize, Vec<u8>)>, ClusterError> {
        exchange.number += 1;
        let small = if own.len() <= SMALL { own } else { &[] };
        let value = [&(own.len() as u64).to_le_bytes(), small].concat();
        let number = exchange.number;
        let set = exchange.store.set(&exchanged(number, self.rank()), &value);
        set.map_err(|reason| self.because(reason))?;
        let keys: Vec<String> = (0..self.size()).map(|rank| exchanged(number, rank)).collect();
        let values = loop {
            match exchange.store.get(&keys, SLICE) {
                Ok(Some(values)) => break values,
                Ok(None) => {
                    if let Some(lost) = lock(&self.watch).lost(self.patience(), true) {
                        return Err(lost);
                    }
                }
                Err(reason) => return Err(self.because(reason)),
            }
        };
        // Whoever has come here has read the one before.
        lock(&self.watch).forget(number - 1);
        let said = |value: Vec<u8>| {
            let (length, bytes) = value.split_first_chunk::<8>()?;
            Some((usize::try_from(u64::from_le_bytes(*length)).ok()?, bytes.to_vec()))
        };
        let said: Option<Vec<_>> = values.into_iter().map(said).collect();
        said.ok_or_else(|| ClusterError::Transfer("a rank announced nothing".into()))
    }

    /// Why something failed: the rank that is lost, if one can be found, else the reason itself.
    fn because(&self, reason: String) -> ClusterError {
        let begun = Instant::now();
        while begun.elapsed() < SEARCH {
            if let Some(lost) = lock(&self.watch).lost(SUSPICIOUS.min(self.place.timeout), true) {
                return lost;
            }
            thread::sleep(SLICE / 10);
        }
        ClusterError::Transfer(reason)
    }
}

impl Drop for Cluster {
    /// The rank has ended well, unless it has said otherwise.
    fn drop(&mut self) {
        self.end(None);
    }
}

/// Waits until all ranks have joined; what each says of itself.
fn everyone(store: &mut Store, place: &Place) -> Result<Vec<String>, ClusterError> {
    let Place { rank, size, timeout, .. } = *place;
    let fault = |reason: String| ClusterError::Join { rank, size, master: place.master(), reason };
    let keys: Vec<String> = (0..size).map(|rank| format!("joined/{rank}")).collect();
    if let Some(values) = store.get(&keys, timeout).map_err(fault)? {
        return Ok(values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect());
    }
    let mut missing = Vec::new();
    for (rank, key) in keys.iter().enumerate() {
        if !store.has(key).map_err(fault)? {
            missing.push(rank.to_string());
        }
    }
    if rank == 0 {
        // The store ends with this process, and the others want to see who is missing too.
        thread::sleep(2 * SLICE);
    }
    let name = if missing.len() == 1 { "rank" } else { "ranks" };
    Err(ClusterError::Missing {
        missing: format!("{name} {}", missing.join(", ")),
        size,
        master: place.master(),
        seconds: timeout.as_secs(),
    })
}

/// The addresses of the ranks, if all count as many.
fn addresses(joined: &[String], size: usize) -> Result<Vec<IpAddr>, String> {
    let mut addresses = Vec::new();
    for (rank, said) in joined.iter().enumerate() {
        let (theirs, address) = said.split_once(' ').ok_or_else(|| format!("rank {rank} says {said:?}"))?;
        if theirs != size.to_string() {
            return Err(format!("rank {rank} counts {theirs} ranks, and this one {size}"));
        }
        addresses.push(address.parse().map_err(|_| format!("rank {rank} is at {address:?}"))?);
    }
    Ok(addresses)
}

fn group(exchange: &mut Exchange) -> Result<&mut Group, ClusterError> {
    exchange.group.as_mut().ok_or_else(|| ClusterError::Transfer("there are no connections".into()))
}

/// Where a rank announces what it brings to an exchange.
fn exchanged(number: u64, rank: usize) -> String {
    format!("exchange/{number}/{rank}")
}

fn posted(to: &str, number: i64, part: u64) -> String {
    format!("post/{to}/{number}/{part}")
}

/// Names and values, each after its length.
fn pairs(mut bytes: &[u8]) -> BTreeMap<String, String> {
    let mut texts = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<8>() {
        let (text, rest) = rest.split_at(rest.len().min(u64::from_le_bytes(*length) as usize));
        texts.push(String::from_utf8_lossy(text).into_owned());
        bytes = rest;
    }
    texts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
