#include "budgets/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "json/writer.h"

namespace tidegate::budgets {
namespace {

using Cells = std::array<std::string, 7>;

std::string share_of(const Standing& standing) {
  return fmt::format("{:.0f}%", 100.0 * static_cast<double>(standing.spent.value) /
                                    static_cast<double>(standing.limit.value));
}

std::string when(const Standing& standing) {
  if (standing.spent >= standing.limit) return "used up";
  if (standing.runs_out) return format_rfc3339(*standing.runs_out).substr(0, 16) + "Z";
  return standing.period.has_end()
             ? fmt::format("not in this {}", config::name(standing.rule->budget.per))
             : std::string("not soon");
}

Cells cells_of(const Standing& standing) {
  const config::Budget& budget = standing.rule->budget;
  return {std::string(config::name(budget.scope)),
          standing.name.empty() ? "-" : standing.name,
          std::string(config::name(budget.per)),
          format_usd(standing.limit),
          format_usd(standing.spent),
          share_of(standing),
          when(standing)};
}

}  // namespace

std::string to_text(std::span<const Standing> standings) {
  if (standings.empty()) {
    return "There are no budgets, or nobody has spent anything of them in this period.\n";
  }
  std::vector<Cells> rows{{"scope", "name", "per", "budget", "spent", "share", "runs out"}};
  std::ranges::transform(standings, std::back_inserter(rows), cells_of);
  std::array<std::size_t, 7> widths{};
  for (const Cells& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Cells& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      const bool number = i >= 3 && i <= 5;
      out += last     ? row[i] + "\n"
             : number ? fmt::format("{:>{}}  ", row[i], widths[i])
                      : fmt::format("{:<{}}  ", row[i], widths[i]);
    }
  }
  return out;
}

std::string to_json(std::span<const Standing> standings) {
  std::string out;
  json::Writer json(out);
  json.begin_object().key("budgets").begin_array();
  for (const Standing& standing : standings) {
    const config::Budget& budget = standing.rule->budget;
    json.begin_object().member("scope", config::name(budget.scope));
    json.key("name");
    standing.name.empty() ? json.null() : json.value(standing.name);
    json.member("own", standing.rule->of_keys);
    json.member("per", config::name(budget.per)).member("time_zone", budget.time_zone);
    json.member("begin", format_rfc3339(standing.period.begin));
    json.key("end");
    standing.period.has_end() ? json.value(format_rfc3339(standing.period.end)) : json.null();
    json.member("limit_usd", format_usd(standing.limit).substr(1));
    json.member("spent_usd", format_usd(standing.spent).substr(1));
    json.member("limit_nanodollars", standing.limit.value);
    json.member("spent_nanodollars", standing.spent.value);
    json.member("reserved_nanodollars", standing.reserved.value);
    json.member("last_hour_nanodollars", standing.last_hour.value);
    json.member("on_exhausted", config::name(budget.on_exhausted));
    json.key("runs_out");
    standing.runs_out ? json.value(format_rfc3339(*standing.runs_out)) : json.null();
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

}  // namespace tidegate::budgets
