// Reports for programs: JSON and CSV.
#include <algorithm>

#include "json/writer.h"
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

std::vector<Figure> figures(const ReportRow& row, const Query& query) {
  const Sums& sums = row.sums;
  const bool all_unknown =
      sums[Measure::attempts] > 0 && sums[Measure::unpriced] == sums[Measure::attempts];
  std::vector<Figure> all;
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
  return all;
}

void write_figures(json::Writer& json, const ReportRow& row, const Query& query) {
  for (const Figure& figure : figures(row, query)) {
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

std::string to_json(const Report& report) {
  const Query& query = report.query;
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
  json.begin_object().key("by").begin_array();
  for (const GroupBy by : query.by) json.value(name(by));
  json.end_array();
  time("since", query.since);
  time("until", query.until);
  json.member("time_zone", query.zone.name());
  write_filters(json, query);
  json.key("rows").begin_array();
  for (const ReportRow& row : report.rows) {
    json.begin_object();
    for (std::size_t i = 0; i < query.by.size(); ++i) {
      json.key(name(query.by[i]));
      if (row.names[i].empty()) {
        json.null();
      } else {
        json.value(row.names[i]);
      }
    }
    write_figures(json, row, query);
    json.end_object();
  }
  json.end_array().member("rows_left_out", report.left_out).key("total").begin_object();
  write_figures(json, report.total, query);
  json.end_object().key("notes").begin_array();
  for (const std::string& note : report.notes) json.value(note);
  json.end_array().end_object();
  return out + "\n";
}

std::string to_csv(const Report& report) {
  const Query& query = report.query;
  std::string out;
  Line head;
  for (const GroupBy by : query.by) head.emplace_back(name(by));
  for (const Figure& figure : figures(report.total, query)) head.emplace_back(figure.name);
  append_csv(out, head);
  for (const ReportRow& row : report.rows) {
    Line line = row.names;
    for (const Figure& figure : figures(row, query)) {
      line.push_back(figure.value ? std::to_string(*figure.value) : "");
    }
    append_csv(out, line);
  }
  return out;
}

}  // namespace tidegate::ledger
