#!/usr/bin/env python3
"""./dev explains itself, refuses wrong usage with exit code 2, and says what it cannot do."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

DEV = pathlib.Path(__file__).resolve().parents[2] / "dev"
COMMANDS = "setup build run test chaos bench demo format lint fuzz".split()


def dev(*arguments, script=DEV, **options):
    return subprocess.run(
        [shutil.which("bash"), str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


class DevScriptTest(unittest.TestCase):
    def test_help_lists_every_command(self):
        shown = dev("help")
        self.assertEqual(shown.returncode, 0)
        for command in COMMANDS:
            self.assertRegex(shown.stdout, rf"(?m)^  {command}\b")

    def test_wrong_usage(self):
        for arguments in [(), ("frobnicate",), ("setup", "all"), ("build", "nope"), ("test", "msan"),
                          ("fuzz", "nope"), ("fuzz", "all", "soon"), ("chaos", "often"), ("format", "--fix")]:
            shown = dev(*arguments)
            self.assertEqual(shown.returncode, 2, (arguments, shown.stderr))
            self.assertIn("usage: ./dev COMMAND", shown.stderr)
            self.assertEqual(shown.stdout, "")

    def test_works_from_a_path_with_spaces(self):
        with tempfile.TemporaryDirectory(prefix="a b ") as folder:
            script = shutil.copy(DEV, folder)
            self.assertEqual(dev("help", script=script, cwd="/").returncode, 0)

    def test_without_root_and_sudo_it_says_what_to_install(self):
        """A fake id and dpkg-query stand for an ordinary user on an empty machine."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            for name, body in {"id": "echo 1000", "dpkg-query": "exit 1", "apt-get": "exit 1"}.items():
                (path / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
                (path / name).chmod(0o755)
            for name in ("dirname", "nproc", "cat"):
                os.symlink(shutil.which(name), path / name)
            shown = dev("setup", "run", env={"PATH": folder})
            self.assertEqual(shown.returncode, 3, shown.stderr)
            self.assertIn("needs root or sudo for: apt-get install g++ cmake", shown.stderr)


if __name__ == "__main__":
    unittest.main()
