// The catalogue: models, the providers that serve them, capabilities and dated prices.
// Built from data/catalog.yaml (compiled in) and a config's overrides. Immutable, any thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/media.h"
#include "base/money.h"
#include "base/time.h"
#include "base/usage.h"
#include "config/config.h"

namespace tidegate::catalog {

// Prices per token. An absent price is unknown, never zero.
struct Price {
  std::optional<PicoDollars> input, cached, cache_write, output;
};

// Prices from a prompt size upwards (long-context surcharges); the first tier starts at 0.
struct Tier {
  Tokens above = 0;  // applies to prompts of more than this many tokens
  Price off_peak;
  Price peak;  // equal to off_peak where the provider has no peak hours
};

// Prices that hold from a date on. `id` is the price epoch that the ledger records.
struct Epoch {
  std::string id;  // "2026-09-10"
  WallTime from;
  std::vector<Tier> tiers;
  bool has_peak = false;
  std::string source;
};

// Weekly peak hours in UTC, half-open, with days that are off-peak as a whole.
class Calendar {
 public:
  [[nodiscard]] bool is_peak(WallTime at) const;

  struct Window {
    int weekday_mask = 0;  // bit 0 = Monday
    int start_minute = 0, end_minute = 0;
    WallTime from = WallTime::min(), until = WallTime::max();  // when the window is in force
  };
  std::vector<Window> windows;
  int holiday_utc_offset_minutes = 0;  // a holiday is a local date at this offset
  std::vector<std::chrono::sys_days> holidays;
  WallTime from{};  // no peak before
  std::string source;
};

struct Model {
  std::string id;
  std::vector<std::string> aliases;
  std::string provider;   // name of the provider that serves it by default
  std::string wire_name;  // what the provider calls it
  Tokens context = 0;     // 0: unknown
  Tokens max_input = 0;   // 0: same as context
  Tokens max_output = 0;  // 0: unknown
  bool thinking = false;  // can think
  bool thinking_by_default = false;
  std::vector<Media> takes;  // what it can be shown; empty: unknown
  bool tools = true;
  std::vector<std::string> fallback;
  std::vector<Epoch> epochs;  // ascending by date; empty: price unknown
  std::string calendar;       // name, empty: none
  std::string source;

  // Of `shown`, what it cannot take, as far as it is known.
  [[nodiscard]] MediaSet misses(MediaSet shown) const;
};

// What a token costs at one moment for one prompt size.
struct Quote {
  const Price* price = nullptr;  // null: unknown
  std::string_view epoch;
  bool peak = false;
  const Price* dearer = nullptr;  // at peak hours; null: it is peak, or there are none
};

// What a usage did not cost.
struct Savings {
  NanoDollars by_cache;   // than without the prompt cache; negative: writing it cost more
  NanoDollars by_window;  // than at peak hours
};

class Catalog {
 public:
  // The shipped data alone. Throws only if the compiled-in data is broken (a test guards it).
  static const Catalog& shipped();
  // The shipped data with a config's models and aliases. Adds to `problems` what is wrong with them
  // and with the config's routes: unknown models, providers that are missing or have no key.
  static Catalog with(const config::Config& config, std::vector<config::Problem>& problems);
  // Data of the form of data/catalog.yaml. Every problem names file:line:col.
  static Catalog parse(std::string_view yaml, const std::string& file,
                       std::vector<config::Problem>& problems);

  // By id or alias; nullptr if there is none.
  [[nodiscard]] const Model* find(std::string_view name) const;
  [[nodiscard]] const std::vector<Model>& models() const { return models_; }
  [[nodiscard]] std::vector<std::string> names() const;  // ids and aliases, for "did you mean"

  // `prompt` counts all prompt tokens, cached ones included. The quote's price lives as long as
  // the catalogue.
  [[nodiscard]] Quote quote(const Model& model, WallTime at, Tokens prompt) const;

 private:
  // Finds a std::string key by a view, without an allocation.
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const;
  };

  void add_model(const config::Model& entry);
  std::vector<Model> models_;
  std::unordered_map<std::string, std::size_t, NameHash, std::equal_to<>> by_name_;
  std::unordered_map<std::string, Calendar> calendars_;
};

// The price of `usage`; nullopt when a price that it needs is unknown. Rounded half up, once.
// Counts come from providers: each is taken as between zero and a billion.
[[nodiscard]] std::optional<NanoDollars> cost(const Price& price, const Usage& usage);
// `paid` is what cost() gives for the quote's price.
[[nodiscard]] Savings savings(const Quote& quote, const Usage& usage, NanoDollars paid);

}  // namespace tidegate::catalog
