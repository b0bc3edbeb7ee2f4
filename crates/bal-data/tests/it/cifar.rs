//! CIFAR in both of its forms: what arrives where, and files that are not as their authors publish them.

use std::fs;

use bal_data::{Dataset, Digest, Set};

use crate::cifar_files::{Form, PIXELS, Root, archive, label, pixel, record};
use crate::support::gz;

const SETS: [Set; 2] = [Set::Cifar10, Set::Cifar100];

fn assert_right(dataset: &Dataset, set: Set) {
    let train = if set == Set::Cifar10 { 10 } else { 2 };
    assert_eq!((dataset.name.as_str(), dataset.classes), (set.name(), set.classes()));
    assert!(dataset.held_out.is_none());
    for (split, first, images) in [(&dataset.train, 0, train), (&dataset.test, train, 2)] {
        assert_eq!(split.images.dim(), (images, 3, 32, 32));
        for ((n, c, y, x), &byte) in split.images.indexed_iter() {
            assert_eq!(byte, pixel(first + n, c * 1024 + y * 32 + x), "{set} {n} {c} {y} {x}");
        }
        let labels: Vec<u16> = (first..first + images).map(|image| label(set, image).into()).collect();
        assert_eq!((&split.labels, &split.groups, &split.names), (&labels, &None, &None));
    }
}

#[test]
fn folders_and_archives_of_both_forms_hold_the_same_images() {
    for set in SETS {
        let mut digests = Vec::new();
        for form in Form::ALL {
            let files = form.files(set);
            for dataset in
                [Root::new(set).unpacked(form, &files).load(), Root::new(set).packed(form, &files).load()]
            {
                let dataset = dataset.unwrap();
                assert_right(&dataset, set);
                assert_eq!(dataset.digests.keys().collect::<Vec<_>>(), ["test", "train"]);
                assert!(dataset.digests.values().all(|digest| digest.parse::<Digest>().is_ok()));
                digests.push(dataset.digests);
            }
        }
        assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "{set}");
    }
}

#[test]
fn what_pythons_own_pickler_wrote_is_read_in_either_order_of_bytes() {
    let fixture = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cifar/");
        fs::read(format!("{folder}{name}")).unwrap()
    };
    let train = fixture("train");
    let files: Vec<_> = ["train", "test"].map(|name| (name.to_owned(), train.clone())).to_vec();
    let hundred = Root::new(Set::Cifar100).unpacked(Form::Python, &files).load().unwrap();
    assert_eq!(hundred.test.labels, [19, 99]);
    let names = Form::Python.names(Set::Cifar10).into_iter();
    let files: Vec<_> = names.map(|name| (name, fixture("data_batch"))).collect();
    let ten = Root::new(Set::Cifar10).unpacked(Form::Python, &files).load().unwrap();
    assert_eq!(ten.test.labels, [6, 9]);
    for split in [&hundred.train, &hundred.test, &ten.test] {
        assert!(split.images.iter().enumerate().all(|(at, &byte)| byte == pixel(at / PIXELS, at % PIXELS)));
    }
}

#[test]
fn archives_come_before_folders_and_records_before_pickles() {
    let set = Set::Cifar100;
    let broken = |form: Form| -> Vec<_> {
        form.names(set).into_iter().map(|name| (name, b"broken".to_vec())).collect()
    };
    let [binary, python] = Form::ALL;
    assert_right(
        &Root::new(set).packed(python, &python.files(set)).unpacked(binary, &broken(binary)).load().unwrap(),
        set,
    );
    assert_right(
        &Root::new(set).packed(binary, &binary.files(set)).packed(python, &broken(python)).load().unwrap(),
        set,
    );
    assert_right(
        &Root::new(set)
            .unpacked(binary, &binary.files(set))
            .unpacked(python, &broken(python))
            .load()
            .unwrap(),
        set,
    );
}

#[test]
fn other_files_beside_those_of_the_authors_are_ignored() {
    for form in Form::ALL {
        let mut files = form.files(Set::Cifar10);
        for name in [
            "batches.meta",
            "batches.meta.txt",
            "readme.html",
            "data_batch_6",
            "data_batch_7.bin",
            "a/test_batch",
        ] {
            files.insert(0, (name.to_owned(), b"anything".to_vec()));
        }
        assert_right(&Root::new(Set::Cifar10).packed(form, &files).load().unwrap(), Set::Cifar10);
        files.retain(|(name, _)| !name.contains('/'));
        assert_right(&Root::new(Set::Cifar10).unpacked(form, &files).load().unwrap(), Set::Cifar10);
    }
}

#[test]
fn what_is_missing_is_named_with_the_way_out() {
    for set in SETS {
        let error = Root::new(set).error(Form::Binary.archive(set));
        assert!(error.ends_with(&format!("is not there; {set} is to be downloaded")), "{error}");
        for form in Form::ALL {
            let mut files = form.files(set);
            let (name, _) = files.pop().unwrap();
            let place = format!("{}/{name}", form.folder(set));
            let error = Root::new(set).unpacked(form, &files).error(&place);
            assert!(error.ends_with(&format!("is not there; {set} is to be downloaded")), "{error}");
            let error = Root::new(set).packed(form, &files).error(form.archive(set));
            assert!(error.ends_with(&format!("it has no {place}; download it again")), "{error}");
        }
    }
}

#[test]
fn faulty_records_are_refused_with_file_and_place() {
    let good = |set, image| record(set, image);
    let changed = |set, at: usize, byte: u8| {
        let mut bytes = [good(set, 0), good(set, 1)].concat();
        bytes[at] = byte;
        bytes
    };
    let (ten, hundred) = (Set::Cifar10, Set::Cifar100);
    let cases: Vec<(&str, Set, Vec<u8>, &str)> = vec![
        ("empty", ten, vec![], "it is empty"),
        (
            "one byte less",
            ten,
            good(ten, 0)[1..].to_vec(),
            "its 3072 bytes are no whole number of images of 3073 bytes; it is cut, or no file of cifar-10",
        ),
        (
            "one byte more",
            hundred,
            [good(hundred, 0), vec![0]].concat(),
            "its 3075 bytes are no whole number of images of 3074",
        ),
        ("label of no class", ten, changed(ten, 3073, 10), "byte 3073: label 10 is not in 0..10"),
        (
            "fine label of no class",
            hundred,
            changed(hundred, 3075, 100),
            "byte 3075: label 100 is not in 0..100",
        ),
        ("coarse label of no class", hundred, changed(hundred, 0, 20), "byte 0: label 20 is not in 0..20"),
    ];
    for (case, set, bytes, expected) in cases {
        let form = Form::Binary;
        let mut files = form.files(set);
        let (name, content) = files.last_mut().unwrap();
        *content = bytes;
        let place = format!("{}/{name}", form.folder(set));
        for error in [
            Root::new(set).unpacked(form, &files).error(&place),
            Root::new(set).packed(form, &files).error(format!("{}/{place}", form.archive(set))),
        ] {
            assert!(error.contains(expected), "{case}: {error}");
        }
    }
}

#[test]
fn faulty_archives_are_refused() {
    let (set, form) = (Set::Cifar100, Form::Binary);
    let files = form.files(set);
    let whole = archive(form.folder(set), &files);
    let twice = [&files[..], &files[..1]].concat();
    let unpacked = crate::support::unpacked(&whole);
    let mut flipped = whole.clone();
    // The checksum of the gzip stream.
    let at = flipped.len() - 6;
    flipped[at] ^= 1;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("no gzip", b"<html>not found</html>".to_vec(), "it is no sound .tar.gz archive"),
        ("nothing", vec![], "it is no sound .tar.gz archive"),
        ("no tar", gz(&[7; 2000], 1), "it is no sound .tar.gz archive"),
        ("cut gzip", whole[..whole.len() / 2].to_vec(), ""),
        ("checksum of gzip", flipped, "it is no sound .tar.gz archive"),
        ("cut tar", gz(&unpacked[..4000], 1), ""),
        ("a file twice", archive(form.folder(set), &twice), "train.bin: the archive has it twice"),
    ];
    for (case, bytes, expected) in cases {
        let root = Root::new(set);
        fs::write(root.folder().join(form.archive(set)), bytes).unwrap();
        let error = root.error(form.archive(set));
        assert!(error.contains(expected), "{case}: {error}");
    }
}

#[test]
fn links_in_an_archive_are_not_followed() {
    let (set, form) = (Set::Cifar100, Form::Binary);
    let mut files = form.files(set);
    files.remove(0);
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), record(set, 0)).unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "cifar-100-binary/train.bin", secret.path()).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_size(files[0].1.len() as u64);
    tar.append_data(&mut header, "cifar-100-binary/test.bin", &files[0].1[..]).unwrap();
    let root = Root::new(set);
    fs::write(root.folder().join(form.archive(set)), gz(&tar.into_inner().unwrap(), 1)).unwrap();
    assert!(root.error(form.archive(set)).contains("it has no cifar-100-binary/train.bin"));
}
