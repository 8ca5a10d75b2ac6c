-- What an audit measured. Days count from 1970-01-01 UTC. BLOB columns hold paths and records: any bytes.

-- By the samples: whatever file they are in, their measurement is the same.
CREATE TABLE measurement (
  id       INTEGER PRIMARY KEY,
  payload  TEXT    NOT NULL,                     -- names the samples and their format
  setup    TEXT    NOT NULL,                     -- how they were measured
  record   BLOB    NOT NULL,
  used_day INTEGER NOT NULL,
  UNIQUE (payload, setup)
) STRICT;

-- By the file: as it was when it was read.
CREATE TABLE file (
  path           BLOB    PRIMARY KEY,
  size_bytes     INTEGER NOT NULL,
  mtime_ns       INTEGER NOT NULL,
  ctime_ns       INTEGER NOT NULL,
  inode          INTEGER NOT NULL,
  facts          BLOB    NOT NULL,               -- what belongs to the file and not to its samples
  measurement_id INTEGER NOT NULL,               -- the one used last; it may be gone
  used_day       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE upkeep (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  pruned_day INTEGER NOT NULL
) STRICT;
INSERT INTO upkeep VALUES (1, 0);
