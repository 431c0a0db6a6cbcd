-- What happened, in quarters of an hour: a day is read from here.
CREATE TABLE stats_quarters (
    at       BIGINT  NOT NULL,
    job_type TEXT COLLATE "C"    NOT NULL,
    metric   INTEGER NOT NULL,
    n        BIGINT  NOT NULL,
    PRIMARY KEY (at, job_type, metric)
);

-- 0 to 2 are what charts show; see src/store/stats.rs.
INSERT INTO stats_quarters (at, job_type, metric, n)
    SELECT at / 900000 * 900000, job_type, metric, sum(n) FROM stats WHERE metric <= 2 GROUP BY 1, 2, 3;
