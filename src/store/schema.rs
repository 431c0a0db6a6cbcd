//! The tables, as Diesel sees them. `migrations/` is what makes them.
#![allow(missing_docs)]

diesel::table! {
    jobs (id) {
        id -> BigInt,
        state -> Text,
        job_type -> Text,
        queue -> Text,
        priority -> Integer,
        attempt -> Integer,
        node -> Nullable<BigInt>,
        retry_count -> Integer,
        max_retries -> Integer,
        crash_count -> Integer,
        has_children -> Bool,
        has_parents -> Bool,
        parents_left -> Integer,
        run_at -> Nullable<BigInt>,
        created_at -> BigInt,
        ready_at -> BigInt,
        started_at -> Nullable<BigInt>,
        completed_at -> Nullable<BigInt>,
        cancel_requested_at -> Nullable<BigInt>,
        timeout_secs -> Nullable<Double>,
        key -> Nullable<Text>,
        target_id -> Nullable<Text>,
        unique_hash -> Nullable<Text>,
        unique_states -> Nullable<Text>,
        unique_until -> Nullable<BigInt>,
        unique_spec -> Nullable<Text>,
        backoff -> Nullable<Text>,
        on_parent_failure -> Text,
        parent_job_id -> Nullable<BigInt>,
        workflow_id -> Nullable<BigInt>,
        name -> Nullable<Text>,
        worker_id -> Nullable<Text>,
        tags -> Nullable<Text>,
        metadata -> Nullable<Text>,
        progress -> Nullable<Text>,
        args -> Text,
        result -> Nullable<Text>,
        error -> Nullable<Text>,
        schedule -> Nullable<Text>,
        rank -> BigInt,
        concurrency_key -> Nullable<Text>,
        rate_key -> Nullable<Text>,
        held -> Nullable<Text>,
    }
}

diesel::table! {
    attempts (job_id, number) {
        job_id -> BigInt,
        number -> Integer,
        started_at -> BigInt,
        finished_at -> BigInt,
        outcome -> Text,
        error -> Nullable<Text>,
        worker_id -> Nullable<Text>,
    }
}

diesel::table! {
    dependencies (child_id, parent_id) {
        child_id -> BigInt,
        parent_id -> BigInt,
    }
}

diesel::table! {
    job_tags (tag, job_id) {
        tag -> Text,
        job_id -> BigInt,
    }
}

diesel::table! {
    counters (job_type, queue, state) {
        job_type -> Text,
        queue -> Text,
        state -> Text,
        n -> BigInt,
    }
}

diesel::table! {
    stats (at, job_type, metric) {
        at -> BigInt,
        job_type -> Text,
        metric -> Integer,
        n -> BigInt,
    }
}

diesel::table! {
    stats_quarters (at, job_type, metric) {
        at -> BigInt,
        job_type -> Text,
        metric -> Integer,
        n -> BigInt,
    }
}

diesel::table! {
    nodes (id) {
        id -> BigInt,
        host -> Text,
        pid -> Integer,
        started_at -> BigInt,
        heartbeat_at -> BigInt,
        state -> Text,
        home -> BigInt,
    }
}

diesel::table! {
    pauses (kind, name) {
        kind -> Text,
        name -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    job_type_settings (job_type) {
        job_type -> Text,
        concurrency -> Nullable<Integer>,
        rate_limit -> Nullable<Text>,
        timeout_secs -> Nullable<Double>,
        global_concurrency -> Nullable<Integer>,
    }
}

diesel::table! {
    rate_starts (job_type, key, at) {
        job_type -> Text,
        key -> Text,
        at -> BigInt,
        n -> BigInt,
    }
}

diesel::table! {
    rate_waits (job_type, key) {
        job_type -> Text,
        key -> Text,
        until -> BigInt,
    }
}

diesel::table! {
    turns (job_type, priority, key) {
        job_type -> Text,
        priority -> Integer,
        key -> Text,
        next -> BigInt,
    }
}

diesel::table! {
    job_type_keys (job_type) {
        job_type -> Text,
        keys -> Text,
    }
}

diesel::table! {
    schedules (name) {
        name -> Text,
        spec -> Text,
        owner -> Text,
        paused -> Bool,
        next_run_at -> Nullable<BigInt>,
        version -> BigInt,
        last_number -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    schedule_runs (schedule, number) {
        schedule -> Text,
        number -> BigInt,
        due_at -> BigInt,
        fired_at -> BigInt,
        caused_by -> Text,
        outcome -> Text,
        job_id -> Nullable<BigInt>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    meta (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    sequences (name) {
        name -> Text,
        last -> BigInt,
    }
}

diesel::table! {
    library_items (kind, id) {
        kind -> Text,
        id -> BigInt,
        pass -> BigInt,
        updated_at -> Text,
        data -> Text,
    }
}

diesel::table! {
    library_passes (kind) {
        kind -> Text,
        source -> Text,
        number -> BigInt,
        full -> Bool,
        running -> Bool,
        since -> Nullable<BigInt>,
        position -> BigInt,
        seen -> BigInt,
        newest -> Nullable<BigInt>,
        finished_newest -> Nullable<BigInt>,
        full_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    plans (id) {
        id -> BigInt,
        job_id -> BigInt,
        ready -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    plan_rows (plan_id, number) {
        plan_id -> BigInt,
        number -> BigInt,
        scene_id -> BigInt,
        base_updated_at -> Text,
        field -> Text,
        old -> Text,
        new -> Text,
        reason -> Text,
        confidence -> Double,
        state -> Text,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    seen_items (scope, item) {
        scope -> Text,
        item -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    signals (job_id, name) {
        job_id -> BigInt,
        name -> Text,
        until -> Nullable<BigInt>,
        parked -> Nullable<Integer>,
        timed_out -> Bool,
        at -> Nullable<BigInt>,
        bytes -> Nullable<BigInt>,
        payload -> Nullable<Text>,
    }
}

diesel::table! {
    steps (job_id, name) {
        job_id -> BigInt,
        name -> Text,
        number -> Integer,
        attempt -> Integer,
        at -> BigInt,
        bytes -> BigInt,
        value -> Text,
    }
}

diesel::table! {
    workflows (id) {
        id -> BigInt,
        name -> Nullable<Text>,
        state -> Text,
        scheduled -> BigInt,
        blocked -> BigInt,
        pending -> BigInt,
        running -> BigInt,
        retrying -> BigInt,
        completed -> BigInt,
        failed -> BigInt,
        cancelled -> BigInt,
        parent_job_id -> Nullable<BigInt>,
        callback -> Nullable<Text>,
        callback_job_id -> Nullable<BigInt>,
        created_at -> BigInt,
        cancel_requested_at -> Nullable<BigInt>,
        completed_at -> Nullable<BigInt>,
        is_batch -> Bool,
        open_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    batches (workflow_id) {
        workflow_id -> BigInt,
        parent -> Nullable<BigInt>,
        complete -> Nullable<Text>,
        success -> Nullable<Text>,
        committed -> Bool,
        looked_to -> BigInt,
        complete_at -> Nullable<BigInt>,
        complete_job_id -> Nullable<BigInt>,
        success_job_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    doomed_logs (job_id, home) {
        job_id -> BigInt,
        home -> BigInt,
    }
}

diesel::table! {
    arrivals (id) {
        id -> BigInt,
        effects -> Text,
    }
}

diesel::table! {
    remote_jobs (job_id) {
        job_id -> BigInt,
        jid -> Text,
        extra -> Text,
        reserved_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    remote_totals (node, name) {
        node -> BigInt,
        name -> Text,
        n -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        token -> Text,
        seal -> Text,
        created_at -> BigInt,
        seen_at -> BigInt,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        at -> BigInt,
        who -> Text,
        via -> Text,
        address -> Text,
        verb -> Text,
        object -> Text,
        detail -> Text,
        outcome -> Text,
    }
}
