//! What this process uses, by the names that Prometheus' own clients give it.

use super::shelf::Shelf;

/// What is known of the process.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    resident: Option<f64>,
    virtual_memory: Option<f64>,
    open_fds: Option<f64>,
    max_fds: Option<f64>,
    threads: Option<f64>,
    cpu_secs: Option<f64>,
    started_at: Option<f64>,
}

/// Puts it on a shelf; what the system does not tell is left out.
pub(super) fn put(shelf: &mut Shelf) {
    let usage = Usage::now();
    let mut put = |name, help, value: Option<f64>| shelf.gauge_if(name, help, value);
    put("process_resident_memory_bytes", "Memory in use", usage.resident);
    put("process_virtual_memory_bytes", "Memory that is reserved", usage.virtual_memory);
    put("process_open_fds", "Open files and sockets", usage.open_fds);
    put("process_max_fds", "How many files and sockets may be open", usage.max_fds);
    put("process_threads", "Threads", usage.threads);
    put("process_start_time_seconds", "When the process began, in Unix time", usage.started_at);
    shelf.counter_if("process_cpu_seconds_total", "Processor time used", usage.cpu_secs);
}

impl Usage {
    #[cfg(target_os = "linux")]
    #[allow(clippy::cast_precision_loss)]
    fn now() -> Self {
        use procfs::WithCurrentSystemInfo;
        let Ok(process) = procfs::process::Process::myself() else { return Self::default() };
        let stat = process.stat().ok();
        let stat = stat.as_ref();
        let limit = process.limits().ok().and_then(|limits| match limits.max_open_files.soft_limit {
            procfs::process::LimitValue::Value(n) => Some(n as f64),
            procfs::process::LimitValue::Unlimited => None,
        });
        let ticks = procfs::ticks_per_second() as f64;
        let booted = procfs::boot_time_secs().ok();
        let started = stat.zip(booted).map(|(stat, booted)| booted as f64 + stat.starttime as f64 / ticks);
        Self {
            resident: stat.map(|stat| stat.rss_bytes().get() as f64),
            virtual_memory: stat.map(|stat| stat.vsize as f64),
            open_fds: process.fd_count().ok().map(|n| n as f64),
            max_fds: limit,
            threads: stat.map(|stat| stat.num_threads as f64),
            cpu_secs: stat.map(|stat| (stat.utime + stat.stime) as f64 / ticks),
            started_at: started,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn now() -> Self {
        Self::default()
    }
}
