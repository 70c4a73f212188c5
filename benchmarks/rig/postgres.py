"""PostgreSQL for the figures that need it: a server of its own, synced, and what must hold of its tables."""

import contextlib
import os
import sys

from rig.process import BenchError

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "support"))

from with_postgres import Server


@contextlib.contextmanager
def postgres():
    try:
        server = Server(sync=True)
    except (RuntimeError, OSError) as error:
        raise BenchError(f"skipped: {error}") from error
    try:
        server.start()
        yield server
    except RuntimeError as error:  # with_postgres: what the server or psql said
        raise BenchError(str(error)) from error
    finally:
        server.stop()


def check_sent_once(server):
    twice = server.query("SELECT count(*) FROM (SELECT 1 FROM attempt GROUP BY run, task HAVING count(*) > 1) x")
    if twice != "0":
        raise BenchError(f"{twice} tasks were sent twice")
