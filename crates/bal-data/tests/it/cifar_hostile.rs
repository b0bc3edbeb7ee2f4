//! Pickles that are no files of CIFAR: refused with the place, and nothing of them executed.

use bal_data::Set;

use crate::cifar_files::{Form, PIXELS, Root, array, dictionary, integers, pickle, text};

const SET: Set = Set::Cifar100;

/// The error of a set whose training images are `bytes`; `None` where it loads.
fn error_of(bytes: &[u8]) -> Option<String> {
    let mut files = Form::Python.files(SET);
    files[0].1 = bytes.to_vec();
    let root = Root::new(SET);
    match root.unpacked(Form::Python, &files).load() {
        Ok(_) => None,
        Err(error) => {
            let (error, place) = (error.to_string(), root.folder().join("cifar-100-python/train"));
            assert!(error.starts_with(place.to_str().unwrap()), "{error}");
            Some(error)
        }
    }
}

fn assert_refused(case: &str, bytes: &[u8], expected: &str) {
    let error = error_of(bytes).unwrap_or_else(|| panic!("{case} was taken"));
    assert!(error.contains(expected), "{case}: {error}");
}

#[test]
fn names_other_than_those_of_numpys_arrays_are_refused_and_nothing_is_called() {
    for (module, name) in [
        ("os", "system"),
        ("posix", "system"),
        ("__builtin__", "eval"),
        ("builtins", "exec"),
        ("numpy", "load"),
        ("numpy.core.multiarray", "fromfile"),
        ("numpy.testing", "runstring"),
        ("", ""),
    ] {
        let call = format!("\u{2}c{module}\n{name}\n");
        let bytes = [&b"\x80"[..], call.as_bytes(), &text(b"touch hacked"), b"\x85R."].concat();
        assert_refused(name, &bytes, "which no file of CIFAR does; nothing was executed");
    }
    let long = [&b"c"[..], &[b'x'; 10_000], b"\ny\n."].concat();
    assert!(error_of(&long).unwrap().len() < 1000);
}

#[test]
fn instructions_that_no_file_of_cifar_has_are_refused() {
    // Of Python's pickletools: those that import, call, or reach outside in another way.
    for instruction in
        *b"ioP\x81\x82\x83\x84\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98QGISVFLgpdlX021B C"
    {
        let bytes = [&b"\x80\x02"[..], &[instruction], b"os\nsystem\n."].concat();
        assert_refused(&format!("{instruction:#04x}"), &bytes, "is in no file of CIFAR");
    }
    assert_refused("protocol 4", b"\x80\x04}.", "protocol 4 of pickle is not that of CIFAR's authors, 2");
}

#[test]
fn every_beginning_of_a_sound_pickle_is_refused() {
    let sound = pickle(SET, &[0, 1]);
    assert_eq!(error_of(&sound), None);
    for end in (0..400).chain([sound.len() - 300, sound.len() - 1]) {
        let error = error_of(&sound[..end]).unwrap();
        assert!(error.contains(&format!("byte {end}: it ends in the middle")), "{end}: {error}");
    }
    let trailing = [&sound[..], b"."].concat();
    assert_refused("more after the end", &trailing, "the content should end here, but more follows");
}

#[test]
fn changed_bytes_never_end_in_a_panic() {
    let sound = pickle(SET, &[0]);
    let instructions: Vec<usize> = (0..200).chain(sound.len() - 40..sound.len()).collect();
    for at in instructions {
        for byte in [0, b'.', b'(', b'R', b'b', b'e', b'u', b't', b'h', b'q', 0x85, 0xff] {
            let mut changed = sound.clone();
            changed[at] = byte;
            let _ = error_of(&changed);
        }
    }
}

#[test]
fn values_of_another_form_are_refused_with_the_reason() {
    let pixels = [0; PIXELS];
    let one = array(1, PIXELS, &pixels);
    let labels = integers(&[7]);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("no dictionary", b"].".to_vec(), "it holds no dictionary"),
        ("no pixels", dictionary(&[("fine_labels", &labels)]), "it has no \"data\""),
        (
            "labels of CIFAR-10",
            dictionary(&[("labels", &labels), ("data", &one)]),
            "it has no \"fine_labels\"",
        ),
        ("text for pixels", dictionary(&[("data", &text(&pixels)), ("fine_labels", &labels)]), "is no array"),
        ("number for labels", dictionary(&[("data", &one), ("fine_labels", b"K\x01")]), "is no list"),
        ("text among labels", dictionary(&[("data", &one), ("fine_labels", b"](U\x01ae")]), "no integer"),
        (
            "more labels",
            dictionary(&[("data", &one), ("fine_labels", &integers(&[1, 2]))]),
            "has 2 entries for 1 images",
        ),
        (
            "label of no class",
            dictionary(&[("data", &one), ("fine_labels", &integers(&[100]))]),
            "label 100 is not in 0..100",
        ),
        (
            "negative label",
            dictionary(&[("data", &one), ("fine_labels", b"](J\xff\xff\xff\xffe")]),
            "label -1 is not in 0..100",
        ),
        (
            "large label",
            dictionary(&[("data", &one), ("fine_labels", b"](\x8a\x08\0\0\0\0\0\0\0\x01e")]),
            "label 72057594037927936 is not in",
        ),
        ("integer of 65 bits", b"\x8a\x09\0\0\0\0\0\0\0\0\x01.".to_vec(), "more than 64 bits"),
        (
            "no images",
            dictionary(&[("data", &array(0, PIXELS, &[])), ("fine_labels", b"]")]),
            "has the shape [0, 3072], expected [n, 3072]",
        ),
        (
            "other width",
            dictionary(&[("data", &array(2, 1536, &pixels)), ("fine_labels", &labels)]),
            "has the shape [2, 1536]",
        ),
        (
            "fewer bytes than the shape",
            dictionary(&[("data", &array(2, PIXELS, &pixels)), ("fine_labels", &labels)]),
            "not as many bytes as its shape says",
        ),
        (
            "a shape beyond all memory",
            dictionary(&[("data", &array(1 << 30, 1 << 30, &pixels)), ("fine_labels", &labels)]),
            "not as many bytes as its shape says",
        ),
        (
            "an array without a state",
            dictionary(&[
                ("data", b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"),
                ("fine_labels", &labels),
            ]),
            "has the shape [0, 0]",
        ),
        (
            "numbers of 8 bytes",
            [
                &b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n)U\x01b\x87R"[..],
                b"(K\x01K\x01K\x01\x86cnumpy\ndtype\nU\x02f8\x85R\x89U\x01atb.",
            ]
            .concat(),
            "an array is not one of bytes",
        ),
        ("a call of a number", b"K\x01)R.".to_vec(), "it calls a value that is no function"),
        ("a state of a list", b"])b.".to_vec(), "it sets the state of a value that has none"),
        ("an item of a number", b"K\x01K\x02a.".to_vec(), "it appends to a value that is no list"),
        ("a key without a value", b"}(K\x01u.".to_vec(), "a key without a value"),
        ("an empty stack", b"R.".to_vec(), "where none is left"),
        ("a value from below a mark", b"](Ka.".to_vec(), ""),
        ("no mark", b"e.".to_vec(), "there is none"),
        ("what was never remembered", b"h\x05.".to_vec(), "never remembered"),
        ("a negative length", b"T\xff\xff\xff\xffx.".to_vec(), "a text has a negative length"),
        ("a length beyond the file", b"T\xff\xff\xff\x7fx.".to_vec(), "byte 7: it ends in the middle"),
        ("a mark left over", b"(K\x01.".to_vec(), "before its values are put together"),
        ("a line without an end", b"cnumpy".to_vec(), "byte 6: it ends in the middle"),
    ];
    for (case, bytes, expected) in cases {
        assert_refused(case, &bytes, expected);
    }
}

#[test]
fn values_that_contain_themselves_or_each_other_many_times_cost_nothing() {
    // A list that holds itself; then lists of two of the one before, a tree of 2^60 leaves if it were copied.
    let mut bytes = b"\x80\x02}(U\x06hiddenq\x00]q\x01h\x01a".to_vec();
    for level in 0..60 {
        bytes.extend(text(format!("level {level}").as_bytes()));
        bytes.extend([b']', b'q', level + 2, b'(', b'h', level + 1, b'h', level + 1, b'e']);
    }
    let sound = pickle(SET, &[0, 1]);
    bytes.extend(&sound[6..]);
    assert_eq!(error_of(&bytes), None);
}

#[test]
fn more_values_than_any_file_has_are_refused() {
    let many = 2_000_000;
    assert_refused("values", &vec![b']'; many], "it has more than 1048576 values");
    assert_refused("marks", &vec![b'('; many], "it has more than 1048576 values");
    let recalled: Vec<u8> = b"]q\x00".iter().chain(b"h\x00".iter().cycle().take(2 * many)).copied().collect();
    assert_refused("values recalled", &recalled, "it has more than 1048576 values");
}
