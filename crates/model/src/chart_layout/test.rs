use super::*;
use proptest::prelude::*;

fn section(name: &str, charts: &str) -> Section {
    Section { name: name.to_owned(), charts: charts.split_whitespace().map(str::to_owned).collect() }
}

fn board() -> Vec<Section> {
    vec![section("", "loss lr"), section("train", "a b c d"), section("val", "e f")]
}

/// A board in words: `[pinned] name: charts | …`.
fn words(board: &LaidOut) -> String {
    let sections =
        board.sections.iter().map(|section| format!("{}: {}", section.name, section.charts.join(" ")));
    format!("[{}] {}", board.pinned.join(" "), sections.collect::<Vec<_>>().join(" | "))
}

fn shown(layout: &ChartLayout) -> LaidOut {
    let board = board();
    layout.apply(&board, |name| board.iter().any(|section| section.charts.iter().any(|chart| chart == name)))
}

#[test]
fn a_board_is_laid_out_by_the_address() {
    let check = |text: &str, expected: &str| {
        assert_eq!(words(&shown(&ChartLayout::parse(text))), expected, "{text}");
    };
    check("", "[] : loss lr | train: a b c d | val: e f");
    check("d!0", "[] : loss lr | train: d a b c | val: e f");
    check("d!0,a!2", "[] : loss lr | train: d b a c | val: e f");
    check("a!99", "[] : loss lr | train: b c d a | val: e f");
    check("f!p,loss!p,gone!p", "[f loss] : lr | train: a b c d | val: e");
    check("e!p,f!p", "[e f] : loss lr | train: a b c d");
    check("(val)!0,()!f", "[] val: e f | : loss lr | train: a b c d");
}

#[test]
fn what_makes_no_sense_counts_for_nothing() {
    let check =
        |text: &str, expected: &str| assert_eq!(ChartLayout::parse(text).to_string(), expected, "{text}");
    check("", "");
    check(",,!p,loss,loss!w9,loss!x,(train)", "");
    check("loss!w2!p!t", "loss!p!w2!t");
    check("loss!1!p,loss!2", "loss!p");
    check("a*2Cb!s,a*!s,a*FF!s", "a*2Cb!s");
    check("(train)!o!3", "(train)!3!o");
    check("(train!s", "*28train!s");
}

#[test]
fn charts_are_moved_and_only_they_are_written_down() {
    let check = |before: &str, chart: &str, to: usize, expected: &str| {
        let layout = ChartLayout::parse(before);
        let moved = layout.moved(&board(), &shown(&layout), chart, to);
        assert_eq!(moved.map(|layout| layout.to_string()), Ok(expected.to_owned()), "{before} {chart} {to}");
    };
    check("", "a", 3, "a!3");
    check("", "a", 0, "");
    check("a!3", "a", 0, "");
    check("a!3", "d", 0, "a!3,d!0");
    check("a!p,e!p!t", "e", 0, "e!p!t,a!p");
    check("a!p,elsewhere!p,e!p", "e", 0, "e!p,a!p,elsewhere!p");
    check("elsewhere!7", "b", 0, "elsewhere!7,b!0");
    check("", "nowhere", 1, "");
}

#[test]
fn sections_are_moved_and_folded() {
    let usual = ChartLayout::default();
    let moved = usual.section_moved(&board(), "val", 0).unwrap();
    assert_eq!(moved.to_string(), "(val)!0");
    assert_eq!(moved.section_moved(&board(), "val", 2), Ok(usual.clone()));
    let folded = moved.folded("val", false, true).unwrap();
    assert_eq!(folded.to_string(), "(val)!0!f");
    assert_eq!(folded.is_open("val"), Some(false));
    assert_eq!(folded.folded("val", true, true), Ok(moved));
}

#[test]
fn charts_are_pinned_and_sized() {
    let tall = ChartSize { columns: 2, height: Height::Tall };
    let layout = ChartLayout::default().sized("lr", tall).unwrap().pinned("loss", true).unwrap();
    let layout = layout.pinned("lr", true).unwrap();
    assert_eq!(layout.to_string(), "loss!p,lr!p!w2!t");
    assert_eq!(layout.size("lr"), tall);
    assert!(layout.is_pinned("loss") && !layout.is_pinned("a"));
    let layout = layout.pinned("loss", false).unwrap().sized("lr", ChartSize::default()).unwrap();
    assert_eq!(layout.to_string(), "lr!p");
}

#[test]
fn a_layout_has_an_end() {
    let mut layout = ChartLayout::default();
    for number in 0..MOST_LAID_OUT {
        layout = layout.pinned(&format!("metric {number}"), true).unwrap();
    }
    assert_eq!(layout.pinned("one more", true), Err(Full));
    assert!(layout.pinned("metric 3", false).is_ok());
    assert_eq!(ChartLayout::default().pinned(&"long".repeat(2000), true), Err(Full));
}

fn chart_word() -> impl Strategy<Value = ChartWord> {
    let stand = prop_oneof![Just(Stand::Usual), any::<u16>().prop_map(Stand::At), Just(Stand::Pinned)];
    let height = prop_oneof![Just(Height::Small), Just(Height::Normal), Just(Height::Tall)];
    ("[a-c(),!*/ é%]{1,6}", stand, 1..=WIDEST, height).prop_map(|(name, stand, columns, height)| ChartWord {
        name,
        stand,
        size: ChartSize { columns, height },
    })
}

fn section_word() -> impl Strategy<Value = SectionWord> {
    ("[a-c(),!*/ é%]{0,6}", any::<Option<u16>>(), any::<Option<bool>>())
        .prop_map(|(name, at, open)| SectionWord { name, at, open })
}

proptest! {
    #[test]
    fn a_layout_reads_back_as_written(
        charts in proptest::collection::vec(chart_word(), 0..9),
        sections in proptest::collection::vec(section_word(), 0..9),
    ) {
        let mut layout = ChartLayout { charts, sections };
        layout.charts.sort_by(|a, b| a.name.cmp(&b.name));
        layout.charts.dedup_by(|a, b| a.name == b.name);
        layout.sections.sort_by(|a, b| a.name.cmp(&b.name));
        layout.sections.dedup_by(|a, b| a.name == b.name);
        let layout = layout.checked().unwrap();
        prop_assert_eq!(ChartLayout::parse(&layout.to_string()), layout);
    }

    #[test]
    fn no_address_is_too_odd(text in ".*") {
        let layout = ChartLayout::parse(&text);
        prop_assert_eq!(ChartLayout::parse(&layout.to_string()), layout);
    }

    #[test]
    fn charts_stand_where_they_were_put(moves in proptest::collection::vec((0_usize..4, 0_usize..4), 0..12)) {
        let mut layout = ChartLayout::default();
        let mut expected = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        for (chart, to) in moves {
            let name = ["a", "b", "c", "d"][chart];
            layout = layout.moved(&board(), &shown(&layout), name, to).unwrap();
            shift(&mut expected, |other| other == name, to);
            let board = shown(&layout);
            prop_assert_eq!(&board.sections[1].charts, &expected);
        }
    }
}
