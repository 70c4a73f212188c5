#include "workload/text_signals.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <span>

#include "base/hash.h"
#include "base/text.h"
#include "workload/signal_places.h"

namespace tidegate::workload {
namespace {

constexpr std::size_t kWindow = 8192;

// A word counts where it begins like `text`; one that is `whole` may have only the endings below.
struct Idea {
  constexpr Idea(std::string_view word, std::uint32_t its_bit, bool is_whole = false)
      : text(word), bit(its_bit), whole(is_whole), start(fold4(word)) {}

  // The first four bytes, letters in one case: nearly all other words differ here.
  static constexpr std::uint32_t fold4(std::string_view word) {
    const auto byte = [&](std::size_t i) -> std::uint32_t {
      return static_cast<unsigned char>(word[i]);
    };
    return (byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24) | 0x20202020U;
  }

  std::string_view text;
  std::uint32_t bit;
  bool whole;
  std::uint32_t start;
};
enum : std::uint32_t {
  kPlan = 1,
  kArchitect = 2,
  kDesign = 4,
  kRefactor = 8,
  kMigrate = 16,
  kRoadmap = 32,
  kStrategy = 64,
  kTradeOff = 128
};

constexpr Idea kWords[] = {
    {"plan", kPlan, true},       {"architect", kArchitect}, {"design", kDesign},
    {"redesign", kDesign},       {"refactor", kRefactor},   {"restructur", kRefactor},
    {"rearchitect", kArchitect}, {"decompos", kRefactor},   {"migrat", kMigrate},
    {"milestone", kRoadmap},     {"roadmap", kRoadmap},     {"strateg", kStrategy},
    {"trade-off", kTradeOff},    {"tradeoff", kTradeOff},
};
constexpr std::string_view kPlanEndings[] = {"", "s", "ned", "ning", "ner"};

// Simplified and traditional, and as clients that write ASCII only send them.
constexpr Idea kChinese[] = {
    {"规划", kPlan},      {"计划", kPlan},      {"規劃", kPlan},    {"計劃", kPlan},
    {"架构", kArchitect}, {"架構", kArchitect}, {"设计", kDesign},  {"設計", kDesign},
    {"重构", kRefactor},  {"重構", kRefactor},  {"迁移", kMigrate}, {"遷移", kMigrate},
    {"路线图", kRoadmap}, {"方案", kStrategy},
};
constexpr Idea kEscapedChinese[] = {
    {"\\u89c4\\u5212", kPlan},     {"\\u8ba1\\u5212", kPlan},     {"\\u67b6\\u6784", kArchitect},
    {"\\u8bbe\\u8ba1", kDesign},   {"\\u91cd\\u6784", kRefactor}, {"\\u8fc1\\u79fb", kMigrate},
    {"\\u65b9\\u6848", kStrategy},
};

// An extension's bytes in one word, so that one is found without comparing strings.
constexpr std::size_t kLongestExtension = 6;
constexpr std::uint64_t pack(std::string_view extension) {
  std::uint64_t packed = 0;
  for (const char c : extension) packed = packed << 8 | static_cast<unsigned char>(c);
  return packed;
}
constexpr auto kExtensions = [] {
  constexpr std::string_view kNames[] = {
      "c",     "cc",    "cpp",  "cs",  "css",   "csv",  "go",   "gradle", "h",      "hpp",   "html",
      "ini",   "ipynb", "java", "js",  "json",  "jsx",  "kt",   "lock",   "md",     "mjs",   "php",
      "proto", "py",    "rb",   "rs",  "scala", "scss", "sh",   "sql",    "svelte", "swift", "tf",
      "toml",  "ts",    "tsx",  "txt", "vue",   "xml",  "yaml", "yml",
  };
  std::array<std::uint64_t, std::size(kNames)> packed{};
  std::transform(std::begin(kNames), std::end(kNames), packed.begin(), pack);
  std::sort(packed.begin(), packed.end());
  return packed;
}();

constexpr bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Bytes of a file's name, and of its path.
enum : std::uint8_t { kInName = 1, kInPath = 2 };
constexpr std::array<std::uint8_t, 256> kNameBytes = [] {
  std::array<std::uint8_t, 256> bytes{};
  for (int c = 0; c < 128; ++c) {
    const char byte = static_cast<char>(c);
    std::uint8_t& kinds = bytes[static_cast<std::size_t>(c)];
    if (is_letter(byte) || is_digit(byte) || c == '_' || c == '-') kinds = kInName | kInPath;
    if (c == '/' || c == '.') kinds = kInPath;
  }
  return bytes;
}();
bool is_name(char c) { return (kNameBytes[static_cast<unsigned char>(c)] & kInName) != 0; }
bool is_path(char c) { return (kNameBytes[static_cast<unsigned char>(c)] & kInPath) != 0; }

// One bit for each of 64 hashes of a word's first four bytes: most other words are told apart by
// it.
constexpr unsigned hash_start(std::uint32_t start) { return start * 0x9E3779B1U >> 26; }
constexpr std::uint64_t kStarts = [] {
  std::uint64_t starts = 0;
  for (const Idea& idea : kWords) starts |= std::uint64_t{1} << hash_start(idea.start);
  return starts;
}();

class Scan {
 public:
  void run(std::string_view text, Sieve sieve) {
    text_ = text;
    std::array<std::uint64_t, 2 * kWindow / 64> marks;
    const std::span used(marks.data(), (text.size() + 63) / 64);
    sieve(text, used);
    for (std::size_t block = 0; block < used.size(); ++block) {
      for (std::uint64_t left = used[block]; left != 0; left &= left - 1) {
        look(block * 64 + static_cast<std::size_t>(std::countr_zero(left)));
      }
    }
  }

  [[nodiscard]] TextSignals result() const {
    return {static_cast<std::uint32_t>(std::popcount(ideas_)), files_, steps_};
  }

 private:
  // Marked places are no more than a hint: here it is decided what stands there.
  void look(std::size_t at) {
    const char c = text_[at];
    if (is_letter(c)) {
      word(at);
    } else if (c == '.' || c == ')') {
      mark(at);
    } else if (c == '\\') {
      if (at + 1 < text_.size() && text_[at + 1] == 'u') match(kEscapedChinese, at);
    } else {
      match(kChinese, at);
    }
  }

  void word(std::size_t at) {
    if (text_.size() - at < 4) return;
    const std::uint32_t start = Idea::fold4(text_.substr(at, 4));
    if ((kStarts >> hash_start(start) & 1) != 0 && begins_word(at)) match(kWords, at);
  }

  void mark(std::size_t at) {
    if (at == 0 || at + 1 == text_.size()) return;
    const char before = text_[at - 1];
    const char after = text_[at + 1];
    if (is_digit(before) && after == ' ') step(at);
    if (text_[at] == '.' && is_letter(after) && is_name(before)) file(at);
  }

  [[nodiscard]] bool begins_word(std::size_t at) const {
    if (at == 0 || !is_letter(text_[at - 1])) return true;
    const char before = text_[at - 1];  // "\nplan"
    return (before == 'n' || before == 't' || before == 'r') && is_escape(at - 1);
  }
  // The letter of "\n", but not of "\\n".
  [[nodiscard]] bool is_escape(std::size_t at) const {
    return at > 0 && text_[at - 1] == '\\' && (at < 2 || text_[at - 2] != '\\');
  }

  template <std::size_t N>
  void match(const Idea (&ideas)[N], std::size_t at) {
    const std::string_view rest = text_.substr(at);
    if (rest.size() < 4) return;
    const std::uint32_t start = Idea::fold4(rest);
    for (const Idea& idea : ideas) {
      if (idea.start != start || rest.size() < idea.text.size()) continue;
      if (!equals_ignoring_case(rest.substr(0, idea.text.size()), idea.text)) continue;
      if (idea.whole && !ends_as_plan(at + idea.text.size())) continue;
      ideas_ |= idea.bit;
    }
  }

  [[nodiscard]] bool ends_as_plan(std::size_t at) const {
    std::size_t end = at;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    const std::string_view ending = text_.substr(at, end - at);
    return std::any_of(std::begin(kPlanEndings), std::end(kPlanEndings),
                       [&](std::string_view known) { return equals_ignoring_case(ending, known); });
  }

  // The dot of "src/main.cpp".
  void file(std::size_t dot) {
    if (files_ == names_.size()) return;
    std::uint64_t extension = 0;
    std::size_t end = dot + 1;
    for (; end < text_.size() && is_name(text_[end]); ++end) {
      if (end - dot > kLongestExtension) return;
      extension = extension << 8 | static_cast<unsigned char>(text_[end]);
    }
    if (!std::binary_search(kExtensions.begin(), kExtensions.end(), extension)) return;
    std::size_t begin = dot;
    while (begin > 0 && dot - begin < 200 && is_path(text_[begin - 1])) --begin;
    if (is_escape(begin)) ++begin;
    const std::uint64_t name = hash_bytes(text_.substr(begin, end - begin));
    const auto known = names_.begin() + files_;
    if (std::find(names_.begin(), known, name) != known) return;
    names_[files_++] = name;
  }

  // The mark after the number that begins a line.
  void step(std::size_t mark) {
    std::size_t begin = mark;
    while (begin > 0 && mark - begin < 3 && is_digit(text_[begin - 1])) --begin;
    while (begin > 0 && text_[begin - 1] == ' ') --begin;
    if (begin == 0 || (text_[begin - 1] == 'n' && is_escape(begin - 1))) ++steps_;
  }

  std::string_view text_;
  std::uint32_t ideas_ = 0, files_ = 0, steps_ = 0;
  std::array<std::uint64_t, 16> names_{};
};

}  // namespace

TextSignals find_signals(std::string_view raw, Sieve sieve) {
  Scan scan;
  if (raw.size() <= 2 * kWindow) {
    scan.run(raw, sieve);
  } else {
    scan.run(raw.substr(0, kWindow), sieve);
    scan.run(raw.substr(raw.size() - kWindow), sieve);
  }
  return scan.result();
}

}  // namespace tidegate::workload
