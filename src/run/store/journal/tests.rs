use std::fs;

use super::*;
use crate::space::Setting;

fn tuned(number: u32) -> Record {
    Record::Tuned(Box::new(Tuned {
        number,
        at_ms: 7,
        id: 18_000,
        turn: 17_500,
        settings: vec![Setting { key: "budget.layers".to_owned(), value: Some("18".to_owned()) }],
        changes: Vec::new(),
        undoes: None,
        evicted: 0,
        returned: 0,
        rescored: 0,
    }))
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut journal = Journal::create(folder.path()).expect("new");
    journal.append(&tuned(1)).expect("written");
    journal.append(&tuned(2)).expect("written");
    let found = read(folder.path()).expect("there");
    assert_eq!((found.records, found.damage), (vec![(1, tuned(1)), (2, tuned(2))], None));
    assert!(Journal::create(folder.path()).is_err(), "there is one");
}

#[test]
fn damage_is_told_with_its_line_and_cut_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut journal = Journal::create(folder.path()).expect("new");
    journal.append(&tuned(1)).expect("written");
    let path = folder.path().join(FILE);
    let text = fs::read_to_string(&path).expect("readable");
    let error = |text: &str| {
        fs::write(&path, text).expect("written");
        read(folder.path()).expect("there").damage.expect("damaged").to_string()
    };
    let cut = error(&text[..text.len() - 1]);
    assert!(cut.contains("journal.jsonl:2:1: the line has no end"), "{cut}");
    let changed = error(&text.replace("18000", "18001"));
    assert!(changed.contains(":2:1: the line was changed"), "{changed}");
    let other = error(&text.replace("\"version\":1", "\"version\":9"));
    assert!(other.contains(":1:1: the line was changed"), "{other}");
    let headless: String = text.split_inclusive('\n').skip(1).collect();
    assert!(error(&headless).contains("must say the version"));
    assert!(error("{}\n").contains("no line of a journal"));
    // What is whole is taken, and written on.
    fs::write(&path, &text[..text.len() - 9]).expect("written");
    let found = read(folder.path()).expect("there");
    assert!(found.records.is_empty() && found.damage.is_some());
    let mut journal = Journal::go_on(folder.path(), &found, 7).expect("writable");
    journal.append(&tuned(2)).expect("written");
    let found = read(folder.path()).expect("there");
    assert_eq!((found.records, found.damage), (vec![(7, tuned(2))], None));
}

/// Numbers came later.
#[test]
fn a_journal_without_numbers_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = |record: &Record| {
        let record = serde_json::to_string(record).expect("plain");
        format!("{{\"crc32\":{},\"record\":{record}}}\n", crc32fast::hash(record.as_bytes()))
    };
    let text = line(&Record::Begun { version: 1 }) + &line(&tuned(1));
    fs::write(folder.path().join(FILE), text).expect("written");
    let found = read(folder.path()).expect("there");
    assert_eq!((&found.records, &found.damage), (&vec![(1, tuned(1))], &None));
    let mut journal = Journal::go_on(folder.path(), &found, 0).expect("writable");
    journal.append(&tuned(2)).expect("written");
    let found = read(folder.path()).expect("there");
    assert_eq!((found.records, found.damage), (vec![(1, tuned(1)), (2, tuned(2))], None));
}

#[test]
fn what_a_full_disk_did_not_take_is_written_when_it_can_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut journal = Journal::create(folder.path()).expect("new");
    let told = |id| {
        let question = Question {
            renewal: 0,
            purpose: crate::run::worker::JobPurpose::Candidate { id },
            first_repeat: 0,
        };
        Record::Told(Told { at_ms: 1, question, outcome: JobOutcome::Failed("no".to_owned()) })
    };
    journal.append(&told(1)).expect("written");
    let good = std::mem::replace(&mut journal.file, File::open("/dev/null").expect("there"));
    // A file that is open for reading takes nothing, like a full disk.
    assert!(journal.append(&tuned(1)).is_err());
    assert_eq!(journal.append(&told(2)).expect("said once"), Append::Owed);
    drop(good);
    journal.failed = Instant::now().checked_sub(RETRY_INTERVAL);
    assert_eq!(journal.append(&told(3)).expect("works"), Append::Recovered { lost: 1 });
    assert_eq!(journal.append(&told(4)).expect("works"), Append::Done);
    let found = read(folder.path()).expect("there");
    let records: Vec<Record> = found.records.into_iter().map(|(_, record)| record).collect();
    assert_eq!(records, [told(1), tuned(1), told(3), told(4)]);
    assert_eq!(found.damage, None);
}
