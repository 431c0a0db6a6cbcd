-- What was seen and is never to be taken up again, whatever becomes of the jobs: each item of a
-- scope once, ever.
CREATE TABLE seen_items (
    scope TEXT COLLATE "C"   NOT NULL,
    item  TEXT COLLATE "C"   NOT NULL,
    at    BIGINT NOT NULL,
    PRIMARY KEY (scope, item)
);
