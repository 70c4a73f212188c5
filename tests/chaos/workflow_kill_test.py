"""A workflow of 50 tasks, with a fan-out and a workflow within it, whose process is killed, at every named fault point and at random moments,
against a simulator that counts requests. What is promised in docs/workflows.md holds after each kill.

TIDEGATE_KILLS: kills at random moments (3 without it; the long form, `./dev chaos workflows`, has 1,000), and for
every 100 of them one more at each fault point. TIDEGATE_CHAOS_SEED repeats a run's choices.
"""

import collections
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib

BINARY = os.path.abspath(os.environ.get("TIDEGATE_BIN", "build/tidegate"))
KILLS = int(os.environ.get("TIDEGATE_KILLS", "3"))
SEED = int(os.environ.get("TIDEGATE_CHAOS_SEED", "0")) or random.randrange(1, 1 << 32)
TASKS = 50
CHAIN = 40  # of them: t0 to t39; then deep with its three, fan with its four, and last
PATIENCE = 120
POINTS = ("intent_appended", "before_send", "request_sent", "first_byte", "answer_read",
          "result_appended", "before_commit", "after_commit", "items_appended", "run_ending")


HEAD = "defaults: { model: deepseek-v4-flash, max_tokens: 30, thinking: off }\n"


def workflow():
    """A graph that is the same each time: every task needs up to three of those before it."""
    pick = random.Random(50)
    lines = ["name: kill", "run: { max_parallel: 8 }",
             "inputs: { items: { type: array, default: [a, b, c, d] } }", "tasks:"]
    for number in range(CHAIN):
        needs = sorted(pick.sample(range(number), min(number, pick.randrange(4))))
        given = "".join(" ${{ needs.t%d.output }}" % need for need in needs)
        need_list = ", ".join("t%d" % need for need in needs)
        lines.append('  t%d: { needs: [%s], prompt: "<t%d>%s" }' % (number, need_list, number, given))
    lines += ['  fan: { needs: [t0], for_each: "${{ inputs.items }}", prompt: "<fan ${{ item }}>" }',
              '  deep: { needs: [t1], uses: ./deep.yaml, with: { given: "${{ needs.t1.output }}" } }',
              '  last: { needs: [fan, deep, t%d], prompt: "<last> ${{ needs.fan.outputs | json }} '
              '${{ needs.deep.output.said }}" }' % (CHAIN - 1),
              'outputs: { last: "${{ needs.last.output }}" }']
    return HEAD + "\n".join(lines) + "\n"


DEEP = HEAD + """
name: deep
run: { max_parallel: 1 }
inputs: { given: { type: string, required: true } }
tasks:
  s0: { needs: [], prompt: "<deep s0> ${{ inputs.given }}" }
  s1: { needs: [s0], prompt: "<deep s1> ${{ needs.s0.output }}" }
  s2: { needs: [s0, s1], prompt: "<deep s2> ${{ needs.s1.output }}" }
outputs: { said: "${{ needs.s2.output }}" }
"""


class Broken(Exception):
    pass


def check(holds, promise, *facts):
    if not holds:
        raise Broken("%s: %s" % (promise, facts))


def inflated(content, size):
    """SQLite's shell has this function, its library does not."""
    return zlib.decompress(content) if isinstance(content, bytes) and len(content) != size else content


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.counts = collections.Counter()
        self.simulator = subprocess.Popen([BINARY, "simulate", "--listen", "127.0.0.1:0"],
                                          stdout=subprocess.PIPE, text=True)
        address = self.simulator.stdout.readline().split()[-1]
        self.url = "http://" + address
        (folder / "tidegate.yaml").write_text(
            "providers: { deepseek: { dialect: deepseek, api_key: sk-any, base_url: '%s' } }\n"
            "workflows: { orphans: 1000 }  # here processes die more often than any task kills them\n"
            "state: { ledger: 'sqlite:%s/ledger.db' }\n" % (self.url, folder))
        (folder / "kill.yaml").write_text(workflow())
        (folder / "deep.yaml").write_text(DEEP)

    def close(self):
        self.simulator.terminate()
        self.simulator.wait()

    def start(self, *arguments, kill_at=None):
        environment = dict(os.environ, **({"TIDEGATE_KILL_AT": kill_at} if kill_at else {}))
        return subprocess.Popen([BINARY, "workflow", *arguments, "-c", "tidegate.yaml", "--json"],
                                cwd=self.folder, env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def requests(self):
        """How often each task was asked, by the mark in its prompt."""
        log = json.load(urllib.request.urlopen(self.url + "/sim/log"))["requests"]
        asked = collections.Counter()
        for request in log:
            mark = re.search(r"<(t\d+|fan \w|deep s\d|last)>", request["body"])
            asked[mark.group(1)] += 1
        return asked

    def journal(self):
        path = self.folder / "ledger.db.workflows"
        database = sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=10)
        database.create_function("sqlar_uncompress", 2, inflated)
        run = database.execute("SELECT max(id) FROM run WHERE key IS NULL").fetchone()[0]
        tasks = {}
        for row in database.execute(
                "SELECT task.run, task, task.id, item_key, task.state, task.ended_us, "
                "(SELECT bytes FROM blob WHERE blob.id = output) "
                "FROM task JOIN run ON run.id = task.run WHERE run.id = ?1 OR run.parent = ?1", (run,)):
            of, task, name, key, state, ended, output = row
            mark = ("deep " if of != run else "") + (name if key is None else "fan " + key)
            tasks[of, task] = (mark, state, output, ended)
        attempts = [((of, task), *rest) for of, task, *rest in database.execute(
            "SELECT run, task, number, state, sent_us, cost_nano, reserved_nano FROM attempt "
            "WHERE run = ?1 OR run IN (SELECT id FROM run WHERE parent = ?1)", (run,))]
        state = database.execute("SELECT state FROM run WHERE id = ?", (run,)).fetchone()
        database.close()
        return run, state and state[0], tasks, attempts

    def finish(self):
        """Resumes until the run has ended; gives its last words."""
        process = self.start("resume", "last")
        out, errors = process.communicate(timeout=PATIENCE)
        check(process.returncode == 0, "(f) resume reaches the end", process.returncode, errors, out)
        return json.loads(out)

    def reference(self):
        process = self.start("run", "kill.yaml")
        out, errors = process.communicate(timeout=PATIENCE)
        check(process.returncode == 0, "a run without kills succeeds", errors)
        _, _, tasks, _ = self.journal()
        return {mark: output for mark, _, output, _ in tasks.values()}

    def killed(self, blow, *arguments):
        """Starts the process and waits until it is dead. A blow is a fault point, "NAME:PASSES", or the
        seconds that the process has to live. False: it ended before it was struck."""
        at_point = isinstance(blow, str)
        process = self.start(*arguments, kill_at=blow if at_point else None)
        if not at_point:
            time.sleep(blow)
            process.send_signal(signal.SIGKILL)
        _, errors = process.communicate(timeout=PATIENCE)
        check(process.returncode in (0, -signal.SIGKILL), "(f) a process ends well or by a kill",
              process.returncode, errors)
        if process.returncode != 0:
            self.counts["kills at fault points" if at_point else "kills at random moments"] += 1
        return process.returncode != 0

    def one(self, reference, blows):
        """One run whose process is struck by the first blow, the one that resumes it by the next, and
        so on. Gives how many of them killed."""
        urllib.request.urlopen(urllib.request.Request(self.url + "/sim/reset", method="POST"))
        before_run = self.journal()[0]
        kills, kept, seen = 0, {}, collections.Counter()
        for blow in blows:
            if not self.killed(blow, *(("resume", "last") if kills else ("run", "kill.yaml"))):
                break
            kills += 1
            run, state, tasks, attempts = self.journal()
            if run == before_run:  # not even the run was written: nothing can have been sent
                check(not self.requests(), "nothing is sent before its run is durable")
                self.counts["kills before the run was written"] += 1
                return kills
            self.look(tasks, kept, seen)
            in_flight = sum(1 for attempt in attempts if attempt[2] == "sent")
            check(in_flight <= 8, "(c) an orphan for each task in flight", in_flight)
            if state != "running":
                break
        run, state, tasks, attempts = self.journal()
        self.look(tasks, kept, seen)
        if state == "running":
            self.finish()
        run, state, tasks, attempts = self.journal()
        check(state == "succeeded", "(f) the same final state", state)
        outputs = {mark: output for mark, _, output, _ in tasks.values()}
        check(outputs == reference, "(f) the same outputs")
        check(all(outputs[mark] == output for mark, output in kept.items()),
              "(a) no committed output is lost or changed")
        asked = self.requests()
        check(all(asked[mark] == count for mark, count in seen.items()),
              "(b) a committed task is never sent again", asked, seen)
        orphans = collections.Counter(tasks[a[0]][0] for a in attempts if a[2] == "orphaned")
        done = collections.Counter(tasks[a[0]][0] for a in attempts if a[2] == "done")
        check(all(count <= kills for count in orphans.values()), "(c) one orphan a task and crash", orphans)
        check(all(count == 1 for count in done.values()) and len(done) == TASKS - 2,
              "(b) each task was answered once", done)
        ended = {mark: at for mark, _, _, at in tasks.values()}
        needs = self.needs()
        for task, _, _, sent, _, _ in attempts:
            for need in needs[re.sub("fan .*", "fan", tasks[task][0])]:
                check(sent >= ended[need], "(d) no task starts before its needs", tasks[task][0], need)
        for mark, count in asked.items():
            check(done[mark] <= count <= done[mark] + orphans[mark],
                  "(e) the upstream's bill within the orphans", mark, count)
        check(all(a[4] == a[5] for a in attempts if a[2] == "orphaned"),
              "(e) an orphan shows what was reserved for it")
        self.counts["orphans"] += sum(orphans.values())
        self.counts["requests"] += sum(asked.values())
        self.counts["runs"] += 1
        return kills

    def look(self, tasks, kept, seen):
        asked = self.requests()
        for mark, state, output, _ in tasks.values():
            if state == "succeeded" and output is not None:
                kept[mark] = output
                seen.setdefault(mark, asked[mark])

    def needs(self):
        found = {}
        for prefix, text in ("", workflow()), ("deep ", DEEP):
            for name, needs in re.findall(r"^  (\w+): \{ needs: \[([^\]]*)\]", text, re.M):
                found[prefix + name] = [prefix + need.strip() for need in needs.split(",") if need.strip()]
        found["deep s0"] = found["deep"]
        return found


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate_kill_", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    pick = random.Random(SEED)
    bench = Bench(folder)
    began = time.monotonic()
    try:
        reference = bench.reference()
        length = time.monotonic()
        bench.reference()
        length = time.monotonic() - length
        for point in POINTS:
            first = "%s:1" % point
            check(bench.one(reference, [first]) == 1, "every fault point is passed", point)
            for _ in range(KILLS // 100):
                # The process that resumes dies at the same place, if it comes there.
                bench.one(reference, ["%s:%d" % (point, pick.randrange(1, TASKS)), first])
        while bench.counts["kills at random moments"] < KILLS:
            bench.one(reference, [pick.uniform(0.02, length) for _ in range(pick.randrange(1, 4))])
    except Broken as broken:
        print("seed %d: %s\nthe journal is left in %s" % (SEED, broken, folder))
        return 1
    finally:
        bench.close()
    shutil.rmtree(folder)
    print("seed %d, %.0f s: %s; all six invariants held" %
          (SEED, time.monotonic() - began,
           ", ".join("%d %s" % (count, what) for what, count in sorted(bench.counts.items()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
