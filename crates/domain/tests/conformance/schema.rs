//! The two databases have one schema, which `schema.txt` shows.
//!
//! After a change of migrations, `UPDATE_SNAPSHOTS=1` with these tests writes the new schema, to be read and committed.

use crate::world::*;
use sqlx::{AssertSqlSafe, PgConnection, Row as _, SqliteConnection};
use std::{collections::BTreeSet, fmt::Write as _, path::Path};

on_both_databases! { the_schema_is_that_of_the_snapshot }

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/schema.txt");

#[test]
fn the_migrations_of_both_databases_have_the_same_names() {
    let names = |database: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database);
        std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

async fn the_schema_is_that_of_the_snapshot(world: &World) {
    let found = if world.is_postgres() {
        schema_of_postgres(&mut world.postgres().await).await
    } else {
        schema_of_sqlite(&mut world.sqlite().await).await
    };
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(SNAPSHOT, &found).unwrap();
    }
    let expected = std::fs::read_to_string(SNAPSHOT).unwrap();
    for (line, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "schema.txt, line {}", line + 1);
    }
    assert_eq!(found, expected);
}

/// One table, in words that both databases share.
struct Table {
    columns: Vec<Column>,
    /// `run_id -> runs (id) ON DELETE CASCADE`
    foreign_keys: BTreeSet<String>,
    /// `tokens_user (user_id)`
    indexes: BTreeSet<String>,
    /// `(name)`: what must not come twice, besides the key.
    uniques: BTreeSet<String>,
}

struct Column {
    name: String,
    kind: &'static str,
    not_null: bool,
    /// Its place in the primary key, from 1; 0 for none.
    key: i64,
}

/// Of the same kind if Rust reads the same from it. SQLite keeps UUIDs as bytes.
fn kind(declared: &str) -> &'static str {
    match declared {
        "INTEGER" | "bigint" => "integer",
        "TEXT" | "text" => "text",
        "REAL" | "double precision" => "real",
        "BOOLEAN" | "boolean" => "boolean",
        "BLOB" | "bytea" | "uuid" => "bytes",
        other => panic!("a type that has no twin: {other}"),
    }
}

impl Table {
    fn push(&self, name: &str, text: &mut String) {
        writeln!(text, "{name}").unwrap();
        for Column { name, kind, not_null, key } in &self.columns {
            let null = if *not_null { "" } else { " or null" };
            let key = if *key > 0 { format!(", key {key}") } else { String::new() };
            writeln!(text, "    {name}: {kind}{null}{key}").unwrap();
        }
        for (what, list) in
            [("unique", &self.uniques), ("index", &self.indexes), ("reference", &self.foreign_keys)]
        {
            for line in list {
                writeln!(text, "    {what} {line}").unwrap();
            }
        }
        text.push('\n');
    }
}

fn reference(columns: &str, table: &str, others: &str, on_update: &str, on_delete: &str) -> String {
    let rule = |when: &str, what: &str| match what {
        "NO ACTION" => String::new(),
        what => format!(" {when} {what}"),
    };
    format!(
        "({columns}) to {table} ({others}){}{}",
        rule("on update", on_update),
        rule("on delete", on_delete)
    )
}

async fn schema_of_sqlite(db: &mut SqliteConnection) -> String {
    let mut text = String::new();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '_sqlx%' ORDER BY name",
    )
    .fetch_all(&mut *db)
    .await
    .unwrap();
    for name in tables {
        let columns =
            sqlx::query("SELECT name, type, \"notnull\", pk FROM pragma_table_info($1) ORDER BY cid")
                .bind(&name)
                .fetch_all(&mut *db)
                .await
                .unwrap()
                .iter()
                .map(|row| Column {
                    name: row.get(0),
                    kind: kind(row.get(1)),
                    not_null: row.get(2),
                    key: row.get(3),
                })
                .collect();
        let foreign_keys = sqlx::query(
            "SELECT group_concat(\"from\", ', '), \"table\", group_concat(\"to\", ', '), on_update, on_delete
             FROM (SELECT * FROM pragma_foreign_key_list($1) ORDER BY id, seq) GROUP BY id",
        )
        .bind(&name)
        .fetch_all(&mut *db)
        .await
        .unwrap()
        .iter()
        .map(|row| reference(row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)))
        .collect();
        let (mut indexes, mut uniques) = (BTreeSet::new(), BTreeSet::new());
        for row in sqlx::query("SELECT name, origin FROM pragma_index_list($1)")
            .bind(&name)
            .fetch_all(&mut *db)
            .await
            .unwrap()
        {
            let (index, origin): (String, String) = (row.get(0), row.get(1));
            let columns: Vec<String> = sqlx::query_scalar(
                "SELECT COALESCE(name, '(an expression)') || CASE WHEN \"desc\" THEN ' DESC' ELSE '' END FROM pragma_index_xinfo($1) WHERE key ORDER BY seqno",
            )
            .bind(&index)
            .fetch_all(&mut *db)
            .await
            .unwrap();
            let columns = columns.join(", ");
            match origin.as_str() {
                "c" => indexes.insert(format!("{index} ({columns})")),
                "u" => uniques.insert(format!("({columns})")),
                _ => false,
            };
        }
        Table { columns, foreign_keys, indexes, uniques }.push(&name, &mut text);
    }
    text
}

async fn schema_of_postgres(db: &mut PgConnection) -> String {
    let mut text = String::new();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables
         WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%' ORDER BY table_name COLLATE \"C\"",
    )
    .fetch_all(&mut *db)
    .await
    .unwrap();
    for name in tables {
        let columns = sqlx::query(
            "SELECT c.column_name::text, c.data_type::text, c.is_nullable = 'NO',
                 COALESCE(array_position(k.conkey, a.attnum), 0)::bigint
             FROM information_schema.columns c
             JOIN pg_attribute a ON a.attrelid = $1::text::regclass AND a.attname = c.column_name
             LEFT JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'p'
             WHERE c.table_schema = current_schema() AND c.table_name = $1 ORDER BY c.ordinal_position",
        )
        .bind(&name)
        .fetch_all(&mut *db)
        .await
        .unwrap()
        .iter()
        .map(|row| Column { name: row.get(0), kind: kind(row.get(1)), not_null: row.get(2), key: row.get(3) })
        .collect();
        let columns_of = |table: &str, numbers: &str| {
            format!(
                "(SELECT string_agg(a.attname, ', ' ORDER BY n.at) FROM unnest({numbers}) WITH ORDINALITY n(number, at)
                  JOIN pg_attribute a ON a.attrelid = {table} AND a.attnum = n.number)"
            )
        };
        let rule = |column: &str| {
            format!(
                "CASE {column} WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END"
            )
        };
        let select = format!(
            "SELECT {}, k.confrelid::regclass::text, {}, {}, {} FROM pg_constraint k
             WHERE k.conrelid = $1::text::regclass AND k.contype = 'f'",
            columns_of("k.conrelid", "k.conkey"),
            columns_of("k.confrelid", "k.confkey"),
            rule("k.confupdtype"),
            rule("k.confdeltype"),
        );
        let foreign_keys = sqlx::query(AssertSqlSafe(select))
            .bind(&name)
            .fetch_all(&mut *db)
            .await
            .unwrap()
            .iter()
            .map(|row| reference(row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)))
            .collect();
        let (mut indexes, mut uniques) = (BTreeSet::new(), BTreeSet::new());
        let found = sqlx::query(
            "SELECT i.indexrelid::regclass::text, i.indisunique,
                 (SELECT string_agg(CASE WHEN i.indkey[n - 1] = 0 THEN '(an expression)'
                      ELSE pg_get_indexdef(i.indexrelid, n, TRUE) END
                      || CASE WHEN i.indoption[n - 1] & 1 = 1 THEN ' DESC' ELSE '' END, ', ' ORDER BY n)
                  FROM generate_series(1, i.indnatts) n)
             FROM pg_index i WHERE i.indrelid = $1::text::regclass AND NOT i.indisprimary",
        );
        for row in found.bind(&name).fetch_all(&mut *db).await.unwrap() {
            let (index, unique, columns): (String, bool, String) = (row.get(0), row.get(1), row.get(2));
            match unique {
                true => uniques.insert(format!("({columns})")),
                false => indexes.insert(format!("{index} ({columns})")),
            };
        }
        Table { columns, foreign_keys, indexes, uniques }.push(&name, &mut text);
    }
    text
}
