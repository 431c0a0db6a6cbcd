-- Schedules, what became of their runs, and which jobs they made.

CREATE TABLE schedules (
    name        TEXT COLLATE "C"    NOT NULL PRIMARY KEY,
    -- JSON: see ScheduleSpec in src/domain/schedule.
    spec        TEXT    NOT NULL,
    -- api, config
    owner       TEXT    NOT NULL,
    paused      BOOLEAN NOT NULL,
    -- NULL: never.
    next_run_at BIGINT,
    version     BIGINT  NOT NULL,
    -- The number of the last entry of its history.
    last_number BIGINT  NOT NULL,
    created_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL
);
CREATE INDEX schedules_due ON schedules (next_run_at, name) WHERE paused = FALSE;

CREATE TABLE schedule_runs (
    schedule   TEXT COLLATE "C"   NOT NULL,
    number     BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    fired_at   BIGINT NOT NULL,
    -- The words of src/domain/schedule/run.rs. "trigger" is SQL's.
    caused_by  TEXT   NOT NULL,
    outcome    TEXT   NOT NULL,
    job_id     BIGINT,
    reason     TEXT,
    PRIMARY KEY (schedule, number)
);

ALTER TABLE jobs ADD COLUMN schedule TEXT COLLATE "C";
-- Whether a job of a schedule is unfinished is one look here.
CREATE INDEX jobs_schedule ON jobs (schedule, id)
    WHERE schedule IS NOT NULL AND state IN ('scheduled','blocked','pending','running','retrying');
