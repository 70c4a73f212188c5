#include "simulator/pattern_sample.h"

#include <algorithm>
#include <charconv>

namespace tidegate::simulator {
namespace {

constexpr std::size_t kMaxRepeats = 1000;
constexpr std::size_t kMaxText = 10'000;
constexpr int kMaxDepth = 16;

class Sampler {
 public:
  explicit Sampler(std::string_view pattern) : left_(pattern) {}

  std::optional<std::string> all() {
    auto text = alternatives(0);
    if (!left_.empty()) return std::nullopt;  // a bracket that nothing opened
    return text;
  }

 private:
  bool take(char c) {
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }

  // The first of them; the others are only read over.
  std::optional<std::string> alternatives(int depth) {
    auto first = sequence(depth);
    while (first && take('|')) {
      if (!sequence(depth)) return std::nullopt;
    }
    return first;
  }

  std::optional<std::string> sequence(int depth) {
    if (depth > kMaxDepth) return std::nullopt;
    std::string out;
    while (!left_.empty() && left_.front() != '|' && left_.front() != ')') {
      if (take('^') || take('$')) continue;
      const auto piece = atom(depth);
      const auto times = piece ? repeats() : std::nullopt;
      if (!times || out.size() + piece->size() * *times > kMaxText) return std::nullopt;
      for (std::size_t i = 0; i < *times; ++i) out += *piece;
    }
    return out;
  }

  std::optional<std::string> atom(int depth) {
    const char c = left_.front();
    left_.remove_prefix(1);
    switch (c) {
      case '(': {
        if (left_.starts_with("?:")) left_.remove_prefix(2);
        if (left_.starts_with('?')) return std::nullopt;
        auto inside = alternatives(depth + 1);
        if (!take(')')) return std::nullopt;
        return inside;
      }
      case '[':
        return member();
      case '.':
        return "a";
      case '\\':
        return escaped();
      case '*':
      case '+':
      case '?':
      case '{':
        return std::nullopt;
      default:
        return std::string(1, c);
    }
  }

  std::optional<std::string> escaped() {
    if (left_.empty()) return std::nullopt;
    const char c = left_.front();
    left_.remove_prefix(1);
    switch (c) {
      case 'd':
        return "0";
      case 'w':
        return "a";
      case 's':
        return " ";
      default:
        break;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter) return std::nullopt;
    return std::string(1, c);
  }

  // The first member of a class.
  std::optional<std::string> member() {
    if (left_.empty() || left_.front() == '^' || left_.front() == ']') return std::nullopt;
    const bool is_escaped = take('\\');
    auto first = is_escaped ? escaped() : std::string(1, left_.front());
    if (!is_escaped) left_.remove_prefix(1);
    while (!left_.empty() && left_.front() != ']') {
      left_.remove_prefix(left_.front() == '\\' ? std::min<std::size_t>(2, left_.size()) : 1);
    }
    if (!take(']')) return std::nullopt;
    return first;
  }

  // How often the atom before it stands at least.
  std::optional<std::size_t> repeats() {
    if (take('*') || take('?')) return 0;
    if (take('+')) return 1;
    if (!take('{')) return 1;
    std::size_t times = 0;
    const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), times);
    const std::size_t close = left_.find('}');
    if (error != std::errc{} || times > kMaxRepeats || close == left_.npos) return std::nullopt;
    left_.remove_prefix(close + 1);
    return times;
  }

  std::string_view left_;
};

}  // namespace

std::optional<std::string> sample_of_pattern(std::string_view pattern) {
  return Sampler(pattern).all();
}

}  // namespace tidegate::simulator
