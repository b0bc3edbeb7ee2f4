//! Tables of images: splits and groups by column, and rows that are refused.

use std::collections::BTreeSet;

use bal_data::own::{self, Layout, SplitOrigin};
use bal_data::{OwnSettings, Share};

use crate::own::{Made, gray, png, skipping};

/// Images `i/0.png`, .. and this table.
fn made(images: usize, table: &str) -> Made {
    let made = Made::new();
    for at in 0..images {
        made.write(&format!("i/{at}.png"), &png(&gray(6, 5, at as u8)));
    }
    made.write("images.csv", table.as_bytes());
    made
}

#[test]
fn rows_are_images_in_their_order() {
    let made = made(
        4,
        "label,split,path\n10,train,i/0.png\n9,train, ./i/1.png \n9,Test,i/3.png\n10,test,i//2.png\n",
    );
    let own = made.load().unwrap();
    assert_eq!((own.report.layout, own.report.split), (Layout::Csv, SplitOrigin::Given));
    assert_eq!(own.classes, ["9", "10"]);
    assert_eq!((&own.dataset.train.labels[..], &own.dataset.test.labels[..]), (&[1, 0][..], &[0, 1][..]));
    let first =
        |part: &bal_data::Split| part.images.outer_iter().map(|image| image[[0, 0, 0]]).collect::<Vec<_>>();
    assert_eq!((first(&own.dataset.train), first(&own.dataset.test)), (vec![0, 1], vec![3, 2]));
    let by_path = own::load(&made.at("images.csv"), &OwnSettings::default()).unwrap();
    assert_eq!((by_path.dataset.digests, by_path.dataset.name.as_str()), (own.dataset.digests, "images"));
}

#[test]
fn groups_stay_on_one_side_when_the_split_is_drawn_and_when_images_are_held_out() {
    let rows = (0..120).map(|at| format!("i/{at}.png,{},g{}", at / 60, at / 4));
    let table: Vec<String> = std::iter::once("path,label,group".to_owned()).chain(rows).collect();
    let made = made(120, &table.join("\n"));
    for seed in 0..5 {
        let own = made.load_by(&OwnSettings { seed, ..OwnSettings::default() }).unwrap();
        assert_eq!(own.report.split, SplitOrigin::Drawn { seed, grouped: true });
        let (train, test) = (&own.dataset.train, &own.dataset.test);
        let of = |groups: &Option<Vec<u32>>| groups.clone().unwrap().into_iter().collect::<BTreeSet<u32>>();
        assert!(of(&train.groups).is_disjoint(&of(&test.groups)));
        assert_eq!((test.len() % 4, of(&train.groups).len() + of(&test.groups).len()), (0, 30));
        // Of 30 groups 6 are expected, with a deviation of 2.2.
        assert!((4..=4 * 15).contains(&test.len()), "{}", test.len());
        let holdout = train.holdout(Share::Images(10), seed).unwrap();
        let out = of(&train.select(&holdout.held_out).groups);
        assert_eq!(holdout.held_out.len(), 12);
        assert!(out.is_disjoint(&of(&train.select(&holdout.kept).groups)));
    }
}

#[test]
fn rows_that_cannot_be_used_are_refused_with_their_line() {
    let cases = [
        ("path,label\ni/0.png,a\ni/1.png,b\n./i/0.png,b\n", "line 4: i/0.png is in line 2 already"),
        ("path,label\n../i/0.png,a\n", "line 2: the path \"../i/0.png\" leads out of the table's folder"),
        ("path,label\n/etc/hosts,a\n", "line 2: the path \"/etc/hosts\" leads out"),
        ("path,label\n.,a\n", "names no file"),
        ("path,label\n,a\n", "line 2: the path is empty"),
        ("path,label\ni/0.png,\n", "line 2: the label is empty"),
        ("path,label\ni/0.png,\"a\nb\"\n", "line 2: the label \"a\\nb\" has control characters"),
        ("path,label\ni/0.png\n", "line 2: has another number of fields (1) than the header (2)"),
        ("path,label,split\ni/0.png,a,vale\n", "line 2: the split \"vale\" is none of train, val and test"),
        ("path,label,split\ni/0.png,a,\n", "line 2: the split is empty"),
        ("path,label,group\ni/0.png,a,\n", "line 2: the group is empty"),
        (
            "path,label,split,group\ni/0.png,a,train,g\ni/1.png,a,test,g\ni/2.png,b,train,h\n",
            "line 3: group \"g\" is on the other side of the split in line 2",
        ),
        ("path,label,groups\n", "has no row below its header"),
        ("path,path,label\n", "\"path\" is there twice"),
        ("path\n", "has to name the columns path and label"),
        ("", "has to name the columns path and label"),
        ("path,label\n", "has no row below its header"),
        ("path,label\ni/0.png,Cat\ni/1.png,cat\n", "\"Cat\" and \"cat\" differ in case only"),
        ("path,label\ni/0.png,1\ni/1.png,01\n", "the same number"),
        ("path,label\ni/0.png,a\ni/1.png,a\n", "only one class"),
        ("path,label,split\ni/0.png,a,train\ni/1.png,b,test\n", "class \"b\" has no training image"),
        ("path,label,split\ni/0.png,a,train\ni/1.png,b,train\n", "no test image"),
        ("path,label\ni/0.png,a\ni/7.png,a\ni/1.png,b\ni/2.png,b\n", "i/7.png: cannot read: No such file"),
        ("path,label\ni,a\ni/0.png,a\ni/1.png,b\ni/2.png,b\n", "i: is not a file"),
    ];
    for (table, expected) in cases {
        let error = made(3, table).error();
        assert!(error.contains(expected), "{table:?}: {error}");
    }
    let made = made(3, "");
    made.write("images.csv", b"path,label\ni/0.png,caf\xe9\n");
    assert!(made.error().contains("line 2: is not UTF-8"));
}

#[test]
fn absent_files_can_be_skipped() {
    let table = "path,label\ni/0.png,a\ni/7.png,a\ni/1.png,a\ni/2.png,b\ni/3.png,b\n";
    let own = made(4, table).load_by(&skipping()).unwrap();
    assert_eq!((own.report.skipped.len(), own.report.skipped[0].file.as_str()), (1, "i/7.png"));
    assert_eq!(own.dataset.train.len() + own.dataset.test.len(), 4);
}

#[test]
fn tables_of_other_programs_are_read_and_what_is_left_alone_is_said() {
    let made = made(6, "");
    let rows = |separator: &str, header: &str| {
        let row = |at: u32| {
            format!("i/{at}.png{separator}{}{separator}\"{at}, and more\"", if at < 3 { "a" } else { "b" })
        };
        format!("{header}\r\n{}\r\n", (0..6).map(row).collect::<Vec<_>>().join("\r\n"))
    };
    let plain = rows(",", "path,label,note");
    made.write("images.csv", plain.as_bytes());
    let first = made.load().unwrap();
    assert_eq!(first.report.remarks, ["columns, separated by commas: path, label; left alone: note"]);
    for (file, text) in [
        ("images.csv", format!("\u{feff}{plain}")),
        ("images.csv", rows(";", "Filename;Class;Note")),
        ("images.tsv", rows("\t", "image_path\tcategory\tnote")),
    ] {
        std::fs::remove_file(made.at("images.csv")).ok();
        made.write(file, text.as_bytes());
        let own = made.load().unwrap();
        assert_eq!(own.dataset.digests, first.dataset.digests, "{text}");
    }
    let text = made.load().unwrap().report.to_string();
    assert!(
        text.contains("columns, separated by tabs: image_path as path, category as label; left alone: note"),
        "{text}"
    );
    made.write("list.txt", plain.as_bytes());
    assert_eq!(own::load(&made.at("list.txt"), &OwnSettings::default()).unwrap().dataset.name, "list");
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(plain.bytes().flat_map(|byte| [byte, 0])).collect();
    made.write("wide.csv", &wide);
    let error = own::load(&made.at("wide.csv"), &OwnSettings::default()).unwrap_err().to_string();
    assert!(error.contains("is in UTF-16; save the table in UTF-8"), "{error}");
}

#[test]
fn val_in_a_table_is_as_a_folder_of_that_name() {
    let rows = "path,label,split\ni/0.png,a,train\ni/1.png,b,Training\ni/2.png,a,val\ni/3.png,b,validation\n";
    let own = made(5, rows).load().unwrap();
    assert_eq!((own.dataset.held_out, own.dataset.test.labels), (None, vec![0, 1]));
    let own = made(5, &format!("{rows}i/4.png,b,test\n")).load().unwrap();
    assert_eq!((own.dataset.held_out.unwrap().labels, own.dataset.test.labels), (vec![0, 1], vec![1]));
}

#[test]
fn the_group_decides_the_side_whatever_else_is_in_the_table() {
    let row = |at: usize| format!("i/{at}.png,{},film {}\n", at % 2, at / 4);
    let table =
        |rows: std::ops::Range<usize>| format!("path,label,group\n{}", rows.map(row).collect::<String>());
    let sides = |made: &Made| {
        let own = made.load().unwrap();
        let names = |part: bal_data::Split| part.names.unwrap().into_iter().collect::<BTreeSet<_>>();
        (names(own.dataset.train), names(own.dataset.test))
    };
    let (train, test) = sides(&made(120, &table(0..120)));
    let (train_after, test_after) = sides(&made(120, &table(36..120)));
    assert!(train.is_disjoint(&test_after) && test.is_disjoint(&train_after));
}

#[test]
fn a_list_of_classes_orders_the_labels_of_a_table() {
    let made = made(4, "path,label\ni/0.png,a\ni/1.png,b\ni/2.png,a\ni/3.png,b\n");
    made.write("classes.txt", b"b\na\n");
    assert_eq!(made.load().unwrap().classes, ["b", "a"]);
    let known =
        OwnSettings { classes: Some(["c", "b", "a"].map(str::to_owned).to_vec()), ..OwnSettings::default() };
    assert_eq!(own::load_labelled(made.path(), &known).unwrap().images.labels, [2, 1, 2, 1]);
    assert!(made.error_by(&known).contains("class \"c\" has no image"));
}
