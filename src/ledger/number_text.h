// Whole numbers in JSON text, there and back, in a third of the steps of the standard's functions:
// the ledger's texts are mostly numbers. Functions, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidegate::ledger {

inline constexpr std::size_t kMostDigits = 21;  // of a number and the comma before it

char* write_long_number(char* at, std::int64_t number);
// Writes ",123" at `at`, which has room for kMostDigits; gives its end.
inline char* write_number(char* at, std::int64_t number) {
  *at++ = ',';
  if (static_cast<std::uint64_t>(number) > 9) return write_long_number(at, number);
  *at++ = static_cast<char>('0' + number);  // half of a usual record's numbers
  return at;
}

// Walks text that was written by this program and checks that it is.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text)
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  [[nodiscard]] std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] bool at_end() const { return at_ == end_; }

  bool take(char expected) {
    if (at_ == end_ || *at_ != expected) return false;
    ++at_;
    return true;
  }

  // Raw, as between the quotes.
  bool string(std::string_view& raw) {
    if (!take('"')) return false;
    const char* const begin = at_;
    while (at_ != end_ && *at_ != '"') at_ += *at_ == '\\' && end_ - at_ > 1 ? 2 : 1;
    raw = {begin, static_cast<std::size_t>(at_ - begin)};
    return take('"');
  }

  bool integer(std::int64_t& number) {
    const bool negative = take('-');
    const char* const begin = at_;
    std::uint64_t value = 0;
    for (; at_ != end_ && static_cast<unsigned char>(*at_ - '0') < 10; ++at_) {
      value = value * 10 + static_cast<std::uint64_t>(*at_ - '0');
    }
    number = static_cast<std::int64_t>(negative ? 0 - value : value);
    return at_ != begin && at_ - begin < 20;
  }

  bool null() {
    constexpr std::string_view kNull = "null";
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(kNull)) {
      return false;
    }
    at_ += kNull.size();
    return true;
  }

  // A string, a number or null of which nothing else is asked.
  bool skip() {
    std::string_view raw;
    if (at_ != end_ && *at_ == '"') return string(raw);
    std::int64_t number = 0;
    return null() || integer(number);
  }

 private:
  const char* begin_;
  const char* at_;
  const char* end_;
};

}  // namespace tidegate::ledger
