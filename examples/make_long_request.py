#!/usr/bin/env python3
"""Prints a chat request of more than 200,000 tokens: a code base to look through, and one tool.

usage: make_long_request.py [TOKENS] >long.json
"""

import json
import random
import sys

WORDS = ("tide gate water level harbour keeper open close measure report signal storm pump sluice "
         "canal basin sensor alarm record schedule forecast pressure valve current drift").split()


def source_file(number, pick):
    """About 370 tokens that read like code; the same for the same number."""
    lines = [f"// src/module_{number}.cpp"]
    for _ in range(20):
        noun, verb, other = (pick.choice(WORDS) for _ in range(3))
        lines.append(f"int {verb}_{noun}(const {noun.title()}& {other}) {{ "
                     f"return {other}.{verb}() + {pick.randrange(1000)}; }}")
    return "\n".join(lines)


def main():
    tokens = int(sys.argv[1]) if len(sys.argv) > 1 else 230_000
    pick = random.Random(1)
    files = "\n\n".join(source_file(number, pick) for number in range(tokens // 370))
    question = "Which of these modules measure the water level, and how do they depend on each other?"
    search = {"type": "function", "function": {
        "name": "search", "description": "Search the code base.",
        "parameters": {"type": "object", "properties": {"text": {"type": "string"}}}}}
    json.dump({"model": "auto", "tools": [search],
               "messages": [{"role": "user", "content": f"{files}\n\n{question}"}]}, sys.stdout)


if __name__ == "__main__":
    main()
