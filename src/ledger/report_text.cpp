// Reports for people: an aligned table.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "ledger/report.h"
#include "ledger/text_table.h"

namespace tidegate::ledger {
namespace {

std::string unknown_or(const std::optional<NanoDollars>& amount) {
  return amount ? format_usd(*amount) : "unknown";
}

// Costs of which a part, or all, is unknown say so.
std::string cost_text(NanoDollars cost, std::int64_t unknown, std::int64_t attempts) {
  if (unknown == 0) return format_usd(cost);
  if (unknown == attempts) return "unknown";
  return fmt::format("{} + {} unknown", format_usd(cost), grouped(unknown));
}

std::string percent(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.0f}%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

struct Column {
  std::string_view head;
  std::function<std::string(const ReportRow&)> text;
  std::function<bool(const ReportRow&)> shown;  // empty: always
};

Column tokens(std::string_view head, Measure which, bool always) {
  Column column{head, [which](const ReportRow& row) { return grouped(row.sums[which]); }, {}};
  if (!always) column.shown = [which](const ReportRow& total) { return total.sums[which] != 0; };
  return column;
}

Column money(std::string_view head, Measure which) {
  return {head, [which](const ReportRow& row) { return format_usd({row.sums[which]}); },
          [which](const ReportRow& total) { return total.sums[which] != 0; }};
}

std::string per(const ReportRow& row, std::int64_t parts) {
  if (parts == 0) return "-";
  return unknown_or(cost_per(row.sums, parts));
}

std::vector<Column> columns(const Query& query) {
  const bool tasks = query.tasks || std::ranges::find(query.by, GroupBy::task) != query.by.end();
  std::vector<Column> all{
      tokens("requests", Measure::requests, true),
      {"success",
       [](const ReportRow& row) {
         return percent(row.sums[Measure::succeeded], row.sums[Measure::requests]);
       },
       {}},
      tokens("attempts", Measure::attempts, true),
      tokens("failed", Measure::failed, true),
      tokens("prompt", Measure::prompt, true),
      tokens("cached", Measure::cached, true),
      tokens("written", Measure::cache_write, false),
      tokens("completion", Measure::completion, true),
      tokens("reasoning", Measure::reasoning, true),
      {"cost",
       [](const ReportRow& row) {
         return cost_text({row.sums[Measure::cost]}, row.sums[Measure::unpriced],
                          row.sums[Measure::attempts]);
       },
       {}},
  };
  if (query.reprice) {
    all.push_back({"at other prices",
                   [](const ReportRow& row) {
                     return cost_text(row.repriced, row.repriced_unknown,
                                      row.sums[Measure::attempts]);
                   },
                   {}});
  }
  const auto has_cost = [](const ReportRow& total) { return total.sums[Measure::cost] != 0; };
  all.push_back(money("at peak", Measure::peak_cost));
  all.push_back({"off-peak",
                 [](const ReportRow& row) {
                   return format_usd({row.sums[Measure::cost] - row.sums[Measure::peak_cost]});
                 },
                 [](const ReportRow& total) { return total.sums[Measure::peak_cost] != 0; }});
  all.push_back(money("cache saved", Measure::saved_by_cache));
  all.push_back(money("off-peak saved", Measure::saved_by_window));
  all.push_back(money("retried", Measure::retried_cost));
  all.push_back(money("failed for", Measure::failed_cost));
  all.push_back({"per success",
                 [](const ReportRow& row) { return per(row, row.sums[Measure::succeeded]); },
                 has_cost});
  if (tasks) {
    all.push_back({"tasks", [](const ReportRow& row) { return grouped(row.tasks); }, {}});
    all.push_back(
        {"good tasks", [](const ReportRow& row) { return grouped(row.succeeded_tasks); }, {}});
    all.push_back({"per good task",
                   [](const ReportRow& row) { return per(row, row.succeeded_tasks); }, has_cost});
  }
  return all;
}

std::string range_text(const Query& query) {
  std::string text;
  if (query.since) text += " from " + format_rfc3339(*query.since);
  if (query.until) text += " until " + format_rfc3339(*query.until);
  for (const Filter& filter : query.filters) {
    text += fmt::format("{}{} ", text.empty() ? " " : ", ", name(filter.by));
    for (std::size_t i = 0; i < filter.names.size(); ++i) {
      text += i == 0 ? "" : " or ";
      text += filter.names[i].empty() ? "(none)" : filter.names[i];
    }
  }
  return text;
}

}  // namespace

void write_text(const Report& report, const Output& output) {
  const Query& query = report.query;
  Pieces pieces(output);
  const std::string range = range_text(query);
  if (report.total.sums[Measure::attempts] == 0) {
    pieces.next() += fmt::format("Nothing was recorded{}.\n", range.empty() ? " yet" : range);
  } else {
    std::vector<Column> shown = columns(query);
    std::erase_if(shown, [&](const Column& c) { return c.shown && !c.shown(report.total); });
    TextTable table(query.by.size() + shown.size(), query.by.size());
    const auto add_figures = [&](const ReportRow& row) {
      for (const Column& column : shown) table.add(column.text(row));
    };
    for (const GroupBy by : query.by) table.add(name(by));
    for (const Column& column : shown) table.add(column.head);
    for (const ReportRow& row : report.rows) {
      for (const std::string& name : row.names) table.add(name.empty() ? "(none)" : name);
      add_figures(row);
    }
    for (std::size_t i = 0; i < query.by.size(); ++i) table.add(i == 0 ? "total" : "");
    add_figures(report.total);
    if (!range.empty()) pieces.next() += "Cost" + range + "\n\n";
    table.write(pieces);
  }
  if (report.left_out > 0) {
    pieces.next() += fmt::format("The total includes {} more rows.\n",
                                 grouped(static_cast<std::int64_t>(report.left_out)));
  }
  for (const std::string& note : report.notes) pieces.next() += note + "\n";
}

}  // namespace tidegate::ledger
