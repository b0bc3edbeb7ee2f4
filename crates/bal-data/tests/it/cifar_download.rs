//! Fetching CIFAR: one archive in either form is enough, and both of its digests have to agree.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use bal_data::download::{self, Fetched, Origin};
use bal_data::{Content, DataError, Manifest, Md5, Mirror, Set};

use crate::cifar_files::{Form, Root, archive};
use crate::support::{Server, identical, names_in};

const SET: Set = Set::Cifar100;

fn packed(form: Form) -> Vec<u8> {
    archive(form.folder(SET), &form.files(SET))
}

/// The manifest of these archives; the MD5 digests are those of `published`.
fn manifest(sources: &[String], published: impl Fn(&[u8]) -> Md5) -> Manifest {
    let mut text = format!(
        "[[set]]\nname = \"{SET}\"\nlicence = \"none\"\nhint = \"bring it\"\nsources = [{}]\n",
        sources.join(", ")
    );
    for form in Form::ALL {
        let bytes = packed(form);
        let Content { bytes: size, sha256 } = Content::of(&bytes);
        write!(
            text,
            "[[set.archives]]\nname = \"{}\"\ncontent = {{ bytes = {size}, sha256 = \"{sha256}\" }}\nmd5 = \"{}\"\n",
            form.archive(SET),
            published(&bytes)
        )
        .unwrap();
    }
    Manifest::parse(&text, Path::new("test.toml")).unwrap()
}

fn server(forms: &[Form]) -> Server {
    let files = forms.iter().map(|form| (format!("/{}", form.archive(SET)), packed(*form)));
    Server::files(files.collect::<BTreeMap<_, _>>())
}

fn fetch(root: &Root, manifest: &Manifest, mirror: Option<&Mirror>) -> Result<Fetched, DataError> {
    download::fetch(manifest, SET, root.0.path(), mirror, &mut |_| {})
}

#[test]
fn either_archive_is_fetched_and_loads() {
    for form in Form::ALL {
        let server = server(&[form]);
        let manifest = manifest(&[identical(&server.base)], Md5::of);
        let root = Root::new(SET);
        let fetched = fetch(&root, &manifest, None).unwrap();
        let name = form.archive(SET);
        assert_eq!(fetched.files.len(), 1);
        assert_eq!(fetched.files[0].origin, Origin::Source(format!("{}/{name}", server.base)));
        assert_eq!(names_in(&root.folder()), [name]);
        download::check(&manifest, SET, root.0.path()).unwrap();
        assert_eq!(root.load().unwrap().train.len(), 2);
    }
}

#[test]
fn a_mirror_with_one_form_is_asked_before_the_official_source() {
    let server = server(&Form::ALL);
    let manifest = manifest(&[identical(&server.base)], Md5::of);
    let mirror = tempfile::tempdir().unwrap();
    fs::create_dir(mirror.path().join(SET.name())).unwrap();
    let name = Form::Python.archive(SET);
    fs::write(mirror.path().join(SET.name()).join(&name), packed(Form::Python)).unwrap();
    let root = Root::new(SET);
    fetch(&root, &manifest, Some(&Mirror::Folder(mirror.path().to_owned()))).unwrap();
    assert_eq!(names_in(&root.folder()), [name]);
    assert!(server.seen().is_empty());
}

#[test]
fn an_archive_that_is_there_and_right_is_not_fetched_again_and_a_wrong_one_is_replaced() {
    let server = server(&Form::ALL);
    let manifest = manifest(&[identical(&server.base)], Md5::of);
    let root = Root::new(SET);
    root.packed(Form::Python, &Form::Python.files(SET));
    let fetched = fetch(&root, &manifest, None).unwrap();
    assert!(server.seen().is_empty() && fetched.files[0].origin == Origin::Present);

    let wrong = root.folder().join(Form::Python.archive(SET));
    fs::write(&wrong, b"something else").unwrap();
    let error = download::check(&manifest, SET, root.0.path()).unwrap_err();
    assert!(matches!(error, DataError::WrongContent { .. }), "{error}");
    fetch(&root, &manifest, None).unwrap();
    assert_eq!(server.seen().len(), 1);
    download::check(&manifest, SET, root.0.path()).unwrap();
}

#[test]
fn an_archive_without_the_authors_md5_digest_is_refused() {
    let server = server(&Form::ALL);
    let manifest = manifest(&[identical(&server.base)], |_| Md5::of(b"another"));
    let root = Root::new(SET);
    let error = fetch(&root, &manifest, None).unwrap_err().to_string();
    let (found, expected) = (Md5::of(&packed(Form::Binary)), Md5::of(b"another"));
    assert!(
        error.contains(&format!("its MD5 digest is {found}, but its authors publish {expected}")),
        "{error}"
    );
    assert!(names_in(&root.folder()).is_empty());
}

#[test]
fn where_no_source_has_it_the_error_lists_both_archives_and_the_other_way() {
    let server = server(&[]);
    let manifest = manifest(&[identical(&server.base)], Md5::of);
    let root = Root::new(SET);
    let error = fetch(&root, &manifest, None).unwrap_err().to_string();
    for form in Form::ALL {
        assert!(error.contains(&format!("{}/{}", server.base, form.archive(SET))), "{error}");
    }
    assert!(error.contains("bring it"), "{error}");
    let error = download::check(&manifest, SET, root.0.path()).unwrap_err();
    assert!(matches!(error, DataError::Missing { .. }), "{error}");
}
