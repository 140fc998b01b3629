import { PilotError } from '@pilot/domain/errors'
import { type SqliteDatabase, transaction } from '@pilot/domain/sqlite/port'

/**
 * Forward migrations, one per schema version, in order. A published one is never edited. The version is kept in our own
 * table because other parts of the runtime keep rows in the same file.
 */
const MIGRATIONS = [
  `
  create table journal_session (
    id text primary key,
    workspace_id text not null,
    instance_id text not null,
    parent_id text,
    request text not null,
    directory text,
    external_id text unique,
    epoch text not null,
    boot_id text not null,
    head integer not null,
    floor integer not null,
    title_by_user integer not null,
    session text not null,
    summary text,
    created_at integer not null,
    deleted_at integer
  ) without rowid;
  create index journal_session_workspace on journal_session (workspace_id);
  create index journal_session_parent on journal_session (parent_id);

  create table journal_event (
    session_id text not null,
    seq integer not null,
    at integer not null,
    event text not null,
    primary key (session_id, seq)
  ) without rowid;

  create table journal_snapshot (
    session_id text primary key,
    seq integer not null,
    state text not null
  );

  create table command (
    id text primary key,
    workspace_id text not null,
    session_id text not null,
    request text not null,
    state text not null,
    message_id text,
    part_id text,
    actor_user_id text,
    error text,
    created_at integer not null,
    updated_at integer not null
  ) without rowid;
  create index command_session on command (session_id, created_at);
  create index command_open on command (state) where state in ('accepted', 'dispatching', 'running');

  create table ownership (
    kind text not null,
    external_id text not null,
    session_id text not null,
    workspace_id text not null,
    primary key (kind, external_id)
  ) without rowid;
  create index ownership_session on ownership (session_id);

  create table part_output (
    session_id text not null,
    part_id text not null,
    bytes integer not null,
    at integer not null,
    output text not null,
    primary key (session_id, part_id)
  );
  create index part_output_at on part_output (at);
  `,
] as const

/** What tells whether the file is the one that was written last, on the same boot of the machine. */
export interface Continuity {
  /** Changes with every boot of the operating system. */
  boot_id: string
  /** Identity of the file itself (device, inode): another one means that a copy was put in its place. */
  storage_id: string
}

/**
 * Makes the tables, or brings them to this version. A file of a newer version is refused untouched, with UPGRADE_REQUIRED.
 */
export function openSchema(db: SqliteDatabase): void {
  db.exec('pragma journal_mode = wal')
  db.exec('pragma synchronous = full')
  db.exec('pragma busy_timeout = 5000')
  db.exec('create table if not exists journal_meta (key text primary key, value text not null) without rowid')
  const version = Number(readMeta(db, 'schema_version') ?? 0)
  if (!Number.isInteger(version) || version > MIGRATIONS.length)
    throw new PilotError(
      'UPGRADE_REQUIRED',
      'The session data of this machine was written by a newer version of Pilot. Install that version again.',
    )
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index < version) continue
    transaction(db, () => {
      db.exec(migration)
      writeMeta(db, 'schema_version', String(index + 1))
    })
  }
}

/**
 * Decides which journals keep their epoch, and notes that the file is in use. Events are committed without a sync of
 * the disk, so a crash of the operating system can lose the last of them, which somebody may have seen: these sessions
 * get a new epoch. A crash of this process alone loses nothing.
 */
export function openContinuity(db: SqliteDatabase, now: Continuity, newEpoch: () => string): void {
  const boot = readMeta(db, 'boot_id')
  const storage = readMeta(db, 'storage_id')
  const clean = readMeta(db, 'clean') === '1'
  transaction(db, () => {
    const broken: [string, string[]] | null =
      storage !== null && storage !== now.storage_id
        ? ['', []]
        : boot !== null && boot !== now.boot_id && !clean
          ? [' where boot_id = ?', [boot]]
          : null
    if (broken) {
      const rows = db.query(`select id from journal_session${broken[0]}`).values(...broken[1])
      for (const [id] of rows) {
        // Readers of the old epoch take a snapshot; no event of it is given to them any more.
        db.query('update journal_session set epoch = ? where id = ?').run(newEpoch(), String(id))
      }
    }
    writeMeta(db, 'boot_id', now.boot_id)
    writeMeta(db, 'storage_id', now.storage_id)
    writeMeta(db, 'clean', '0')
  })
}

/** Notes that everything was written out, so that the next boot keeps every epoch. */
export function closeContinuity(db: SqliteDatabase): void {
  writeMeta(db, 'clean', '1')
}

function readMeta(db: SqliteDatabase, key: string): string | null {
  const row = db.query('select value from journal_meta where key = ?').values(key)[0]
  return row ? String(row[0]) : null
}

function writeMeta(db: SqliteDatabase, key: string, value: string): void {
  db.query('insert into journal_meta values (?, ?) on conflict (key) do update set value = excluded.value').run(
    key,
    value,
  )
}
