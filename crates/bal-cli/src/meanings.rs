//! What the settings of an experiment mean, and in which unit they are.

/// A setting's meaning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meaning {
    /// In a few words.
    pub(crate) text: &'static str,
    /// Empty for names and pure numbers.
    pub(crate) unit: &'static str,
}

/// The meaning of the setting at a dotted key, such as `bal.data.temperature`; that of the longest end of the key which
/// the table has.
pub(crate) fn of(key: &str) -> Option<Meaning> {
    let fits = |end: &&(&str, &str, &str)| {
        key == end.0 || key.strip_suffix(end.0).is_some_and(|before| before.ends_with('.'))
    };
    let (_, unit, text) = TABLE.iter().filter(fits).max_by_key(|(end, _, _)| end.len())?;
    Some(Meaning { text, unit })
}

/// Key or end of a key, unit, meaning.
const TABLE: [(&str, &str, &str); 88] = [
    ("name", "", "what runs of it are called"),
    ("preset", "", "which variant of the method: released, paper or exact (docs/paper.md)"),
    ("dataset", "", "mnist, fashion-mnist, gtsrb, gtsrb-paper, or the path of images of your own"),
    ("architecture", "", "the network: cnn, or stn with a spatial transformer"),
    ("precision", "", "in what the network computes: fp32, or bf16 where the processor has it"),
    ("seed", "", "of all randomness: the same seed gives the same bits"),
    ("train_images", "images", "how many of the training images are used"),
    ("held_out", "images", "training images kept apart, for tuning and diagnostics"),
    ("checkpoint_every", "batches", "from one checkpoint to the next"),
    ("start.experiment", "", "the experiment, beside this file, whose weights the run starts from"),
    ("images.layout", "", "what the folder holds: folders, idx or csv"),
    ("images.size", "pixels", "height and width that images are resized to"),
    ("images.channels", "", "1 makes images gray, 3 coloured"),
    (
        "images.gray",
        "",
        "how colours become gray: mean of R, G and B, or luma as Pillow and torchvision have it",
    ),
    ("images.ground", "", "what is behind transparent images: white or black"),
    ("images.classes", "", "names of the classes in the order of their numbers"),
    ("images.bad_files", "", "whether files that cannot be used are refused (refuse) or left out (skip)"),
    ("images.test_share", "share of images", "tested on, where the data come without a split"),
    ("images.split_seed", "", "which images those are: a function of each file and this number"),
    ("schedule.epochs", "passes", "over the training images"),
    ("schedule.batch_size", "images", "in a batch, which is a sweep"),
    (
        "schedule.last_batch",
        "",
        "what becomes of images too few for a batch: keep or drop (out of this epoch)",
    ),
    ("adam.step_size", "", "the learning rate of Adam"),
    ("clean_weight", "share in [0, 1]", "of the clean images' loss beside the adversarial ones'"),
    ("attack.name", "", "the attack that makes the adversarial images"),
    ("attack.radius", "pixels in [0, 1]", "how far it may move an image, in its norm"),
    ("settings.norm", "", "the norm of its ball: linf or l2"),
    ("settings.steps", "steps", "of the attack"),
    ("settings.step_size", "pixels in [0, 1]", "the length of a step; radius/N is a share of the radius"),
    ("settings.restarts", "", "random starts of the attack"),
    (
        "settings.ensemble_gradient",
        "",
        "what the attack follows: predictive, the loss of the mean probability, or member-mean",
    ),
    ("settings.loss", "", "what the attack raises: cross-entropy, margin, dlr or confident"),
    ("settings.decay", "share", "of its momentum that the attack keeps from step to step"),
    ("settings.targets", "classes", "that a targeted attack tries"),
    ("settings.queries", "", "how often an attack without gradients asks about an image"),
    ("settings.initial_share", "share of pixels", "that a random search changes at first"),
    ("settings.draws", "", "random points tried on each image"),
    ("settings.repetitions", "passes", "over which random outputs are averaged"),
    ("settings.search_steps", "", "descents of an attack that searches for the weight of its loss"),
    ("settings.confidence", "logits", "by how much a wrong class has to lead"),
    (
        "ascent.loss_weight",
        "pixels squared per nat",
        "1/(2 gamma) of WRM: how strongly the loss moves an image against its cost",
    ),
    ("ascent.steps", "steps", "of WRM's ascent"),
    ("data_chains", "", "S_z: chains of adversarial data for each image"),
    ("parameter_chains", "", "S_w: chains of weights"),
    ("samples", "", "which states become the posterior: last, those at the end"),
    ("samples.thinned.burn_in", "batches", "before the first sample"),
    ("samples.thinned.every", "batches", "from one sample to the next"),
    ("prediction", "", "how members predict: mean-probability (eq. 5) or mean-logits"),
    ("ensemble_gradient", "", "what attacks on the posterior follow unless told: predictive or member-mean"),
    (
        "mixing.images",
        "images",
        "held-out images whose log-probabilities tell whether chains agree; 0 for none",
    ),
    ("mixing.every", "batches", "from one draw of them to the next"),
    ("mixing.burn_in", "batches", "before the first draw"),
    ("data.steps", "steps", "M: of each data chain in a sweep"),
    (
        "data.loss_scale",
        "",
        "what the data's step, cost and temperature refer to: an image's energy (per_image), or one with the loss as mean over the batch (batch_mean)",
    ),
    ("data.step_size", "pixels squared per unit of energy", "of the data chains"),
    ("data.step_size.first", "pixels squared per unit of energy", "the data chains' first step"),
    ("data.step_size.ratio", "", "from one of their steps to the next"),
    ("data.cost_weight", "energy per pixel squared", "alpha: what moving an image costs"),
    ("data.temperature", "energy", "of the data chains: 0 is plain ascent"),
    ("data.psgld.step_size", "", "of the data chains; what it multiplies is in the sampler's documentation"),
    ("data.psgld.temperature", "energy", "of the data chains: 0 draws no noise"),
    ("data.sghmc.step_size", "", "of the data chains; what it multiplies is in the sampler's documentation"),
    ("data.sghmc.temperature", "energy", "of the data chains: 0 draws no noise"),
    (
        "data.sgadald.step_size",
        "",
        "of the data chains; what it multiplies is in the sampler's documentation",
    ),
    ("data.sgadald.temperature", "energy", "of the data chains: 0 draws no noise"),
    (
        "data.sgadahmc.step_size",
        "",
        "of the data chains; what it multiplies is in the sampler's documentation",
    ),
    ("data.sgadahmc.temperature", "energy", "of the data chains: 0 draws no noise"),
    ("data.start", "", "where data chains begin in a sweep: clean, or where they were (persistent)"),
    ("parameters.steps", "steps", "M: of each parameter chain in a sweep"),
    ("parameters.mode", "", "train: dropout and batch statistics act; evaluate: they do not"),
    (
        "parameters.reduction",
        "",
        "whether an image's loss is the mean over its data chains (eq. 7) or their sum",
    ),
    ("parameters.prior", "", "the law of the weights before any data: flat"),
    ("parameters.prior.gaussian", "weight", "standard deviation of each weight before any data"),
    ("step_size", "", "of the parameter chains; what it multiplies is in the sampler's documentation"),
    (
        "temperature",
        "mean energy over images",
        "of the parameter chains; times the number of images, that of the posterior",
    ),
    ("friction", "", "how much noise is injected: matched to the step, or a number"),
    ("friction.constant", "", "the friction C, the same for all weights"),
    ("friction.decay", "share a step", "of the momentum that friction takes"),
    (
        "gradient_noise",
        "",
        "what is subtracted for the noise of the gradients: none, corrected, as printed, or a number",
    ),
    ("tau", "steps", "that the second moment of the gradients averages over"),
    ("decay", "", "of the second moment of the gradients, a step"),
    ("preconditioner_floor", "gradient squared", "below which the second moment does not fall"),
    ("initial_second_moment", "gradient squared", "the second moment before the first step"),
    ("second_moment", "", "whether it lives on from step to step (persist) or restarts"),
    (
        "injected_noise",
        "",
        "whether noise is multiplied by the root of eq. 10's variance (root) or by the variance (unrooted)",
    ),
    ("first", "", "the first step"),
    ("ratio", "", "from one step to the next"),
    ("adaptation_steps", "steps", "of a chain's life in which the preconditioner adapts; then it is frozen"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_end_of_a_key_says_what_it_means() {
        assert!(of("bal.data.step_size").unwrap().text.contains("data chains"));
        assert!(of("bal.data.sghmc.step_size").unwrap().text.contains("data chains"));
        assert!(of("bnn.parameters.sghmc.step_size").unwrap().text.contains("parameter chains"));
        assert!(of("adversarial_training.adam.step_size").unwrap().text.contains("Adam"));
        assert!(of("resized").is_none());
    }
}
