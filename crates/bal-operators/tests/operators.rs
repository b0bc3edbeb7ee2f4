//! Operators by name compute what tch's functions do, and refuse in words; archives give back what was stored.

use bal_operators::{Archive, Constant, Operator, OperatorError, Value};
use std::{fs, io::Write, path::Path};
use tch::{Device, Kind, Tensor};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

fn tensor(results: &[Value]) -> Tensor {
    match results {
        [Value::Tensor(tensor)] => tensor.shallow_clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_and_gradients_are_those_of_tch_to_the_bit() {
    let [x, weight, bias] = [&[2, 3, 8, 8][..], &[4, 3, 3, 3], &[4]].map(|size: &[i64]| {
        let count = size.iter().product::<i64>();
        ((Tensor::arange(count, (Kind::Float, Device::Cpu)) * 0.37).sin())
            .reshape(size)
            .set_requires_grad(true)
    });
    let conv = Operator::find("aten::conv2d", "").unwrap();
    let own = tensor(
        &conv
            .call(&[
                ("input", Value::Tensor(x.shallow_clone())),
                ("weight", Value::Tensor(weight.shallow_clone())),
                ("bias", Value::Tensor(bias.shallow_clone())),
                // One number for both dimensions, as Python takes it.
                ("stride", Constant::Int(2).into()),
                ("padding", Constant::Ints(vec![1, 1]).into()),
            ])
            .unwrap(),
    );
    let theirs = x.conv2d(&weight, Some(&bias), 2, 1, 1, 1);
    assert_eq!(own, theirs);
    let gradients = |y: &Tensor| {
        Tensor::run_backward(&[y.square().sum(Kind::Float)], &[&x, &weight, &bias], false, false)
    };
    for (own, theirs) in gradients(&own).iter().zip(gradients(&theirs)) {
        assert_eq!(*own, theirs);
    }
}

#[test]
fn lists_of_tensors_integers_and_several_results_come_and_go() {
    let x = Tensor::arange(6, (Kind::Float, Device::Cpu)).reshape([2, 3]);
    let list = Value::Tensors(vec![Some(x.shallow_clone()), Some(x.shallow_clone())]);
    let cat = Operator::find("aten::cat", "").unwrap();
    assert_eq!(
        tensor(&cat.call(&[("tensors", list), ("dim", Constant::Int(1).into())]).unwrap()).size(),
        [2, 6]
    );
    // The first dimension is left out.
    let rows = Value::Tensors(vec![None, Some(Tensor::from_slice(&[2_i64, 0]))]);
    let index = Operator::find("aten::index", "Tensor").unwrap();
    let picked =
        tensor(&index.call(&[("self", Value::Tensor(x.shallow_clone())), ("indices", rows)]).unwrap());
    assert_eq!(Vec::<f32>::try_from(picked.reshape([-1])).unwrap(), [2.0, 0.0, 5.0, 3.0]);
    let size = Operator::find("aten::sym_size", "int").unwrap();
    let of =
        size.call(&[("self", Value::Tensor(x.shallow_clone())), ("dim", Constant::Int(1).into())]).unwrap();
    assert!(matches!(of[..], [Value::Constant(Constant::Int(3))]), "{of:?}");
    let max = Operator::find("aten::max", "dim").unwrap();
    let both =
        max.call(&[("self", Value::Tensor(x.shallow_clone())), ("dim", Constant::Int(1).into())]).unwrap();
    assert!(matches!(both[..], [Value::Tensor(_), Value::Tensor(_)]), "{both:?}");
    let split = Operator::find("aten::split", "Tensor").unwrap();
    let parts = split
        .call(&[
            ("self", Value::Tensor(x)),
            ("split_size", Constant::Int(2).into()),
            ("dim", Constant::Int(1).into()),
        ])
        .unwrap();
    assert!(matches!(&parts[..], [Value::Tensors(parts)] if parts.len() == 2), "{parts:?}");
}

#[test]
fn a_number_for_a_tensor_keeps_the_tensor_s_precision() {
    let x = Tensor::from_slice(&[1.0_f32, 2.0]);
    let add = Operator::find("aten::add", "Tensor").unwrap();
    let sum =
        |other| tensor(&add.call(&[("self", Value::Tensor(x.shallow_clone())), ("other", other)]).unwrap());
    for (other, expected) in [
        (Constant::Float(0.5).into(), [1.5, 2.5]),
        (Constant::Int(2).into(), [3.0, 4.0]),
        (Constant::Bool(true).into(), [2.0, 3.0]),
    ] {
        let sum = sum(other);
        assert_eq!(sum.kind(), Kind::Float);
        assert_eq!(Vec::<f32>::try_from(sum).unwrap(), expected);
    }
}

#[test]
fn a_wrong_call_is_refused_in_words_and_never_ends_the_program() {
    assert!(matches!(Operator::find("aten::nonesuch", ""), Err(OperatorError::Unknown { .. })));
    assert!(matches!(Operator::find("aten::re\0lu", ""), Err(OperatorError::Unknown { .. })));
    let x = || Value::Tensor(Tensor::from_slice(&[1.0_f32]));
    let relu = Operator::find("aten::relu", "").unwrap();
    assert!(matches!(relu.call(&[("input", x())]), Err(OperatorError::Argument { .. })));
    for (arguments, expected) in [
        (vec![], "argument `self` is missing"),
        (vec![("self", Constant::None.into())], "argument `self` is NoneType where Tensor is wanted"),
        (
            vec![("self", Constant::Ints(vec![1]).into())],
            "argument `self` is List[int] where Tensor is wanted",
        ),
        (vec![("self", Constant::Text("x".into()).into())], "argument `self` is str where Tensor is wanted"),
    ] {
        let said = relu.call(&arguments).unwrap_err().to_string();
        assert!(said.starts_with("aten::relu: ") && said.contains(expected), "{said}");
    }
    let view = Operator::find("aten::view", "").unwrap();
    for size in [
        Constant::Ints(vec![2, 2]).into(),
        Constant::Ints(vec![i64::MAX, i64::MAX]).into(),
        Constant::Ints(vec![-5]).into(),
    ] {
        let said = view.call(&[("self", x()), ("size", size)]).unwrap_err().to_string();
        assert!(said.lines().count() < 6 && said.contains("aten::view"), "{said}");
    }
    let said = view.call(&[("self", x()), ("size", Constant::Float(1.5).into())]).unwrap_err().to_string();
    assert!(said.contains("`size` is float where List[int] is wanted"), "{said}");
}

#[test]
fn operators_that_write_say_to_which_argument() {
    let add = Operator::find("aten::add_", "Tensor").unwrap();
    assert!(add.writes("self") && !add.writes("other") && !add.writes("nonesuch"));
    assert!(!Operator::find("aten::add", "Tensor").unwrap().writes("self"));
}

fn archive(path: &Path, records: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(fs::File::create(path).unwrap());
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in records {
        zip.start_file(format!("network/{name}"), stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn records_come_back_and_an_archive_that_is_cut_off_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pt2");
    let all: Vec<u8> = (0..=255).collect();
    archive(&path, &[("version", b"3"), ("models/model.json", b"{}"), ("data/weights/weight_0", &all)]);
    let mut open = Archive::open(&path).unwrap();
    assert_eq!(open.records(), ["version", "models/model.json", "data/weights/weight_0"]);
    assert_eq!(open.read("data/weights/weight_0").unwrap(), all);
    assert!(open.read("data/weights/weight_1").unwrap_err().to_string().contains("weight_1"));
    assert!(open.read("a\0b").is_err());

    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(Archive::open(&path).is_err());
    fs::write(&path, b"").unwrap();
    assert!(Archive::open(&path).is_err());
    assert!(
        Archive::open(&folder.path().join("none.pt2")).unwrap_err().kind() == std::io::ErrorKind::NotFound
    );
    assert!(Archive::open(folder.path()).is_err());
}
