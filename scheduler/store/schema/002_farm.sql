-- The farm: spaces, priorities, deadlines, pausing, workers, logs, calls, albums of one engine, and a tally of each job.

-- SQLite cannot change a CHECK: the table is made anew under its name.
CREATE TABLE job_new (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id    TEXT    NOT NULL,                -- for good: a request is one job
  space         TEXT    NOT NULL,
  kind          TEXT    NOT NULL,
  name          TEXT    NOT NULL,
  out_dir       BLOB    NOT NULL,
  recipe_json   TEXT    NOT NULL,
  recipe_sha256 TEXT    NOT NULL,
  settings_json TEXT    NOT NULL,
  submitted_by  TEXT    NOT NULL,
  priority      INTEGER NOT NULL,
  finish_by_ms  INTEGER,
  state         TEXT    NOT NULL CHECK (state IN ('ACCEPTING', 'RUNNING', 'PAUSED', 'CANCELLING', 'SUCCEEDED',
                                                  'SUCCEEDED_WITH_FAILURES', 'CANCELLED')),
  task_count    INTEGER NOT NULL,                -- tasks that are there
  created_ms    INTEGER NOT NULL,
  finished_ms   INTEGER
) STRICT;
-- The first schema made a request that came again after its end a new run. The newest keeps the name.
INSERT INTO job_new
SELECT id,
       CASE WHEN EXISTS (SELECT 1 FROM job AS newer WHERE newer.request_id = job.request_id AND newer.id > job.id)
            THEN request_id || ' (run ' || id || ')' ELSE request_id END,
       'main', kind, '', out_dir, recipe_json, recipe_sha256, '', '', 0, NULL, state,
       CASE WHEN state IN ('ACCEPTING', 'CANCELLING', 'CANCELLED')
            THEN (SELECT count(*) FROM task WHERE job_id = job.id) ELSE task_count END,
       created_ms, finished_ms
FROM job;
DROP TABLE job;
ALTER TABLE job_new RENAME TO job;
CREATE UNIQUE INDEX job_request ON job (request_id);
CREATE INDEX job_active ON job (state);
CREATE INDEX job_space ON job (space, id);
CREATE INDEX job_recipe ON job (recipe_sha256, id);
CREATE INDEX job_kind ON job (kind, id);

ALTER TABLE task ADD COLUMN memory_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN engine TEXT NOT NULL DEFAULT '';  -- which the lease counts for in album_engine
DROP INDEX task_ready;
DROP INDEX task_leased;
DROP INDEX task_held;
DROP INDEX task_state;
-- What waits: tasks that were never claimed, which only become fewer, and those that came back.
CREATE INDEX task_fresh ON task (job_id, plan_rank, position) WHERE state = 'PENDING' AND token = 0;
CREATE INDEX task_returned ON task (job_id, run_alone, plan_rank, position)
  WHERE state IN ('PENDING', 'RETRYING') AND token > 0;
CREATE INDEX task_leased ON task (job_id, lease_expires_ms) WHERE state = 'LEASED';
CREATE INDEX task_held ON task (worker_id) WHERE state = 'LEASED';
CREATE INDEX task_album ON task (job_id, album) WHERE state IN ('LEASED', 'DONE', 'UNCHANGED') AND engine <> '';
CREATE INDEX task_failed ON task (job_id, position) WHERE state IN ('FAILED', 'QUARANTINED');
CREATE INDEX task_done ON task (job_id, changed_ms) WHERE state = 'DONE';

-- How many tasks a job has in each state, and their predicted cost: the sum over the shards.
CREATE TABLE job_tally (
  job_id INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  shard  INTEGER NOT NULL,
  state  TEXT    NOT NULL,
  n      INTEGER NOT NULL,
  cost   REAL    NOT NULL,
  PRIMARY KEY (job_id, shard, state)
) STRICT, WITHOUT ROWID;
INSERT INTO job_tally SELECT job_id, 0, state, count(*), sum(predicted_cost) FROM task GROUP BY job_id, state;

CREATE TABLE worker (
  id             TEXT    PRIMARY KEY,
  name           TEXT    NOT NULL,
  engine         TEXT    NOT NULL,
  version        TEXT    NOT NULL,
  slots          INTEGER NOT NULL,
  memory_bytes   INTEGER NOT NULL,
  info_json      TEXT    NOT NULL,
  state          TEXT    NOT NULL CHECK (state IN ('ACTIVE', 'DRAINING', 'QUARANTINED', 'GONE')),
  reason         TEXT    NOT NULL DEFAULT '',
  registered_ms  INTEGER NOT NULL,
  seen_ms        INTEGER NOT NULL,
  failure_streak INTEGER NOT NULL DEFAULT 0,
  committed      INTEGER NOT NULL DEFAULT 0,
  failed         INTEGER NOT NULL DEFAULT 0,
  status_json    TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX worker_alive ON worker (seen_ms) WHERE state <> 'GONE';

-- Names that are quarantined, whatever id their process has.
CREATE TABLE worker_name_state (
  name   TEXT PRIMARY KEY,
  reason TEXT    NOT NULL,
  at_ms  INTEGER NOT NULL
) STRICT;

-- The engine that an album's tracks are made by, as long as one of them is leased or done.
CREATE TABLE album_engine (
  job_id INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  album  BLOB    NOT NULL,
  engine TEXT    NOT NULL,
  PRIMARY KEY (job_id, album)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_log (
  task_id INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,
  token   INTEGER NOT NULL,
  line    INTEGER NOT NULL,
  at_ms   INTEGER NOT NULL,
  text    TEXT    NOT NULL,
  PRIMARY KEY (task_id, token, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE call_record (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms   INTEGER NOT NULL,
  who     TEXT    NOT NULL,
  role    TEXT    NOT NULL,
  method  TEXT    NOT NULL,
  subject TEXT    NOT NULL,
  outcome TEXT    NOT NULL
) STRICT;
