-- The first schema. Times are milliseconds since 1970-01-01 UTC. BLOB columns hold paths and album keys: any bytes.
-- The ids of jobs and tasks are never given out twice (AUTOINCREMENT): a late commit for a deleted task must not hit another.

CREATE TABLE job (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  request_id    TEXT    NOT NULL,
  kind          TEXT    NOT NULL,
  out_dir       BLOB    NOT NULL,
  recipe_json   TEXT    NOT NULL,
  recipe_sha256 TEXT    NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('ACCEPTING', 'RUNNING', 'CANCELLING', 'SUCCEEDED',
                                                  'SUCCEEDED_WITH_FAILURES', 'CANCELLED')),
  task_count    INTEGER NOT NULL,
  created_ms    INTEGER NOT NULL,
  finished_ms   INTEGER
) STRICT;
-- One unfinished job a request.
CREATE UNIQUE INDEX job_unfinished ON job (request_id) WHERE state IN ('ACCEPTING', 'RUNNING');
CREATE INDEX job_cancelling ON job (id) WHERE state = 'CANCELLING';

CREATE TABLE task (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  job_id           INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  position         INTEGER NOT NULL,             -- as submitted: 0, 1, 2 ...
  plan_rank        INTEGER NOT NULL,             -- order of claiming
  input            BLOB    NOT NULL,
  album            BLOB    NOT NULL,
  predicted_cost   REAL    NOT NULL,
  payload_json     TEXT    NOT NULL,
  state            TEXT    NOT NULL DEFAULT 'PENDING'
                   CHECK (state IN ('PENDING', 'LEASED', 'RETRYING', 'DONE', 'UNCHANGED', 'FAILED', 'QUARANTINED',
                                    'CANCELLED')),
  token            INTEGER NOT NULL DEFAULT 0,   -- claims so far; the fencing token of the last one
  worker_id        TEXT,
  lease_expires_ms INTEGER,
  not_before_ms    INTEGER NOT NULL DEFAULT 0,
  run_alone        INTEGER NOT NULL DEFAULT 0,
  avoid_worker     TEXT,                         -- not this worker before avoid_until_ms
  avoid_until_ms   INTEGER NOT NULL DEFAULT 0,
  infra_failures   INTEGER NOT NULL DEFAULT 0,
  lost_leases      INTEGER NOT NULL DEFAULT 0,
  task_failures    INTEGER NOT NULL DEFAULT 0,
  crashes          INTEGER NOT NULL DEFAULT 0,
  reason_code      TEXT    NOT NULL DEFAULT '',
  message          TEXT    NOT NULL DEFAULT '',
  result_json      TEXT,
  changed_ms       INTEGER NOT NULL,
  UNIQUE (job_id, position),
  CHECK ((state = 'LEASED') = (worker_id IS NOT NULL)),
  CHECK ((state = 'LEASED') = (lease_expires_ms IS NOT NULL)),
  CHECK ((state IN ('DONE', 'UNCHANGED')) = (result_json IS NOT NULL))
) STRICT;
CREATE INDEX task_ready ON task (job_id, run_alone, plan_rank) WHERE state IN ('PENDING', 'RETRYING');
CREATE INDEX task_leased ON task (lease_expires_ms) WHERE state = 'LEASED';
CREATE INDEX task_held ON task (worker_id) WHERE state = 'LEASED';
CREATE INDEX task_state ON task (job_id, state);

CREATE TABLE attempt (
  task_id       INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,
  token         INTEGER NOT NULL,
  worker_id     TEXT    NOT NULL,
  started_ms    INTEGER NOT NULL,
  ended_ms      INTEGER,
  outcome       TEXT    NOT NULL DEFAULT 'RUNNING'
                CHECK (outcome IN ('RUNNING', 'COMMITTED', 'FAILED', 'LOST', 'RELEASED', 'CANCELLED')),
  failure_class TEXT CHECK (failure_class IN ('INFRA', 'TASK', 'PERMANENT', 'CRASH')),
  reason_code   TEXT    NOT NULL DEFAULT '',
  message       TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (task_id, token)
) STRICT, WITHOUT ROWID;

-- Each step of a job and of its tasks. A cancellation is one event of the job, not one a task.
CREATE TABLE event (
  job_id      INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  sequence    INTEGER NOT NULL,
  at_ms       INTEGER NOT NULL,
  task_id     INTEGER,
  state       TEXT    NOT NULL,
  reason_code TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (job_id, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE cached_result (
  cache_key   TEXT    PRIMARY KEY,
  result_json TEXT    NOT NULL,
  created_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE input_memory (
  path         BLOB    PRIMARY KEY,
  size_bytes   INTEGER NOT NULL,
  mtime_ns     INTEGER NOT NULL,
  inode        INTEGER NOT NULL,  -- 64 bits, unsigned in the file system, signed here
  device       INTEGER NOT NULL,
  content_hash TEXT    NOT NULL,
  seen_ms      INTEGER NOT NULL
) STRICT;

-- Files that are Lathe's own. At most one row a path is committed; the others were announced and may lie there after a crash.
CREATE TABLE output (
  path       BLOB    NOT NULL,
  sha256     TEXT    NOT NULL,
  bytes      INTEGER NOT NULL,
  mtime_ns   INTEGER NOT NULL,
  task_id    INTEGER NOT NULL,   -- may outlive the task
  committed  INTEGER NOT NULL,
  written_ms INTEGER NOT NULL,
  PRIMARY KEY (path, sha256, mtime_ns)
) STRICT;
