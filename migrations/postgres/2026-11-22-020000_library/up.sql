-- A snapshot of the media library, and plans of changes to it.

CREATE TABLE library_items (
    -- tag, studio, performer, scene
    kind       TEXT COLLATE "C"   NOT NULL,
    id         BIGINT NOT NULL,
    -- The pass that saw it last.
    pass       BIGINT NOT NULL,
    -- As the library writes it: it is only compared for equality.
    updated_at TEXT   NOT NULL,
    data       TEXT   NOT NULL,
    PRIMARY KEY (kind, id)
);

-- The pass of each kind that is under way, or was the last one.
CREATE TABLE library_passes (
    kind            TEXT COLLATE "C"    NOT NULL PRIMARY KEY,
    source          TEXT    NOT NULL,
    number          BIGINT  NOT NULL,
    "full"          BOOLEAN NOT NULL,
    running         BOOLEAN NOT NULL,
    since           BIGINT,
    position        BIGINT  NOT NULL,
    seen            BIGINT  NOT NULL,
    newest          BIGINT,
    finished_newest BIGINT,
    full_at         BIGINT
);

CREATE TABLE plans (
    id         BIGINT  NOT NULL PRIMARY KEY,
    -- A job makes one plan, however often it is tried.
    job_id     BIGINT  NOT NULL UNIQUE,
    ready      BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL
);

CREATE TABLE plan_rows (
    plan_id         BIGINT NOT NULL,
    number          BIGINT NOT NULL,
    scene_id        BIGINT NOT NULL,
    base_updated_at TEXT   NOT NULL,
    field           TEXT   NOT NULL,
    old             TEXT   NOT NULL,
    new             TEXT   NOT NULL,
    reason          TEXT   NOT NULL,
    confidence      DOUBLE PRECISION NOT NULL,
    -- The words of src/domain/plan.rs.
    state           TEXT COLLATE "C"   NOT NULL,
    note            TEXT,
    PRIMARY KEY (plan_id, number)
);

CREATE SEQUENCE plans_ids;
