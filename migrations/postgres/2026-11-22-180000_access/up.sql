-- People who have signed in with a token: each node and a server that comes up again know them.
CREATE TABLE sessions (
    -- SHA-256 of what the browser holds.
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    token      TEXT COLLATE "C" NOT NULL,
    -- Another one once the token of that name is another one.
    seal       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

-- Who changed what. See src/domain/audit.rs.
CREATE TABLE audit (
    id      BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    who     TEXT COLLATE "C" NOT NULL,
    via     TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    verb    TEXT COLLATE "C" NOT NULL,
    object  TEXT COLLATE "C" NOT NULL,
    detail  TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_who ON audit (who, at, id);
CREATE INDEX audit_verb ON audit (verb, at, id);
CREATE INDEX audit_object ON audit (object, at, id);
CREATE SEQUENCE audit_ids;
