-- People who have signed in with a token: each node and a server that comes up again know them.
CREATE TABLE sessions (
    -- SHA-256 of what the browser holds.
    id         TEXT   NOT NULL PRIMARY KEY,
    token      TEXT   NOT NULL,
    -- Another one once the token of that name is another one.
    seal       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
) WITHOUT ROWID;

-- Who changed what. See src/domain/audit.rs.
CREATE TABLE audit (
    id      BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    who     TEXT   NOT NULL,
    via     TEXT   NOT NULL,
    address TEXT   NOT NULL,
    verb    TEXT   NOT NULL,
    object  TEXT   NOT NULL,
    detail  TEXT   NOT NULL,
    outcome TEXT   NOT NULL
) WITHOUT ROWID;
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_who ON audit (who, at, id);
CREATE INDEX audit_verb ON audit (verb, at, id);
CREATE INDEX audit_object ON audit (object, at, id);
INSERT INTO sequences (name, last) VALUES ('audit', 0);
