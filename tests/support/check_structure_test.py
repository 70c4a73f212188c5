#!/usr/bin/env python3
"""Each rule of check_structure.py finds its breach, and says nothing about sound sources."""

import pathlib
import tempfile
import unittest

import check_structure

HEADER = "// What it is.\n#pragma once\n"


class CheckStructureTest(unittest.TestCase):
    def problems(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {"src/http/README.md": "# http\n", **files}.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return [f"{p.relative_to(root)}: {what}" for p, what in check_structure.check(root)]

    def expect(self, files, part):
        found = self.problems(files)
        self.assertEqual(len(found), 1, found)
        self.assertIn(part, found[0])

    def test_sound_sources_pass(self):
        source = '#include "http/a.h"\n#include "base/error.h"\n#include <fmt/format.h>\n'
        self.assertEqual(
            self.problems(
                {
                    "src/http/a.h": HEADER + "#include <string>\n",
                    "src/http/a.cpp": source,
                    "src/http/a_test.cpp": "#include <gtest/gtest.h>\n",
                }
            ),
            [],
        )

    def test_include_against_the_order(self):
        self.expect({"src/http/a.cpp": '#include "gateway/server.h"\n'}, "stands after http/")

    def test_third_party_header_in_a_foreign_folder(self):
        self.expect({"src/http/a.cpp": "#include <openssl/ssl.h>\n"}, "only tls may see OpenSSL")

    def test_third_party_header_in_a_header(self):
        self.expect({"src/http/a.h": HEADER + "#include <fmt/core.h>\n"}, "belong into .cpp files")

    def test_public_header_that_would_not_be_installed(self):
        self.expect({"include/tidegate/a.h": HEADER + '#include "base/error.h"\n'}, "standard library")
        self.expect({"include/tidegate/a.h": HEADER + "#include <fmt/core.h>\n"}, "standard library")

    def test_test_framework_in_the_product(self):
        self.expect({"src/http/a.cpp": "#include <gtest/gtest.h>\n"}, "for tests")

    def test_long_file(self):
        self.expect({"src/http/a.cpp": "\n" * 801}, "801 lines")

    def test_unfinished_work(self):
        self.expect({"src/http/a.cpp": "// TO" + "DO later\n"}, "finish it")

    def test_header_without_sentence_or_guard(self):
        self.expect({"src/http/a.h": "#pragma once\n"}, "does not open with a sentence")
        self.expect({"src/http/a.h": "// What it is.\n"}, "lacks #pragma once")

    def test_empty_name(self):
        self.expect({"src/http/utils.h": HEADER}, "says nothing")

    def test_readme(self):
        self.expect({"src/json/a.cpp": ""}, "is missing")
        self.expect({"src/http/README.md": "\n" * 31, "src/http/a.cpp": ""}, "longer than 30")

    def test_unknown_folder(self):
        self.expect({"src/odd/a.cpp": ""}, "not in the order")


if __name__ == "__main__":
    unittest.main()
