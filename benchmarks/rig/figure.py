"""A figure: its values per round on both sides, what is asked of it, and whether that is met."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Target:
    name: str
    unit: str
    must: float
    strive: float
    judged: str = "ratio"  # or "ours": the figure itself


TARGETS = {
    "cpu_per_request": Target("CPU per request, 2 KB, 64 connections", "us", 0.95, 0.7),
    "cpu_per_unique_request": Target("CPU per request, 2 KB, nothing repeats", "us", None, None),
    "cpu_per_sse_chunk": Target("CPU per SSE chunk, 400 streams", "us", 0.9, 0.7),
    "cpu_per_translated_chunk": Target("CPU per translated chunk, 400 streams", "us", 1.5, 1.2),
    "added_latency_p50": Target("added latency p50 at 2,000/s", "us", 1.0, 0.8),
    "added_latency_p99": Target("added latency p99 at 2,000/s", "us", 1.0, 0.8),
    "cpu_per_2mb_request": Target("CPU per request, 2 MB body", "us", 0.7, 0.45),
    "cpu_per_tls_request": Target("CPU per request, TLS to the provider", "us", 0.9, 0.7),
    "instructions_per_request": Target("user instructions per request", "", 30_000, 22_000, "ours"),
    "syscalls_per_request": Target("system calls per request", "", 5, 4.2, "ours"),
    "instructions_per_sse_chunk": Target("user instructions per SSE chunk", "", None, None),
    "syscalls_per_sse_chunk": Target("system calls per SSE chunk", "", None, None),
    "rss_idle": Target("RSS after start", "MB", 10, 6, "ours"),
    "rss_1000_streams": Target("RSS, 1,000 idle streams", "MB", 20, 12, "ours"),
    "rss_9500_streams": Target("RSS, 9,500 idle streams", "MB", 80, 55, "ours"),
    "rss_per_translated_stream": Target(
        "RSS per idle stream for its translation", "KB", 32, 16, "ours"),
    "start": Target("start to first answered request", "ms", 100, 30, "ours"),
    "redis_round_trips": Target(
        "round trips to Redis per 100 requests at 1,000/s", "", 1, 0.7, "ours"),
    "shared_limit_p99": Target("shared limit later than ours, p99", "us", 20, 5, "ours"),
    "limiter_decision": Target("limiter: requests and tokens of 4 scopes", "ns", 150, 100, "ours"),
    # 15 and 20 million a second of both together
    "limiter_two_threads": Target("limiter: two threads, one bucket, a decision", "ns", 66.7, 50, "ours"),
    "limiter_accuracy": Target("limiter: admitted in 60 s of 5 times the rate, off by", "%", 0.1, 0.01, "ours"),
    "key_lookup": Target("look-up among 100,000 keys", "ns", 200, 150, "ours"),
    "key_memory": Target("memory of 100,000 keys", "MB", 40, 30, "ours"),
    "limits_cpu": Target("CPU that keys, limits and a budget add", "us", 2, 1, "ours"),
    "limits_instructions": Target("user instructions that they add", "", None, None, "ours"),
    # 50,000 and 20,000 records a second
    "ledger_sqlite": Target("ledger in SQLite: a record, sustained", "us", 20, 10, "ours"),
    "ledger_postgres": Target("ledger in PostgreSQL: a record, sustained", "us", 50, 20, "ours"),
    "report_by_model": Target("10 million records: report by model", "ms", 50, 5, "ours"),
    "report_by_day": Target("10 million records: report by day", "ms", 50, 5, "ours"),
    "report_by_hour": Target("10 million records: report by hour", "ms", 50, 10, "ours"),
    "report_by_task": Target("10 million records: by task, 100,000 rows", "ms", 50, 25, "ours"),
    "report_process": Target("whole `tidegate cost`: the 20 dearest tasks", "ms", 50, 25, "ours"),
    "report_process_json": Target("whole `tidegate cost`: 100,000 rows of JSON", "ms", None, None, "ours"),
    "workflow_task_cpu": Target("workflow: CPU per task, journal in memory", "us", 20, 5, "ours"),
    "workflow_chain_vs_langgraph": Target("workflow: CPU per task of a chain", "us", 0.02, 0.005),
    "workflow_fan_vs_langgraph": Target("workflow: CPU per task side by side", "us", 0.02, 0.005),
    "workflow_task_p50": Target("workflow: durable task after the other, p50", "ms", 0.5, 0.3, "ours"),
    "workflow_task_p99": Target("workflow: durable task after the other, p99", "ms", 3, 1.5, "ours"),
    # 10,000 and 20,000 a second
    "workflow_task_durable": Target(
        "workflow: durable task, of many at a time", "us", 100, 50, "ours"),
    # 3,000 and 10,000 a second
    "workflow_task_shared": Target(
        "workflow: durable task, 4 processes on PostgreSQL", "us", 333, 100, "ours"),
    "workflow_task_spread": Target(
        "workflow: durable task of one run, 4 processes", "us", 333, 200, "ours"),
    "workflow_resume": Target(
        "workflow: resume of 100,000 tasks, half done", "s", 2, 0.5, "ours"),
    "workflow_stored": Target("workflow: bytes stored for a byte of output", "", 1.2, 1.1, "ours"),
    "workflow_plan": Target("workflow: plan of 100,000 tasks", "s", 1, 0.5, "ours"),
    "workflow_plan_rss": Target("workflow: RSS of that plan", "MB", 200, 120, "ours"),
    "workflow_rss": Target("workflow: RSS, 2,500 tasks streaming", "MB", 300, 100, "ours"),
    "understand_2kb": Target("Conversation + Workload, 2 KB", "us", 5, 2, "ours"),
    "understand_2mb": Target("Conversation + Workload, 2 MB", "ms", 1.5, 0.8, "ours"),
    # 300 MB/s and 500 MB/s
    "translate_messages": Target("1 MB of Messages to DeepSeek", "ms", 3.33, 2, "ours"),
    "translate_chat": Target("1 MB of Chat to Claude", "ms", 3.33, 2, "ours"),
    "translate_responses": Target("1 MB of Responses to DeepSeek", "ms", 3.33, 2, "ours"),
}


@dataclass
class Figure:
    key: str
    ours: list = field(default_factory=list)  # one value per round
    nginx: list = field(default_factory=list)
    paired: bool = True  # ratio per round, else the ratio of the medians
    problem: str = ""    # why it could not be measured
    note: str = ""

    @property
    def target(self):
        return TARGETS[self.key]

    @property
    def round_ratios(self):
        return [a / b for a, b in zip(self.ours, self.nginx) if b > 0]

    @property
    def ratio(self):
        if not self.ours or not self.nginx:
            return None
        if self.paired:
            return middle(self.round_ratios)
        ours, floor = middle(self.ours), middle(self.nginx)
        # A difference below zero says that the machine was too busy, not that a proxy is quick.
        return ours / floor if ours > 0 and floor > 0 else None

    @property
    def verdict(self):
        if self.problem:
            return "failed"
        target = self.target
        if target.must is None:
            return "-"
        value = self.ratio if target.judged == "ratio" else middle(self.ours)
        if value is None:
            return "noise"
        if value <= target.strive:
            return "strive"
        return "must" if value <= target.must else "MISSED"

    def as_json(self):
        result = {"name": self.target.name, "unit": self.target.unit, "verdict": self.verdict,
                  "must": self.target.must, "strive": self.target.strive,
                  "judged": self.target.judged, "ratio_vs_nginx": rounded(self.ratio)}
        for side in ("ours", "nginx"):
            values = getattr(self, side)
            if values:
                result[side] = rounded(middle(values))
                result[side + "_rounds"] = [rounded(value) for value in values]
        if self.problem:
            result["problem"] = self.problem
        if self.note:
            result["note"] = self.note
        return result


def middle(values):
    return statistics.median(values) if values else None


def rounded(value):
    return None if value is None else float(f"{value:.4g}")
