//! Several processes that work together: the bits of one, and a clear end when one of them is missing.

use crate::small::{Small, stderr};
use bal_cluster::{Cluster, Place};
use bal_data::Digest;
use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// The environment of each rank of a group of its own.
struct Ranks {
    port: u16,
    size: usize,
}

impl Ranks {
    fn new(size: usize) -> Self {
        // A port that nobody listens at now.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { port, size }
    }

    /// `command` as rank number `rank`.
    fn rank(&self, rank: usize, mut command: Command) -> Command {
        command.args(["--threads", "1"]);
        command.env("RANK", rank.to_string()).env("WORLD_SIZE", self.size.to_string());
        command.env("MASTER_ADDR", "127.0.0.1").env("MASTER_PORT", self.port.to_string());
        command.env("BAL_RANK_TIMEOUT", "6");
        command
    }

    fn spawn(&self, rank: usize, command: Command) -> Child {
        self.rank(rank, command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The same command as every rank, in the same folder.
    fn all(size: usize, small: &Small, arguments: &str) -> Vec<Output> {
        Self::each(size, |_| small.command(arguments))
    }

    /// A command for each rank.
    fn each(size: usize, command: impl Fn(usize) -> Command) -> Vec<Output> {
        let ranks = Self::new(size);
        let children: Vec<Child> = (0..size).map(|rank| ranks.spawn(rank, command(rank))).collect();
        children.into_iter().map(|child| child.wait_with_output().unwrap()).collect()
    }
}

fn succeed(outputs: &[Output]) {
    for (rank, output) in outputs.iter().enumerate() {
        assert!(output.status.success(), "rank {rank}: {}", stderr(output));
    }
}

fn digest(small: &Small, run: &str) -> String {
    Digest::of(&fs::read(small.path(run).join("posterior.safetensors")).unwrap()).to_string()
}

/// Waits until the run has done so many batches.
fn wait_for_batches(small: &Small, run: &str, batches: usize) {
    let begun = Instant::now();
    while small.batches(run) < batches {
        assert!(begun.elapsed() < Duration::from_mins(2), "{run} does not come so far");
        sleep(Duration::from_millis(2));
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

const PGD: &str = r#"
name = "pgd"
dataset = "mnist"
architecture = "cnn"
seed = 4
train_images = 280
held_out = 20
checkpoint_every = 2

[adversarial_training]
schedule = { epochs = 2, batch_size = 200 }
adam = { step_size = 1e-3 }
clean_weight = 0.5

[adversarial_training.attack]
name = "pgd"
radius = 0.1

[adversarial_training.attack.settings]
norm = "linf"
steps = 3
step_size = 0.05
restarts = 2
ensemble_gradient = "member-mean"
"#;

/// With a start that rank 0 trains, and of a point estimate.
#[test]
fn training_on_several_ranks_has_the_bits_of_one_process() {
    let small = Small::new();
    let first = "name = \"first\"\ndataset = \"mnist\"\narchitecture = \"cnn\"\nseed = 9\ntrain_images = 280\n\
                 held_out = 20\ncheckpoint_every = 5\n[erm]\nschedule = { epochs = 1, batch_size = 96 }\n\
                 adam = { step_size = 1e-3 }\n";
    fs::write(small.path("first.toml"), first).unwrap();
    fs::write(small.path("pgd.toml"), PGD).unwrap();
    small.edit("[bal]\n", "[start]\nexperiment = \"first.toml\"\n[bal]\n");
    for experiment in ["small", "pgd"] {
        let train = format!("train --experiment {experiment}.toml --out {experiment}");
        small.succeed(&format!("{train}-1"));
        for size in [2, 3] {
            let outputs = Ranks::all(size, &small, &format!("{train}-{size}"));
            succeed(&outputs);
            assert_eq!(
                digest(&small, &format!("{experiment}-{size}")),
                digest(&small, &format!("{experiment}-1"))
            );
            // One of them speaks.
            assert_eq!(String::from_utf8_lossy(&outputs[0].stdout), format!("{experiment}-{size}\n"));
            assert!(outputs[1..].iter().all(|output| output.stdout.is_empty() && stderr(output).is_empty()));
        }
        let metrics = |size: usize| {
            let read = bal_report::metrics::read(&small.path(&format!("{experiment}-{size}/metrics.jsonl")));
            let lines = read.unwrap().into_iter();
            lines.map(|line| bal_report::MetricLine { seconds: 0.0, ..line }).collect::<Vec<_>>()
        };
        assert_eq!(metrics(1), metrics(3));
    }
}

/// The other ranks may lie on machines that do not see the run folder.
#[test]
fn ranks_other_than_0_write_nothing_and_need_no_run_folder() {
    let (small, elsewhere) = (Small::new(), Small::new());
    small.succeed("train --experiment small.toml --out whole");
    let before = elsewhere.listing();
    let train = |flags: &'static str| {
        Ranks::each(2, |rank| {
            [&small, &elsewhere][rank].command(&format!("train --resume --out run {flags}"))
        })
    };
    let ranks = Ranks::new(2);
    let named = "train --resume --out run --experiment small.toml";
    let first = ranks.spawn(0, small.command(named));
    let second = ranks.spawn(1, elsewhere.command(named));
    wait_for_batches(&small, "run", 3);
    // Ctrl-C reaches one of them, and all end after the same batch.
    signal(&second, "-INT");
    for output in [first, second].map(|child| child.wait_with_output().unwrap()) {
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(said.contains("interrupted after batch") && said.contains("--resume"), "{said}");
    }
    assert!(small.batches("run") < 9 && small.path("run/checkpoint/state.safetensors").is_file());
    // It goes on without the experiment, which only rank 0 has in its folder.
    succeed(&train(""));
    assert_eq!(digest(&small, "run"), digest(&small, "whole"));
    succeed(&train(""));
    assert_eq!(elsewhere.listing(), before);
}

#[test]
fn a_killed_rank_is_named_and_the_run_goes_on_to_the_same_bits() {
    let small = Small::new();
    // What was done since the last checkpoint is not lost with a rank.
    small.edit("checkpoint_every = 1", "checkpoint_every = 1000");
    small.edit("epochs = 3", "epochs = 8");
    small.succeed("train --experiment small.toml --out whole");
    for (killed, survivor) in [(1, 0), (0, 1)] {
        let out = format!("killed-{killed}");
        let ranks = Ranks::new(2);
        let train = format!("train --experiment small.toml --out {out}");
        let mut children: Vec<Child> = (0..2).map(|rank| ranks.spawn(rank, small.command(&train))).collect();
        wait_for_batches(&small, &out, 3);
        children[killed].kill().unwrap();
        children[killed].wait().unwrap();
        let begun = Instant::now();
        let output = children.remove(survivor).wait_with_output().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(20));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("rank {killed} is lost")), "{said}");
        assert!(!said.contains("frame #") && !said.contains("Exception raised"), "{said}");
        let checkpoint = small.path(&out).join("checkpoint/state.safetensors");
        if survivor == 0 {
            assert!(said.contains(&format!("`bal train --resume --out {out}` goes on with it")), "{said}");
            assert!(checkpoint.is_file());
        }
        succeed(&Ranks::all(2, &small, &format!("{train} --resume")));
        assert_eq!(digest(&small, &out), digest(&small, "whole"));
    }
}

/// `torchrun` holds the store itself, ends all ranks when one has died, and starts all of them again.
#[test]
fn ranks_that_a_launcher_starts_again_go_on_to_the_same_bits() {
    let small = Small::new();
    small.edit("checkpoint_every = 1", "checkpoint_every = 1000");
    small.edit("epochs = 3", "epochs = 8");
    small.succeed("train --experiment small.toml --out whole");
    let ranks = Ranks::new(2);
    let launcher = |rank: usize| Place {
        rank,
        size: 2,
        host: "127.0.0.1".into(),
        port: ranks.port,
        is_served: false,
        attempt: "launcher".into(),
        interface: None,
        timeout: Duration::from_secs(20),
    };
    let (first, second) = (launcher(0), launcher(1));
    let second = std::thread::spawn(move || Cluster::join(second).unwrap());
    let store = (Cluster::join(first).unwrap(), second.join().unwrap());
    let attempt = |number: usize| -> Vec<Child> {
        let command = || {
            let mut command = small.command("train --resume --experiment small.toml --out run");
            command.env("TORCHELASTIC_USE_AGENT_STORE", "True");
            command.env("TORCHELASTIC_RESTART_COUNT", number.to_string());
            command
        };
        // A rank may be silent for longer than the launcher waits.
        (0..2)
            .map(|rank| {
                ranks
                    .rank(rank, command())
                    .env("BAL_RANK_TIMEOUT", "60")
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect()
    };
    let mut children = attempt(0);
    wait_for_batches(&small, "run", 3);
    children[1].kill().unwrap();
    children[1].wait().unwrap();
    signal(&children[0], "-TERM");
    let begun = Instant::now();
    assert!(!children[0].wait().unwrap().success());
    assert!(begun.elapsed() < Duration::from_secs(15));
    assert!(small.path("run/checkpoint/state.safetensors").is_file());
    for child in &mut attempt(1) {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(digest(&small, "run"), digest(&small, "whole"));
    drop(store.1);
    drop(store.0);
}

#[test]
fn a_rank_that_ends_with_an_error_tells_the_others_why() {
    let (small, broken) = (Small::new(), Small::new());
    broken.put("train-images-idx3-ubyte.gz", b"no images");
    let outputs = Ranks::each(3, |rank| {
        [&small, &broken, &small][rank].command("train --experiment small.toml --out run")
    });
    let said: Vec<String> = outputs.iter().map(stderr).collect();
    assert!(outputs.iter().all(|output| output.status.code() == Some(1)), "{said:?}");
    assert!(said[1].contains("train-images-idx3-ubyte.gz"), "{said:?}");
    for other in [0, 2] {
        let told = "rank 1 is lost: it ended:";
        assert!(said[other].contains(told) && said[other].contains("train-images-idx3-ubyte.gz"), "{said:?}");
    }
    assert!(!small.path("run").exists());
}

#[test]
fn ranks_that_differ_are_refused_by_name() {
    let (small, other) = (Small::new(), Small::new());
    let refused = |commands: [Command; 2], difference: &str| {
        let commands = std::cell::RefCell::new(commands.map(Some));
        let outputs = Ranks::each(2, |rank| commands.borrow_mut()[rank].take().unwrap());
        for output in &outputs {
            let said = stderr(output);
            assert!(!output.status.success());
            assert!(said.contains("rank 1 differs from rank 0: its ") && said.contains(difference), "{said}");
        }
        assert!(!small.path("run").exists());
    };
    let train = "train --experiment small.toml --out run";
    let with = |flags: &str| other.command(&format!("{train} {flags}"));
    refused([small.command(train), with("--seed 2")], "setting seed is 2, and that of rank 0 1");
    refused([small.command(train), with("--set bal.data.steps=3")], "bal.data.steps=3");
    refused([small.command(train), with("--max-sweeps 2")], "limit of batches is 2");
    let mut slower = small.command(train);
    slower.env("ATEN_CPU_CAPABILITY", "default");
    refused([small.command(train), slower], "vector level of LibTorch is DEFAULT");
    other.edit("epochs = 3", "epochs = 4");
    refused([small.command(train), with("")], "setting bal.schedule.epochs is 4, and that of rank 0 3");
    other.edit("epochs = 4", "epochs = 3");
    let labels: Vec<u8> = (0..crate::small::TRAIN).map(|i| ((i + 1) % 10) as u8).collect();
    other.put("train-labels-idx1-ubyte.gz", &crate::small::idx(&[labels.len()], &labels));
    refused([small.command(train), with("")], "SHA-256 of");
}

#[test]
fn what_the_environment_says_by_halves_and_methods_for_one_process_are_refused() {
    let small = Small::new();
    let train = "train --experiment small.toml --out run";
    let output = small.command(train).env("WORLD_SIZE", "2").output().unwrap();
    let said = stderr(&output);
    assert!(
        !output.status.success() && said.starts_with("error: WORLD_SIZE is set, and RANK is not;"),
        "{said}"
    );
    // A world of one is one process.
    let output =
        small.command(&format!("{train} --max-sweeps 6")).env("RANK", "0").env("WORLD_SIZE", "1").output();
    assert!(output.unwrap().status.success());

    let shard = "evaluate run --attack fgsm --radius 0.1 --json e.json --shard 1/2";
    let said = stderr(&Ranks::new(2).rank(0, small.command(shard)).output().unwrap());
    assert!(said.contains("leave --shard out"), "{said}");

    let laplace = "name = \"laplace\"\ndataset = \"mnist\"\narchitecture = \"cnn\"\nseed = 4\ntrain_images = 280\nheld_out = 20\n\
                   checkpoint_every = 2\n[start]\nexperiment = \"small.toml\"\n[laplace]\nstructure = \"diagonal\"\nimages = 64\nbatch_size = 64\nmembers = 2\n\
                   scale = 1.0\nprecision = 1.0\n";
    fs::write(small.path("laplace.toml"), laplace).unwrap();
    for output in Ranks::all(2, &small, "train --experiment laplace.toml --out laplace") {
        let said = stderr(&output);
        assert!(said.contains("laplace is not shared out among several processes"), "{said}");
    }
}

#[test]
fn evaluations_of_several_ranks_are_the_bytes_of_one() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run --max-sweeps 6");
    for attack in [
        "pgd --steps 2 --radius 0.05,0.1 --seeds 2 --save SAVED.safetensors --per-image ROWS.csv",
        "autoattack --radius 0.1 --steps 2 --queries 5",
        "deepfool --steps 3",
        "cw-one-step",
        "flow-pgd --radius 0.2 --steps 2 --save SAVED.safetensors",
    ] {
        let evaluate = |name: &str| {
            let attack = attack.replace("SAVED", name).replace("ROWS", name);
            format!("evaluate run --training-images --attack {attack} --json {name}.json")
        };
        let table = small.succeed(&evaluate("one"));
        let outputs = Ranks::all(3, &small, &evaluate("three"));
        succeed(&outputs);
        assert_eq!(String::from_utf8_lossy(&outputs[0].stdout), table);
        assert!(outputs[1..].iter().all(|output| output.stdout.is_empty() && stderr(output).is_empty()));
        for ending in [".json", ".csv", ".safetensors"] {
            let [one, three] =
                ["one", "three"].map(|name| fs::read(small.path(&format!("{name}{ending}"))).ok());
            assert!(one == three, "{attack}: {ending}");
            let _ = ["one", "three"].map(|name| fs::remove_file(small.path(&format!("{name}{ending}"))));
        }
        assert!(!small.path("three.json.partial").exists());
        // Without a file, too.
        let bare =
            format!("evaluate run --training-images --attack {}", attack.split(" --save").next().unwrap());
        let outputs = Ranks::all(2, &small, &bare);
        succeed(&outputs);
        assert_eq!(String::from_utf8_lossy(&outputs[0].stdout), table);
    }
}

#[test]
fn an_evaluation_that_lost_a_rank_goes_on_with_what_all_found() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run --max-sweeps 6");
    let evaluate = |name: &str| {
        format!("evaluate run --training-images --attack pgd --steps 100 --radius 0.1 --json {name}.json")
    };
    small.succeed(&evaluate("one"));
    let ranks = Ranks::new(2);
    let first = ranks.spawn(0, small.command(&evaluate("two")));
    let mut second = ranks.spawn(1, small.command(&evaluate("two")));
    let kept = || {
        fs::read_dir(small.path("two.json.partial")).map_or(0, |files| {
            files.flatten().filter(|file| file.file_name().to_string_lossy().starts_with("shard-")).count()
        })
    };
    let begun = Instant::now();
    while kept() < 2 {
        assert!(begun.elapsed() < Duration::from_mins(2));
        sleep(Duration::from_millis(2));
    }
    second.kill().unwrap();
    second.wait().unwrap();
    let said = stderr(&first.wait_with_output().unwrap());
    assert!(said.contains("rank 1 is lost: it gave no sign of life"), "{said}");
    assert!(kept() >= 2 && !small.path("two.json").exists());
    // Other ranks, another number of them.
    let outputs = Ranks::all(3, &small, &evaluate("two"));
    succeed(&outputs);
    assert!(stderr(&outputs[0]).contains("going on where"), "{}", stderr(&outputs[0]));
    let [one, two] = ["one.json", "two.json"].map(|file| fs::read(small.path(file)).unwrap());
    assert!(one == two);
}
