#include "workload/text_signals.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

#include "base/hash.h"
#include "base/text.h"

namespace tidegate::workload {
namespace {

constexpr std::size_t kWindow = 8192;

// A word counts where it begins like `text`; one that is `whole` may have only the endings below.
struct Idea {
  constexpr Idea(std::string_view word, std::uint32_t its_bit, bool is_whole = false)
      : text(word), bit(its_bit), whole(is_whole), start(fold4(word)) {}

  // The first four bytes, letters in one case: nearly all other words differ here.
  static constexpr std::uint32_t fold4(std::string_view word) {
    std::uint32_t folded = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      folded = folded << 8 | (static_cast<unsigned char>(word[i]) | 0x20U);
    }
    return folded;
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

constexpr std::string_view kExtensions[] = {
    "c",     "cc",    "cpp",  "cs",  "css",   "csv",  "go",   "gradle", "h",      "hpp",   "html",
    "ini",   "ipynb", "java", "js",  "json",  "jsx",  "kt",   "lock",   "md",     "mjs",   "php",
    "proto", "py",    "rb",   "rs",  "scala", "scss", "sh",   "sql",    "svelte", "swift", "tf",
    "toml",  "ts",    "tsx",  "txt", "vue",   "xml",  "yaml", "yml",
};

bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; }

// Three neighbouring bytes are worth a look if they share a bit of the roles that their values may
// play in what is looked for. The pairs are the first two letters of the words.
enum Clue : std::uint16_t {
  kPl = 1,
  kAr = 2,
  kDe = 4,
  kRe = 8,
  kMi = 16,
  kRoSt = 32,
  kTr = 64,
  kHan = 128,
  kEscape = 256,
  kFile = 512,
  kStep = 1024,
};
struct Roles {
  std::uint16_t before = 0, here = 0, after = 0;
};

constexpr std::array<Roles, 256> make_roles() {
  std::array<Roles, 256> roles{};
  const auto at = [&](int byte) -> Roles& { return roles[static_cast<std::size_t>(byte)]; };
  constexpr unsigned kWordClues = kPl | kAr | kDe | kRe | kMi | kRoSt | kTr;
  for (int byte = 0; byte < 256; ++byte) {
    const int lower = byte | 0x20;
    const bool letter = byte < 0x80 && lower >= 'a' && lower <= 'z';
    const bool digit = byte >= '0' && byte <= '9';
    // "\nplan": the letter of an escape may stand before a word, too.
    const bool edge = !letter || byte == 'n' || byte == 't' || byte == 'r';
    unsigned before = kHan | kEscape;
    if (edge) before |= kWordClues;
    if (letter || digit || byte == '_' || byte == '-') before |= kFile;
    if (digit) before |= kStep;
    at(byte).before = static_cast<std::uint16_t>(before);
    if (letter) at(byte).after = kFile;
  }
  const auto mark = [&](std::string_view bytes, std::uint16_t Roles::* role, unsigned clue) {
    for (const char c : bytes) {
      const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
      for (const int byte : {c & 0xFF, letter ? c ^ 0x20 : c & 0xFF}) {
        at(byte).*role = static_cast<std::uint16_t>(at(byte).*role | clue);
      }
    }
  };
  const auto pair = [&](std::string_view here, std::string_view after, unsigned clue) {
    mark(here, &Roles::here, clue);
    mark(after, &Roles::after, clue);
  };
  pair("p", "l", kPl);
  pair("a", "r", kAr);
  pair("d", "e", kDe);
  pair("r", "e", kRe);
  pair("m", "i", kMi);
  pair("rs", "ot", kRoSt);
  pair("t", "r", kTr);
  pair("\\", "u", kEscape);
  pair(".", "", kFile);
  pair(".)", " ", kStep);
  for (const Idea& idea : kChinese) pair(idea.text.substr(0, 1), idea.text.substr(1, 1), kHan);
  return roles;
}
// The three roles of a byte in one word, so that the scan loads once a byte.
constexpr std::array<std::uint64_t, 256> pack_roles() {
  std::array<std::uint64_t, 256> packed{};
  const auto roles = make_roles();
  for (std::size_t i = 0; i < roles.size(); ++i) {
    packed[i] =
        roles[i].before | std::uint64_t{roles[i].here} << 16 | std::uint64_t{roles[i].after} << 32;
  }
  return packed;
}
constexpr std::array<std::uint64_t, 256> kRoles = pack_roles();
std::uint64_t roles_of(char c) { return kRoles[static_cast<unsigned char>(c)]; }

class Scan {
 public:
  void run(std::string_view text) {
    text_ = text;
    if (text.empty()) return;
    std::uint64_t before = roles_of(' ');
    std::uint64_t here = roles_of(text[0]);
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      const std::uint64_t after = roles_of(text[i + 1]);
      const std::uint64_t clues = before & (here >> 16) & (after >> 32) & 0xFFFF;
      if (clues != 0) [[unlikely]]
        look(i, static_cast<unsigned>(clues));
      before = here;
      here = after;
    }
  }

  [[nodiscard]] TextSignals result() const {
    return {static_cast<std::uint32_t>(std::popcount(ideas_)), files_, steps_};
  }

 private:
  [[gnu::noinline]] void look(std::size_t at, unsigned clues) {
    if ((clues & kHan) != 0) match(kChinese, at);
    if ((clues & kEscape) != 0) match(kEscapedChinese, at);
    if ((clues & kFile) != 0) file(at);
    if ((clues & kStep) != 0) step(at);
    if ((clues & ~unsigned{kHan | kEscape | kFile | kStep}) != 0 && begins_word(at)) {
      match(kWords, at);
    }
  }

  [[nodiscard]] bool begins_word(std::size_t at) const {
    return at == 0 || !is_letter(text_[at - 1]) || is_escape(at - 1);
  }
  // The letter of "\n", "\t" or "\r".
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
    std::size_t end = dot + 1;
    while (end < text_.size() && is_name(text_[end])) ++end;
    const std::string_view extension = text_.substr(dot + 1, end - dot - 1);
    if (extension.size() > 6 ||
        !std::binary_search(std::begin(kExtensions), std::end(kExtensions), extension)) {
      return;
    }
    std::size_t begin = dot;
    while (begin > 0 && dot - begin < 200 &&
           (is_name(text_[begin - 1]) || text_[begin - 1] == '/' || text_[begin - 1] == '.')) {
      --begin;
    }
    if (is_escape(begin)) ++begin;
    const std::uint64_t name = hash_bytes(text_.substr(begin, end - begin));
    if (files_ == names_.size() ||
        std::find(names_.begin(), names_.begin() + files_, name) != names_.begin() + files_) {
      return;
    }
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

TextSignals find_signals(std::string_view raw) {
  Scan scan;
  if (raw.size() <= 2 * kWindow) {
    scan.run(raw);
  } else {
    scan.run(raw.substr(0, kWindow));
    scan.run(raw.substr(raw.size() - kWindow));
  }
  return scan.result();
}

}  // namespace tidegate::workload
