"""What a task takes when four gateways share one run: `tidegate serve` four times on one PostgreSQL server that is
synced, with a provider that answers at once."""

import json
import os
import time
import urllib.request

from rig.figure import Figure
from rig.postgres import check_sent_once, postgres
from rig.process import BenchError, free_port, wait_for_port

TASKS = 10_000
PROCESSES = 4
PATIENCE = 60

CONFIG = """
listen: "127.0.0.1:{port}"
admin: "127.0.0.1:{admin}"
workers: 1
models:
  bench-model: {{ provider: bench, name: bench, context: 100000, max_output: 8000,
                  price: {{ input: 1, output: 2 }} }}
providers:
  bench: {{ dialect: openai, base_url: "http://127.0.0.1:{upstream}/v1", api_key: sk-bench, max_connections: 4000 }}
state: {{ ledger: "sqlite:{folder}/bench.db", workflows: "{database}" }}
"""


def spread(rig):
    figure = Figure("workflow_task_spread")
    with postgres() as database, rig.upstream("--chunks", 1, "--interval", 0) as upstream:
        gateways = []
        try:
            for _ in range(PROCESSES):
                gateways.append(Gateway(rig, upstream, database.url()))
            for _ in range(rig.rounds(3, 1)):
                rig.progress("one run of four gateways")
                time.sleep(2)  # until all know of one another
                gateways[0].run()
                seconds = float(database.query(
                    "SELECT (max(done_us) - min(sent_us)) / 1e6 FROM attempt WHERE run = (SELECT max(id) FROM run)"))
                figure.ours.append(seconds * 1e6 / TASKS)
        finally:
            for gateway in gateways:
                rig.children.stop(gateway.child)
        check_sent_once(database)
        made = database.query("SELECT count(*) FROM attempt GROUP BY made_by ORDER BY 1 DESC").split()
    if len(made) != PROCESSES:
        raise BenchError("not all gateways made requests")
    figure.note = "made by " + ", ".join(made)
    return [figure]


class Gateway:
    def __init__(self, rig, upstream, database):
        folder = rig.new_folder("spread")
        port, self.admin = free_port(), free_port()
        with open(f"{folder}/tidegate.yaml", "w") as file:
            file.write(CONFIG.format(port=port, admin=self.admin, upstream=upstream, folder=folder, database=database))
        with open(f"{folder}/log", "w") as log:
            self.child = rig.children.start([os.path.abspath(rig.gateway), "serve", "-c", "tidegate.yaml"], cwd=folder,
                                            stdout=log, stderr=log)
        wait_for_port(self.admin, self.child, PATIENCE, f"{folder}/log")

    def run(self):
        """A run of tasks side by side, to its end."""
        text = ("name: spread\nrun: { max_parallel: 512 }\ndefaults: { model: bench-model, max_tokens: 100 }\ntasks:\n" +
                "".join(f"  t{i}: {{ prompt: p{i} }}\n" for i in range(TASKS)))
        run = self.ask("", text)["run"]
        deadline = time.monotonic() + PATIENCE
        while True:
            state = next(each for each in self.ask("")["runs"] if each["run"] == run)["state"]
            if state == "succeeded":
                return
            if state != "running" or time.monotonic() > deadline:
                raise BenchError(f"the run is {state}")
            time.sleep(0.1)

    def ask(self, path, text=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin}/api/workflows{path}",
                                         data=None if text is None else text.encode(),
                                         headers={"content-type": "application/yaml"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)
