#include "catalog/catalog_options.h"

#include <algorithm>

#include "config/kinds.h"

namespace tidegate::catalog {
namespace {

using config::AnyKind;
using config::Key;
using config::Line;
using config::list_option;
using config::Name;
using config::Node;
using config::option;
using config::Option;
using config::read_section;
using config::Reader;
using config::Section;
using config::TokenCount;
using config::UsdPerMillion;

struct Instant : AnyKind {
  static std::optional<WallTime> parse(std::string_view text) {
    WallTime at;
    return parse_rfc3339(text, at) ? std::optional(at) : std::nullopt;
  }
  static std::string show(WallTime) { return {}; }
  static std::string expected() { return "a date or an RFC 3339 time"; }
};

struct Date : AnyKind {
  static std::optional<std::chrono::sys_days> parse(std::string_view text) {
    const auto at = Instant::parse(text);
    if (!at || text.size() != 10) return std::nullopt;
    return std::chrono::floor<std::chrono::days>(*at);
  }
  static std::string expected() { return "a date"; }
};

// "01:00": minutes of the day; 24:00 is its end.
struct TimeOfDay : AnyKind {
  static std::optional<int> parse(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    const auto hour = parse_u64(text.substr(0, 2));
    const auto minute = parse_u64(text.substr(3));
    if (!hour || !minute || *minute > 59 || *hour * 60 + *minute > 24 * 60) return std::nullopt;
    return static_cast<int>(*hour * 60 + *minute);
  }
  static std::string show(int) { return {}; }
  static std::string expected() { return "a time of day from 00:00 to 24:00"; }
};

constexpr std::pair<std::string_view, int> kDays[] = {
    {"every_day", 0b1111111}, {"monday_to_friday", 0b0011111}, {"weekend", 0b1100000}};

// What the file says of an epoch, before it is put into tiers.
struct EpochEntry {
  WallTime from{};
  std::string source;
  std::optional<Price> price, peak;
  Tokens above_tokens = 0;
  std::optional<Price> above_price;
};

const Section<Price>& price_section() {
  static const Section<Price> section{
      option("input", &Price::input, UsdPerMillion{}, "0.15", ""),
      option("cached", &Price::cached, UsdPerMillion{}, "0.003", ""),
      option("cache_write", &Price::cache_write, UsdPerMillion{}, "6.25", ""),
      option("output", &Price::output, UsdPerMillion{}, "0.60", ""),
  };
  return section;
}

Option<EpochEntry> price_option(std::string name, std::optional<Price> EpochEntry::* member) {
  auto read = [member](EpochEntry& entry, const Node& node, const std::string& path,
                       Reader& reader) {
    read_section(price_section(), node, path, (entry.*member).emplace(), reader);
  };
  return {{std::move(name), "", "{ input: 1, output: 2 }", "a map", ""}, read};
}

const Section<EpochEntry>& above_section() {
  static const Section<EpochEntry> section{
      option("tokens", &EpochEntry::above_tokens, TokenCount{}, "272000", "").required(),
      price_option("price", &EpochEntry::above_price).required(),
  };
  return section;
}

const Section<EpochEntry>& epoch_section() {
  static const Section<EpochEntry> section{
      option("from", &EpochEntry::from, Instant{}, "2026-09-10", "").required(),
      option("source", &EpochEntry::source, Line{"where the price stands"}, "a page", "")
          .required(),
      price_option("price", &EpochEntry::price).required(),
      price_option("peak", &EpochEntry::peak),
      {{"above", "", "{ tokens: 272000, price: { input: 10 } }", "a map", ""},
       [](EpochEntry& entry, const Node& node, const std::string& path, Reader& reader) {
         read_section(above_section(), node, path, entry, reader);
       }},
  };
  return section;
}

Epoch to_epoch(const EpochEntry& entry) {
  Epoch epoch;
  epoch.id = format_rfc3339(entry.from).substr(0, 10);
  epoch.from = entry.from;
  epoch.source = entry.source;
  epoch.has_peak = entry.peak.has_value();
  const Price price = entry.price.value_or(Price{});
  epoch.tiers.push_back({0, price, entry.peak.value_or(price)});
  if (entry.above_price) {
    epoch.tiers.push_back({entry.above_tokens, *entry.above_price, *entry.above_price});
  }
  return epoch;
}

void read_prices(Model& model, const Node& node, const std::string& path, Reader& reader) {
  if (!reader.expect(node, Node::Kind::list, path)) return;
  for (const Node& item : node.items) {
    EpochEntry entry;
    read_section(epoch_section(), item, path, entry, reader);
    if (entry.peak && entry.above_price) {
      reader.problem(reader.at(item), path + ": peak and above in one price; expected one of them");
    }
    if (!model.epochs.empty() && entry.from <= model.epochs.back().from) {
      reader.problem(reader.at(item),
                     path + ": not later than the price before; expected " + "ascending dates");
    }
    model.epochs.push_back(to_epoch(entry));
  }
}

const Section<Model>& model_section() {
  using M = Model;
  static const Section<M> section{
      option("provider", &M::provider, Name{}, "deepseek", "").required(),
      option("name", &M::wire_name, Line{"a name of one line"}, "claude-opus-4-7", ""),
      list_option("aliases", &M::aliases, Name{}, "[claude-opus-4-7]", ""),
      option("context", &M::context, TokenCount{}, "1048576", ""),
      option("max_input", &M::max_input, TokenCount{}, "922000", ""),
      option("max_output", &M::max_output, TokenCount{}, "65536", ""),
      option("thinking", &M::thinking, config::Boolean{}, "true", ""),
      option("thinking_by_default", &M::thinking_by_default, config::Boolean{}, "true", ""),
      list_option("takes", &M::takes, config::OneOf<Media>{kMediaNames}, "[text, images]", ""),
      option("tools", &M::tools, config::Boolean{}, "false", ""),
      list_option("fallback", &M::fallback, Name{}, "[gpt-5.5]", ""),
      option("calendar", &M::calendar, Name{}, "deepseek", ""),
      option("source", &M::source, Line{"where this stands"}, "a page", "").required(),
      {{"prices", "", "[ ... ]", "a list", ""}, read_prices},
  };
  return section;
}

const Section<Calendar::Window>& window_section() {
  using W = Calendar::Window;
  static const Section<W> section{
      option("days", &W::weekday_mask, config::OneOf<int>{kDays}, "monday_to_friday", "")
          .required(),
      option("start", &W::start_minute, TimeOfDay{}, "01:00", "").required(),
      option("end", &W::end_minute, TimeOfDay{}, "04:00", "").required(),
      option("from", &W::from, Instant{}, "2026-08-22T16:00:00Z", ""),
      option("until", &W::until, Instant{}, "2026-08-22T16:00:00Z", ""),
  };
  return section;
}

const Section<Calendar>& calendar_section() {
  using C = Calendar;
  static const Section<C> section{
      option("source", &C::source, Line{"where this stands"}, "a page", "").required(),
      option("from", &C::from, Instant{}, "2026-08-16T16:00:00Z", "").required(),
      {{"windows", "", "[ ... ]", "a list", ""},
       [](C& calendar, const Node& node, const std::string& path, Reader& reader) {
         if (!reader.expect(node, Node::Kind::list, path)) return;
         for (const Node& item : node.items) {
           read_section(window_section(), item, path, calendar.windows.emplace_back(), reader);
         }
       }},
      option("holiday_utc_offset_minutes", &C::holiday_utc_offset_minutes,
             config::IntegerBetween{0, 840}, "480", ""),
      list_option("holidays", &C::holidays, Date{}, "[2026-10-01]", ""),
  };
  return section;
}

void read_calendars(CatalogData& data, const Node& node, const std::string& path, Reader& reader) {
  if (!reader.expect(node, Node::Kind::map, path)) return;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const std::string& name = node.keys[i].name;
    read_section(calendar_section(), node.items[i], path + "." + name, data.calendars[name],
                 reader);
  }
}

void read_models(CatalogData& data, const Node& node, const std::string& path, Reader& reader) {
  if (!reader.expect(node, Node::Kind::map, path)) return;
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const Key& key = node.keys[i];
    Model model;
    model.id = key.name;
    read_section(model_section(), node.items[i], path + "." + key.name, model, reader);
    if (model.wire_name.empty()) model.wire_name = model.id;
    data.models.push_back(std::move(model));
    data.model_positions.push_back(reader.at(key));
  }
}

}  // namespace

const Section<CatalogData>& catalog_options() {
  static const Section<CatalogData> section{
      {{"calendars", "", "", "a map", ""}, read_calendars},
      {{"models", "", "", "a map", ""}, read_models},
  };
  return section;
}

}  // namespace tidegate::catalog
