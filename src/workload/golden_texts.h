// The texts of tests/golden/tokens with their reference token counts, for tests and benchmarks.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "base/text.h"
#include "json/checked_text.h"
#include "json/reader.h"
#include "workload/tokens.h"

namespace tidegate::workload {

inline constexpr const char* kGoldenKinds[] = {"prose",     "code",   "chinese",     "json",
                                               "operators", "python", "tool_results"};

struct GoldenText {
  TokenSample sample;
  Tokens tokens = 0;
};

inline std::vector<GoldenText> golden_texts(const std::string& kind, std::string_view encoding) {
  std::ifstream file(std::string(TIDEGATE_SOURCE_DIR) + "/tests/golden/tokens/" + kind + ".jsonl");
  std::vector<GoldenText> texts;
  for (std::string line; std::getline(file, line);) {
    GoldenText text;
    const auto checked = json::check_text(line);
    json::Reader reader(*checked);
    const bool good = reader.object([&](std::string_view key) {
      std::string_view raw;
      if (key == "text") {
        if (!reader.string(raw)) return false;
        protocol::count_bytes(raw, text.sample.text);
        return true;
      }
      if (!reader.scalar(raw)) return false;
      if (key == encoding) text.tokens = static_cast<Tokens>(parse_u64(raw).value_or(0));
      return true;
    });
    if (good) texts.push_back(text);
  }
  return texts;
}

}  // namespace tidegate::workload
