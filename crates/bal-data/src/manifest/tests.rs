//! The manifest of the source tree, and manifests that are refused.

use super::*;

fn text() -> &'static str {
    include_str!("../../manifest.toml")
}

#[test]
fn the_manifest_of_this_tree_has_every_set_with_licence_and_files() {
    let manifest = Manifest::built_in().unwrap();
    for set in Set::ALL {
        let entry = manifest.entry(set).unwrap();
        assert_eq!(entry.name, set);
        assert!(!entry.licence.is_empty());
        assert_eq!(entry.files.len(), set.files().map_or(0, |files| files.all().len()));
        assert_eq!(entry.archives.len(), set.archives().len());
        assert!(!entry.files.is_empty() || !entry.archives.is_empty(), "{set} has files");
        assert_eq!(entry.official.is_some(), set == Set::Gtsrb);
        assert!(!entry.sources.is_empty() || entry.official.is_some(), "{set} has a source");
    }
}

#[test]
fn unpacked_sizes_are_those_of_the_image_shapes_and_published_numbers() {
    let manifest = Manifest::built_in().unwrap();
    let numbers =
        [(Set::Mnist, 60_000, 10_000), (Set::FashionMnist, 60_000, 10_000), (Set::Gtsrb, 39_209, 12_630)];
    for (set, train, test) in numbers {
        let (entry, names) = (manifest.entry(set).unwrap(), set.files().unwrap());
        let [c, h, w] = set.image_shape().map(|length| length as u64);
        let header = if c == 1 { 16 } else { 20 };
        let bytes = |name| entry.file(name).unwrap().unpacked.bytes;
        assert_eq!(bytes(names.train_images), header + train * c * h * w, "{set}");
        assert_eq!(bytes(names.test_images), header + test * c * h * w, "{set}");
        assert_eq!(bytes(names.train_labels), 8 + train, "{set}");
        assert_eq!(bytes(names.test_labels), 8 + test, "{set}");
    }
}

#[test]
fn what_is_not_exactly_a_manifest_is_refused_with_file_and_reason() {
    let digest = "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609";
    let first_set = text().split("[[set]]").nth(1).unwrap();
    let cases: &[(&str, String, &str)] = &[
        ("not TOML", "[[set".to_owned(), "line 1"),
        ("unknown key", text().replacen("hint =", "surprise = 1\nhint =", 1), "surprise"),
        ("unknown key of a source", text().replacen("gzip =", "color = 1, gzip =", 1), "color"),
        ("unknown top-level key", format!("version = 1\n{}", text()), "version"),
        ("unknown set", text().replacen("\"mnist\"", "\"cifar\"", 1), "cifar"),
        ("a set twice", format!("{}\n[[set]]{first_set}", text()), "set mnist is listed twice"),
        ("missing key", text().replacen("licence =", "#", 1), "licence"),
        ("short digest", text().replacen(digest, &digest[1..], 1), "64 lower-case hexadecimal digits"),
        ("upper-case digest", text().replacen(digest, &digest.to_uppercase(), 1), "64 lower-case"),
        ("negative size", text().replacen("bytes = 9912422", "bytes = -1", 1), "-1"),
        (
            "other file",
            text().replacen("train-images-idx3", "../images-idx3", 1),
            "expected [\"train-images-idx3-ubyte.gz\"",
        ),
        ("other protocol", text().replacen("https://ossci", "ftp://ossci", 1), "ftp://ossci"),
        ("slash at the end", text().replacen("com/mnist\"", "com/mnist/\"", 1), "slash"),
        ("two places", text().replacen("{ url", "{ folder = \"/\", url", 1), "either url or folder"),
        (
            "no place",
            text().replacen("url = \"https://ossci-datasets.s3.amazonaws.com/mnist\", ", "", 1),
            "either url or folder",
        ),
        (
            "short MD5 digest",
            text().replacen("md5 = \"c3", "md5 = \"3", 1),
            "an MD5 digest has 32 lower-case hexadecimal digits",
        ),
        (
            "other archive",
            text().replacen("name = \"cifar-100-python", "name = \"cifar-100-matlab", 1),
            "expected [\"cifar-100-binary.tar.gz\", \"cifar-100-python.tar.gz\"]",
        ),
        ("archive of a set in files", text().replacen("[[set.files]]", "[[set.archives]]", 1), "content"),
        ("gzip", text().replacen("\"identical\"", "\"similar\"", 1), "similar"),
        (
            "archive name",
            text().replacen("\"GTSRB_Final_Test_GT.zip\"", "\"../x.zip\"", 1),
            "plain file name",
        ),
        ("archives of another set", text().replacen("name = \"gtsrb\"", "name = \"mnist\"", 1), "mnist"),
    ];
    for (name, text, expected) in cases {
        let error = Manifest::parse(text, Path::new("some/manifest.toml")).unwrap_err().to_string();
        assert!(error.starts_with("some/manifest.toml: "), "{name}: {error}");
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn a_set_that_is_not_listed_is_named() {
    let manifest = Manifest::parse("set = []", Path::new("m.toml")).unwrap();
    assert_eq!(manifest.entry(Set::Gtsrb).unwrap_err().to_string(), "m.toml: set gtsrb is not listed");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Manifest::read(Path::new("/no/such/manifest.toml")).unwrap_err().to_string();
    assert!(error.starts_with("/no/such/manifest.toml: cannot read"), "{error}");
}
