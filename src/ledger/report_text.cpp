#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "json/writer.h"
#include "ledger/report.h"

namespace tidegate::ledger {
namespace {

constexpr std::size_t kColumns = 10;
using Cells = std::array<std::string, kColumns>;

// 1234567 -> "1,234,567"
std::string grouped(std::int64_t number) {
  std::string text = fmt::format("{}", number);
  for (auto at = std::ssize(text) - 3; at > (number < 0 ? 1 : 0); at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string cost_text(const Sum& sum) {
  if (sum.unpriced == 0) return format_usd(sum.cost);
  if (sum.unpriced == sum.attempts) return "unknown";
  return fmt::format("{} + {} unknown", format_usd(sum.cost), grouped(sum.unpriced));
}

double peak_share(const Sum& sum) {
  return sum.cost.value == 0
             ? 0.0
             : static_cast<double>(sum.peak_cost.value) / static_cast<double>(sum.cost.value);
}

Cells cells(const Sum& sum, std::string name) {
  return {std::move(name),
          grouped(sum.requests),
          grouped(sum.attempts),
          grouped(sum.failed),
          grouped(sum.usage.prompt),
          grouped(sum.usage.cached),
          grouped(sum.usage.completion),
          grouped(sum.usage.reasoning),
          cost_text(sum),
          sum.cost.value == 0 ? "-" : fmt::format("{:.0f}%", 100 * peak_share(sum))};
}

std::string range_text(const Query& query) {
  std::string text;
  if (query.since) text += " from " + format_rfc3339(*query.since);
  if (query.until) text += " until " + format_rfc3339(*query.until);
  return text;
}

// Columns of terminals, not bytes: names may be in any script.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

void append_line(std::string& out, const Cells& line,
                 const std::array<std::size_t, kColumns>& widths) {
  for (std::size_t i = 0; i < kColumns; ++i) {
    const std::string padding(widths[i] - width(line[i]), ' ');
    if (i > 0) out += "  ";
    out += i == 0 ? line[i] + padding : padding + line[i];
  }
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
}

void write_sum(json::Writer& json, const Sum& sum) {
  json.member("requests", sum.requests)
      .member("attempts", sum.attempts)
      .member("failed", sum.failed)
      .member("prompt_tokens", sum.usage.prompt)
      .member("cached_tokens", sum.usage.cached)
      .member("cache_write_tokens", sum.usage.cache_write)
      .member("completion_tokens", sum.usage.completion)
      .member("reasoning_tokens", sum.usage.reasoning);
  json.key("cost_nano_usd");
  if (sum.attempts > 0 && sum.unpriced == sum.attempts) {
    json.null();
  } else {
    json.value(sum.cost.value);
  }
  json.member("unknown_price_attempts", sum.unpriced)
      .member("peak_cost_nano_usd", sum.peak_cost.value)
      .member("peak_share", std::round(peak_share(sum) * 1e4) / 1e4);
}

}  // namespace

std::string to_text(const Report& report) {
  if (report.total.attempts == 0) {
    return fmt::format("Nothing was recorded{}.\n", report.query.since || report.query.until
                                                        ? range_text(report.query)
                                                        : std::string(" yet"));
  }
  std::vector<Cells> lines;
  lines.push_back({std::string(name(report.query.by)), "requests", "attempts", "failed", "prompt",
                   "cached", "completion", "reasoning", "cost", "at peak"});
  for (const Sum& sum : report.sums) {
    lines.push_back(cells(sum, sum.name.empty() ? "(none)" : sum.name));
  }
  lines.push_back(cells(report.total, "total"));

  std::array<std::size_t, kColumns> widths{};
  for (const Cells& line : lines) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], width(line[i]));
  }
  std::string out;
  if (const auto range = range_text(report.query); !range.empty()) out += "Cost" + range + "\n\n";
  for (const Cells& line : lines) append_line(out, line, widths);
  return out;
}

std::string to_json(const Report& report) {
  std::string out;
  json::Writer json(out);
  const auto time = [&](std::string_view key, const std::optional<WallTime>& at) {
    json.key(key);
    if (at) {
      json.value(format_rfc3339(*at));
    } else {
      json.null();
    }
  };
  json.begin_object().member("by", name(report.query.by));
  time("since", report.query.since);
  time("until", report.query.until);
  json.key("rows").begin_array();
  for (const Sum& sum : report.sums) {
    json.begin_object().key("name");
    if (sum.name.empty()) {
      json.null();
    } else {
      json.value(sum.name);
    }
    write_sum(json, sum);
    json.end_object();
  }
  json.end_array().key("total").begin_object();
  write_sum(json, report.total);
  json.end_object().end_object();
  return out + "\n";
}

}  // namespace tidegate::ledger
