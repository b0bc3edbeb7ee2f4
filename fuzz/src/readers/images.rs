//! Readers of data sets.

use super::{Desk, MIB, Reader, seeds, two_parts::parts};
use bal_data::{
    Manifest, OwnSettings, Preprocessing, Set, Share,
    gtsrb::{OfficialZips, prepare},
    idx,
    own::{self, BadFiles},
};
use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt, path::Path};

/// Deflate makes at most 1032 bytes of one.
const DEFLATE: usize = 1032;

/// An IDX file, plain or gzipped, of either type.
pub(super) const IDX: Reader = Reader {
    name: "idx",
    read: |desk, bytes| {
        let path = desk.put("some-idx3-ubyte", bytes);
        let (bytes, integers) = (idx::read_u8(&path), idx::read_i32(&path));
        assert!(bytes.is_err() || integers.is_err(), "one file of two types");
        bytes.is_ok() || integers.is_ok()
    },
    seeds: seeds::idx,
    // Of gzip both the file's values and those turned into integers may be there at once.
    most: (4 * MIB, 4 * DEFLATE),
};

/// A folder with a pair of IDX files: the first half of the input is images, the second labels.
pub(super) const IDX_PAIR: Reader = Reader {
    name: "idx_pair",
    read: |desk, bytes| {
        let [images, labels] = parts(bytes);
        desk.put("pair/train-images-idx3-ubyte", images);
        desk.put("pair/train-labels-idx1-ubyte", labels);
        let resized = load(&desk.path("pair"), Some((8, 8)));
        load(&desk.path("pair"), None) && resized
    },
    seeds: seeds::idx_pair,
    most: (16 * MIB, 8 * DEFLATE),
};

/// One picture, in any format.
pub(super) const IMAGE: Reader = Reader {
    name: "image",
    read: |_, bytes| {
        let taken = [1, 3].map(|channels| {
            let form = Preprocessing::to([channels, 9, 7]);
            form.decode_bytes(bytes, Path::new("picture")).is_ok()
        });
        assert_eq!(taken[0], taken[1], "gray or in colour, a picture is one");
        taken[0]
    },
    seeds: seeds::pictures,
    // A header may declare up to 256 MiB of pixels, which decoders reserve before they meet the file's end.
    most: (800 * MIB, 4 * DEFLATE),
};

/// A table of images; `a.png` to `f.png` and `g/h.png` lie beside it.
pub(super) const TABLE: Reader = Reader {
    name: "table",
    read: |desk, bytes| {
        for (name, shade) in ["a", "b", "c", "d", "e", "f", "g/h"].iter().zip(0..) {
            let name = format!("table/{name}.png");
            if !desk.path(&name).exists() {
                desk.put(&name, &seeds::png(shade));
            }
        }
        desk.put("table/table.csv", bytes);
        load(&desk.path("table/table.csv"), None)
    },
    seeds: seeds::tables,
    most: (16 * MIB, 256),
};

/// The names of classes, a line each; and a line that names a file.
pub(super) const CLASS_NAMES: Reader = Reader {
    name: "class_names",
    read: |desk, bytes| {
        let _ = own::line_of_text(OsStr::from_bytes(bytes));
        own::read_class_names(&desk.put("classes.txt", bytes)).is_ok()
    },
    seeds: seeds::class_names,
    most: (4 * MIB, 256),
};

/// The official archives of GTSRB, one of which is the input; its first byte says which.
pub(super) const GTSRB_ARCHIVE: Reader = Reader {
    name: "gtsrb_archive",
    read: |desk, bytes| {
        let Some((which, archive)) = bytes.split_first() else { return false };
        let sound = seeds::gtsrb();
        let place = |number: u8, name: &str, sound: &[u8]| {
            desk.put(&format!("gtsrb/{name}"), if *which % 3 == number { archive } else { sound })
        };
        prepare_in(
            desk,
            &OfficialZips {
                training: place(0, "training.zip", &sound[0]),
                test: place(1, "test.zip", &sound[1]),
                truth: place(2, "truth.zip", &sound[2]),
            },
        )
    },
    seeds: || {
        let sound = seeds::gtsrb().into_iter().zip(0..);
        sound.map(|(archive, which)| [&[which][..], &archive].concat()).collect()
    },
    most: (32 * MIB, 4 * DEFLATE),
};

/// A training frame and the table that tells of it, in archives that are sound: the first part of the input is the table.
pub(super) const GTSRB_FRAME: Reader = Reader {
    name: "gtsrb_frame",
    read: |desk, bytes| {
        let [table, frame] = parts(bytes);
        let [_, test, truth] = seeds::gtsrb();
        let zips = OfficialZips {
            training: desk.put("frame/training.zip", &seeds::gtsrb_training(table, frame)),
            test: desk.put("frame/test.zip", &test),
            truth: desk.put("frame/truth.zip", &truth),
        };
        prepare_in(desk, &zips)
    },
    seeds: seeds::gtsrb_frame,
    most: (32 * MIB, 256),
};

/// The archive of CIFAR-100's binary form.
pub(super) const CIFAR_ARCHIVE: Reader = Reader {
    name: "cifar_archive",
    read: |desk, bytes| {
        desk.put("archive/cifar-100/cifar-100-binary.tar.gz", bytes);
        cifar(desk, "archive")
    },
    seeds: seeds::cifar_archives,
    // A file of images is there unpacked, and then as pixels and labels.
    most: (16 * MIB, 4 * DEFLATE),
};

/// Training images of CIFAR-100's Python form.
pub(super) const CIFAR_PICKLE: Reader = Reader {
    name: "cifar_pickle",
    read: |desk, bytes| {
        let [sound] = &seeds::cifar_pickles()[..] else { return false };
        desk.put("pickle/cifar-100/cifar-100-python/train", bytes);
        desk.put("pickle/cifar-100/cifar-100-python/test", sound);
        cifar(desk, "pickle")
    },
    seeds: seeds::cifar_pickles,
    // A value of one instruction takes some fifty bytes, and more where lists of values grow.
    most: (16 * MIB, 512),
};

/// Training images of CIFAR-100's binary form.
pub(super) const CIFAR_RECORDS: Reader = Reader {
    name: "cifar_records",
    read: |desk, bytes| {
        desk.put("records/cifar-100/cifar-100-binary/train.bin", bytes);
        desk.put("records/cifar-100/cifar-100-binary/test.bin", &seeds::cifar_record());
        cifar(desk, "records")
    },
    seeds: || vec![seeds::cifar_record(), seeds::cifar_record().repeat(2)],
    most: (16 * MIB, 256),
};

/// `datasets/manifest.toml`.
pub(super) const MANIFEST: Reader = Reader {
    name: "manifest",
    read: |desk, bytes| Manifest::read(&desk.put("manifest.toml", bytes)).is_ok(),
    seeds: seeds::manifest,
    most: (4 * MIB, 256),
};

/// Reads a data set of the user's own, strictly and by leaving bad files out; whether it is sound.
fn load(path: &Path, size: Option<(usize, usize)>) -> bool {
    let [strict, lenient] = [BadFiles::Refuse, BadFiles::Skip].map(|bad_files| {
        let test_share = Share::Fraction(0.25);
        own::load(path, &OwnSettings { size, bad_files, test_share, ..OwnSettings::default() }).is_ok()
    });
    assert!(lenient || !strict, "what is sound is sound also where bad files are left out");
    strict
}

/// Loads CIFAR-100 from a folder of data sets on the desk.
fn cifar(desk: &Desk, root: &str) -> bool {
    bal_data::load(Set::Cifar100, &desk.path(root)).is_ok()
}

fn prepare_in(desk: &Desk, zips: &OfficialZips) -> bool {
    let folder = desk.path("prepared");
    fs::create_dir_all(&folder).unwrap();
    prepare(zips, &folder, None, &mut |_| {}).is_ok()
}
