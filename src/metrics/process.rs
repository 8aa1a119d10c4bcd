//! Metrics of this process from the system and the runtime, under the names of Prometheus' own clients.
//! Read on each request for metrics; without `/proc` the process metrics are missing.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, IntGauge};

/// Clock ticks per second in `/proc/self/stat`: fixed in Linux' interface to programs.
const TICKS: f64 = 100.0;

pub(super) struct Process {
    cpu: Counter,
    memory: Gauge,
    tasks: IntGauge,
    queue: IntGauge,
}

impl Process {
    pub(super) fn new() -> Process {
        let valid = "the names in this file are valid";
        let gauge = |name: &str, help: &str| IntGauge::new(name, help).expect(valid);
        Process {
            cpu: Counter::new("process_cpu_seconds_total", "CPU time of the process, user and system.")
                .expect(valid),
            memory: Gauge::new("process_resident_memory_bytes", "Memory of the process that is resident.")
                .expect(valid),
            tasks: gauge("oponn_runtime_tasks", "Tasks that the runtime has, running or waiting."),
            queue: gauge("oponn_runtime_queue", "Tasks ready to run that no worker has taken up yet."),
        }
    }
}

impl Collector for Process {
    fn desc(&self) -> Vec<&Desc> {
        let descs = [self.cpu.desc(), self.memory.desc(), self.tasks.desc(), self.queue.desc()];
        descs.into_iter().flatten().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut families = Vec::new();
        if let Some(seconds) = read("/proc/self/stat").as_deref().and_then(cpu_seconds) {
            self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
            families.extend(self.cpu.collect());
        }
        if let Some(bytes) = read("/proc/self/status").as_deref().and_then(resident_bytes) {
            self.memory.set(bytes);
            families.extend(self.memory.collect());
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            self.tasks.set(runtime.metrics().num_alive_tasks() as i64);
            self.queue.set(runtime.metrics().global_queue_depth() as i64);
        }
        families.extend(self.tasks.collect());
        families.extend(self.queue.collect());
        families
    }
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// The sum of the fields `utime` and `stime`. The command's name, in parentheses, may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some((ticks(11)? + ticks(12)?) as f64 / TICKS)
}

fn resident_bytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes as f64 * 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_system_says() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194560 900 0 0 0 150 50 0 0 20 0 3 0 100 1000 200";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds("42 (a"), None);
        assert_eq!(resident_bytes("VmPeak:\t 9 kB\nVmRSS:\t   2048 kB\n"), Some(2_097_152.0));
        assert_eq!(resident_bytes("VmPeak:\t 9 kB\n"), None);
    }
}
