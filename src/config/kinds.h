// The kinds of values that an option can have: how each is parsed, shown and described.
// Used by the option tables. A kind has parse, show, expected, may_quote and hint.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "base/time.h"
#include "config/config.h"

namespace tidegate::config {

struct AnyKind {
  // Whether a problem may repeat what was written.
  [[nodiscard]] static bool may_quote(std::string_view) { return true; }
  [[nodiscard]] static std::string hint(std::string_view) { return {}; }
};

struct DurationBetween : AnyKind {
  Duration min, max;
  DurationBetween(Duration low, Duration high) : min(low), max(high) {}
  [[nodiscard]] std::optional<Duration> parse(std::string_view text) const;
  [[nodiscard]] std::string show(Duration value) const;
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string hint(std::string_view text) const;
};

struct IntegerBetween : AnyKind {
  int min, max;
  IntegerBetween(int low, int high) : min(low), max(high) {}
  [[nodiscard]] std::optional<int> parse(std::string_view text) const;
  [[nodiscard]] std::string show(int value) const;
  [[nodiscard]] std::string expected() const;
};

struct CountBetween : AnyKind {
  std::int64_t min, max;
  CountBetween(std::int64_t low, std::int64_t high) : min(low), max(high) {}
  [[nodiscard]] std::optional<std::int64_t> parse(std::string_view text) const;
  [[nodiscard]] static std::string show(std::optional<std::int64_t> value);
  [[nodiscard]] std::string expected() const;
};

// 1 to 100 million tokens.
struct TokenCount : AnyKind {
  [[nodiscard]] std::optional<Tokens> parse(std::string_view text) const;
  [[nodiscard]] std::string show(std::optional<Tokens> value) const;
  [[nodiscard]] std::string expected() const;
};

struct BytesBetween : AnyKind {
  std::uint64_t min, max;
  BytesBetween(std::uint64_t low, std::uint64_t high) : min(low), max(high) {}
  [[nodiscard]] std::optional<std::uint64_t> parse(std::string_view text) const;
  [[nodiscard]] std::string show(std::uint64_t value) const;
  [[nodiscard]] std::string expected() const;
};

// A number above zero, decimals allowed.
struct Amount : AnyKind {
  double min, max;
  Amount(double low, double high) : min(low), max(high) {}
  [[nodiscard]] std::optional<double> parse(std::string_view text) const;
  [[nodiscard]] static std::string show(double value);
  [[nodiscard]] static std::string show(std::optional<double> value) {
    return value ? show(*value) : "";
  }
  [[nodiscard]] std::string expected() const;
};

// "20%" is 0.2.
struct Percent : AnyKind {
  [[nodiscard]] std::optional<double> parse(std::string_view text) const;
  [[nodiscard]] std::string show(double value) const;
  [[nodiscard]] std::string expected() const { return "a percentage from 0% to 100%"; }
};

// Also YAML 1.1's on, off, yes and no, in any case.
struct Boolean : AnyKind {
  [[nodiscard]] std::optional<bool> parse(std::string_view text) const;
  [[nodiscard]] std::string show(std::optional<bool> value) const {
    return !value ? "" : *value ? "true" : "false";
  }
  [[nodiscard]] std::string expected() const { return "true or false"; }
};

// USD per million tokens, at most six decimals so that it stays exact.
struct UsdPerMillion : AnyKind {
  [[nodiscard]] std::optional<PicoDollars> parse(std::string_view text) const;
  [[nodiscard]] std::string show(std::optional<PicoDollars>) const { return "unknown"; }
  [[nodiscard]] std::string expected() const;
};

// USD above zero, at most nine decimals so that they are whole nano-dollars.
struct Usd : AnyKind {
  [[nodiscard]] static std::optional<NanoDollars> parse(std::string_view text);
  [[nodiscard]] static std::string show(NanoDollars amount);
  [[nodiscard]] std::string expected() const;
};

// An IANA time zone that this system knows.
struct ZoneName : AnyKind {
  [[nodiscard]] std::optional<std::string> parse(std::string_view text) const;
  [[nodiscard]] std::string show(const std::string& value) const { return value; }
  [[nodiscard]] std::string expected() const {
    return "a time zone of the IANA that this system knows (package tzdata), or UTC";
  }
};

// Where alerts are posted; its path is often all the secret there is.
struct WebhookUrl : AnyKind {
  [[nodiscard]] std::optional<Secret> parse(std::string_view text) const;
  [[nodiscard]] std::string show(const Secret&) const { return {}; }
  [[nodiscard]] std::string expected() const {
    return "a URL that begins with https:// or http://";
  }
  [[nodiscard]] static bool may_quote(std::string_view) { return false; }
};

// "host:port" or "[ipv6]:port"; port 0 lets the system choose.
struct ListenAddress : AnyKind {
  [[nodiscard]] std::optional<std::string> parse(std::string_view text) const;
  [[nodiscard]] std::string show(const std::string& value) const { return value; }
  [[nodiscard]] std::string expected() const;
};

// "http[s]://host[:port][/path]"; a trailing slash is dropped.
struct BaseUrl : AnyKind {
  [[nodiscard]] std::optional<std::string> parse(std::string_view text) const;
  [[nodiscard]] std::string show(const std::string& value) const { return value; }
  [[nodiscard]] std::string expected() const;
  // What stands before an @ may be a password.
  [[nodiscard]] static bool may_quote(std::string_view text) { return !text.contains('@'); }
};

// A name that ends up in headers and reports: visible ASCII without spaces, at most 128 characters.
struct Name : AnyKind {
  [[nodiscard]] std::optional<std::string> parse(std::string_view text) const;
  [[nodiscard]] std::string show(const std::string& value) const { return value; }
  [[nodiscard]] std::string expected() const;
};

// One line of text, not empty. `what` describes it: "a file".
struct Line : AnyKind {
  std::string what;
  explicit Line(std::string described) : what(std::move(described)) {}
  [[nodiscard]] std::optional<std::string> parse(std::string_view text) const;
  [[nodiscard]] std::string show(const std::string& value) const { return value; }
  [[nodiscard]] std::string expected() const { return what; }
};

// A secret of our own; what a header can carry, and too long to be guessed.
struct SecretText : AnyKind {
  std::size_t min;
  explicit SecretText(std::size_t least) : min(least) {}
  [[nodiscard]] std::optional<Secret> parse(std::string_view text) const;
  [[nodiscard]] std::string show(const Secret&) const { return {}; }
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] static bool may_quote(std::string_view) { return false; }
};

// A file that exists and can be read.
struct ReadableFile : AnyKind {
  [[nodiscard]] std::optional<std::string> parse(std::string_view text) const;
  [[nodiscard]] std::string show(const std::string& value) const { return value; }
  [[nodiscard]] std::string expected() const { return "a file that exists and can be read"; }
};

template <class Enum>
struct OneOf : AnyKind {
  std::span<const std::pair<std::string_view, Enum>> words;
  explicit OneOf(std::span<const std::pair<std::string_view, Enum>> choices) : words(choices) {}

  [[nodiscard]] std::optional<Enum> parse(std::string_view text) const {
    for (const auto& [word, value] : words) {
      if (word == text) return value;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::string show(Enum value) const {
    for (const auto& [word, candidate] : words) {
      if (candidate == value) return std::string(word);
    }
    return {};
  }
  [[nodiscard]] std::string show(std::optional<Enum> value) const {
    return value ? show(*value) : "";
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [word, value] : words) all.emplace_back(word);
    return all;
  }
  [[nodiscard]] std::string expected() const;
  [[nodiscard]] std::string hint(std::string_view text) const;
};

// "a, b or c"
std::string either(std::span<const std::string> words);
std::string suggestion(std::string_view word, std::span<const std::string> words);

template <class Enum>
std::string OneOf<Enum>::expected() const {
  return either(names());
}

template <class Enum>
std::string OneOf<Enum>::hint(std::string_view text) const {
  return suggestion(text, names());
}

}  // namespace tidegate::config
