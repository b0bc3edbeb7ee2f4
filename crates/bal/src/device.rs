//! Where to compute, and what cannot be computed there so that a run repeats.

use anyhow::{Result, bail};
use bal_attacks::{Attack, SpatialMeasure};
use bal_core::Architecture;
use bal_layers::cuda::{self, Cuda, Rounding};
use std::collections::BTreeMap;
use tch::Device;

/// Why a spatial attack, and a flow in training, cannot be computed on CUDA.
const MOVED_PIXELS: &str = "the gradient of an image whose pixels are moved adds up in no fixed order there";

/// Refuses networks of which one has a gradient with other bits each time on `device`.
pub(crate) fn takes_networks<'a>(
    device: Device,
    mut networks: impl Iterator<Item = &'a dyn Architecture>,
) -> Result<()> {
    let refused = networks.find_map(|network| Some((network.name(), network.unrepeatable_on_cuda()?)));
    match refused {
        Some((network, why)) if device.is_cuda() => {
            bail!("{network} does not repeat its bits on CUDA ({why}): compute on the CPU")
        }
        _ => Ok(()),
    }
}

/// Refuses an attack that follows gradients of moved pixels, on a device where these have other bits each time. A search over
/// poses follows none.
pub(crate) fn takes_attack(device: Device, attack: &Attack) -> Result<()> {
    match attack {
        Attack::Spatial(spatial) if spatial.measure() != SpatialMeasure::Pose => {
            takes_moved_pixels(device, attack.name())
        }
        _ => Ok(()),
    }
}

/// Refuses what moves pixels, as `what` does, on a device where its gradients have other bits each time.
pub(crate) fn takes_moved_pixels(device: Device, what: &str) -> Result<()> {
    if device.is_cuda() {
        bail!("{what} does not repeat its bits on CUDA ({MOVED_PIXELS}): compute on the CPU");
    }
    Ok(())
}

/// What a record says of the device that was opened; nothing where none was.
pub(crate) fn opened() -> BTreeMap<String, String> {
    cuda::opened().map(described).unwrap_or_default()
}

/// What results depend on beside the processor, where a device was opened: its name, the driver, and how sums and products are
/// computed there.
fn described(cuda: &Cuda) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("device".to_string(), format!("cuda:{} {}", cuda.number, cuda.name)),
        ("cuda_driver".to_string(), cuda.driver.clone()),
        ("tf32".to_string(), tf32(cuda).to_string()),
        ("deterministic".to_string(), "on".to_string()),
    ])
}

fn tf32(cuda: &Cuda) -> &'static str {
    match cuda.rounding {
        Rounding::Single => "off",
        Rounding::Tf32 => "on",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Experiment, Origin};

    #[test]
    fn what_cannot_repeat_on_cuda_is_refused_by_name_and_taken_on_a_cpu() {
        let network = |name| bal_models::architecture(name, None).unwrap();
        let (stn, cnn) = (network("stn"), network("cnn"));
        let both = || [&*cnn, &*stn].into_iter();
        assert!(takes_networks(Device::Cpu, both()).is_ok());
        assert!(takes_networks(Device::Cuda(0), both().take(1)).is_ok());
        let error = takes_networks(Device::Cuda(0), both()).unwrap_err().to_string();
        assert!(error.starts_with("stn does not repeat") && error.ends_with("compute on the CPU"), "{error}");
        assert!(takes_moved_pixels(Device::Cpu, "stadv").is_ok());
        let error = takes_moved_pixels(Device::Cuda(1), "stadv").unwrap_err().to_string();
        assert!(error.starts_with("stadv does not repeat"), "{error}");
        for (file, taken) in
            [("mnist-flow-pgd.toml", false), ("mnist-pose.toml", true), ("mnist-pgd.toml", true)]
        {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments").join(file);
            let experiment = Experiment::read(&Origin::File(path), "", &[], None).unwrap();
            let attack = experiment.adversarial_training.unwrap().attack;
            assert!(attack.suits_device(Device::Cpu).is_ok());
            assert_eq!(attack.suits_device(Device::Cuda(0)).is_ok(), taken, "{file}");
        }
    }

    #[test]
    fn a_record_says_on_which_device_and_how() {
        let cuda =
            Cuda { number: 0, name: "NVIDIA H200".into(), driver: "13.0".into(), rounding: Rounding::Single };
        let said = described(&cuda);
        assert_eq!((said["device"].as_str(), said["tf32"].as_str()), ("cuda:0 NVIDIA H200", "off"));
        assert_eq!(said["deterministic"], "on");
        assert_eq!(described(&Cuda { rounding: Rounding::Tf32, ..cuda })["tf32"], "on");
    }
}
