// Reports for programs: JSON and CSV.
#include <algorithm>
#include <array>

#include "json/writer.h"
#include "ledger/number_text.h"
#include "ledger/report.h"
#include "ledger/text_table.h"

namespace tidegate::ledger {
namespace {

bool shows_tasks(const Query& query) {
  return query.tasks || std::ranges::find(query.by, GroupBy::task) != query.by.end();
}

// What is not known is null in JSON and empty in CSV, never zero.
struct Figure {
  std::string_view name;
  std::optional<std::int64_t> value;
};

std::optional<std::int64_t> value_of(const std::optional<NanoDollars>& amount) {
  return amount ? std::optional(amount->value) : std::nullopt;
}

// In the memory of `all`.
void fill_figures(std::vector<Figure>& all, const ReportRow& row, const Query& query) {
  const Sums& sums = row.sums;
  const bool all_unknown =
      sums[Measure::attempts] > 0 && sums[Measure::unpriced] == sums[Measure::attempts];
  all.clear();
  for (const Measure which :
       {Measure::requests, Measure::succeeded, Measure::attempts, Measure::failed, Measure::prompt,
        Measure::cached, Measure::cache_write, Measure::completion, Measure::reasoning,
        Measure::cost, Measure::unpriced, Measure::peak_cost, Measure::saved_by_cache,
        Measure::saved_by_window, Measure::retried_cost, Measure::failed_cost}) {
    all.push_back(
        {name(which), is_money(which) && all_unknown ? std::nullopt : std::optional(sums[which])});
  }
  all.push_back({"cost_per_success_nano_usd", value_of(cost_per(sums, sums[Measure::succeeded]))});
  if (shows_tasks(query)) {
    all.push_back({"tasks", row.tasks});
    all.push_back({"succeeded_tasks", row.succeeded_tasks});
    all.push_back(
        {"cost_per_succeeded_task_nano_usd", value_of(cost_per(sums, row.succeeded_tasks))});
  }
  if (query.reprice) {
    const bool none_known =
        sums[Measure::attempts] > 0 && row.repriced_unknown == sums[Measure::attempts];
    all.push_back(
        {"repriced_nano_usd", none_known ? std::nullopt : std::optional(row.repriced.value)});
    all.push_back({"repriced_unknown_attempts", row.repriced_unknown});
  }
}

void write_figures(json::Writer& json, const std::vector<Figure>& figures) {
  for (const Figure& figure : figures) {
    json.key(figure.name);
    if (figure.value) {
      json.value(*figure.value);
    } else {
      json.null();
    }
  }
}

void write_filters(json::Writer& json, const Query& query) {
  json.key("filters").begin_object();
  for (const Filter& filter : query.filters) {
    json.key(name(filter.by)).begin_array();
    for (const std::string& one : filter.names) {
      if (one.empty()) {
        json.null();
      } else {
        json.value(one);
      }
    }
    json.end_array();
  }
  json.end_object();
}

}  // namespace

void write_json(const Report& report, const Output& output) {
  const Query& query = report.query;
  Pieces pieces(output);
  json::Writer json(pieces.next());
  std::vector<Figure> figures;
  const auto time = [&](std::string_view key, const std::optional<WallTime>& at) {
    json.key(key);
    if (at) {
      json.value(format_rfc3339(*at));
    } else {
      json.null();
    }
  };
  json.begin_object().key("by").begin_array();
  for (const GroupBy by : query.by) json.value(name(by));
  json.end_array();
  time("since", query.since);
  time("until", query.until);
  json.member("time_zone", query.zone.name());
  write_filters(json, query);
  json.key("rows").begin_array();
  for (const ReportRow& row : report.rows) {
    pieces.next();  // the writer appends to it
    json.begin_object();
    for (std::size_t i = 0; i < query.by.size(); ++i) {
      json.key(name(query.by[i]));
      if (row.names[i].empty()) {
        json.null();
      } else {
        json.value(row.names[i]);
      }
    }
    fill_figures(figures, row, query);
    write_figures(json, figures);
    json.end_object();
  }
  json.end_array().member("rows_left_out", report.left_out).key("total").begin_object();
  fill_figures(figures, report.total, query);
  write_figures(json, figures);
  json.end_object().key("notes").begin_array();
  for (const std::string& note : report.notes) json.value(note);
  json.end_array().end_object();
  pieces.next() += '\n';
}

void write_csv(const Report& report, const Output& output) {
  const Query& query = report.query;
  Pieces pieces(output);
  Line head;
  for (const GroupBy by : query.by) head.emplace_back(name(by));
  std::vector<Figure> figures;
  fill_figures(figures, report.total, query);
  for (const Figure& figure : figures) head.emplace_back(figure.name);
  append_csv(pieces.next(), head);
  for (const ReportRow& row : report.rows) {
    std::string& out = pieces.next();
    for (std::size_t i = 0; i < row.names.size(); ++i) {
      if (i > 0) out += ',';
      append_csv(out, row.names[i]);
    }
    fill_figures(figures, row, query);
    for (const Figure& figure : figures) {
      std::array<char, kMostDigits> number;
      if (figure.value) {
        out.append(number.data(), write_number(number.data(), *figure.value));
      } else {
        out += ',';
      }
    }
    out += "\r\n";
  }
}

std::string to_string(const Report& report, void (*write)(const Report&, const Output&)) {
  std::string text;
  write(report, [&](std::string_view piece) { text += piece; });
  return text;
}

}  // namespace tidegate::ledger
