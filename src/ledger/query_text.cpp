#include "ledger/query_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace tidegate::ledger {
namespace {

constexpr std::string_view kNone = "(none)";  // as reports show records without a name

class QueryReader {
 public:
  explicit QueryReader(WallTime now) : now_(now) {}

  void read(const Parameter& parameter) {
    const auto& [name, value] = parameter;
    const auto group = parse_group_by(name);
    if (group && *group != GroupBy::day && *group != GroupBy::hour) {
      filter(*group, value);
    } else if (name == "by") {
      by(value);
    } else if (name == "since" || name == "until") {
      moments_.push_back(&parameter);  // a date needs the time zone, which may come later
    } else if (name == "time_zone") {
      zone(value);
    } else if (name == "tasks") {
      query_.tasks = value != "false" && value != "0";
    } else if (name == "top") {
      const auto number = parse_u64(value);
      if (!number || *number == 0) {
        problem(name, fmt::format("\"{}\" is not a number of rows; expected 1 or more", value));
      } else {
        query_.top = *number;
      }
    } else {
      problem(name,
              "there is no such parameter; expected by, since, until, time_zone, top, tasks, "
              "model, provider, route, role, key, tenant, client or task");
    }
  }

  std::expected<Query, std::vector<Error>> finish() {
    for (const Parameter* moment : moments_) {
      const auto at = read_moment(moment->second, query_.zone, now_);
      if (!at) {
        problem(moment->first, at.error().message);
      } else {
        (moment->first == "since" ? query_.since : query_.until) = *at;
      }
    }
    if (query_.since && query_.until && *query_.since >= *query_.until) {
      problem("until", "is not after since");
    }
    if (!problems_.empty()) return std::unexpected(std::move(problems_));
    return std::move(query_);
  }

 private:
  void problem(std::string_view name, std::string message) {
    problems_.push_back({ErrorCode::invalid, std::move(message), std::string(name)});
  }

  void by(std::string_view text) {
    std::vector<GroupBy> groups;
    while (true) {
      const std::size_t comma = text.find(',');
      const std::string_view name = trim(text.substr(0, comma));
      const auto group = parse_group_by(name);
      if (!group) {
        problem("by", fmt::format("\"{}\" is unknown; expected {}", name, group_names()));
      } else if (std::ranges::find(groups, *group) != groups.end()) {
        problem("by", fmt::format("\"{}\" comes twice", name));
      } else {
        groups.push_back(*group);
      }
      if (comma == std::string_view::npos) break;
      text.remove_prefix(comma + 1);
    }
    if (groups.size() > kMostGroups) {
      problem("by", fmt::format("{} groups; expected at most {}", groups.size(), kMostGroups));
    }
    query_.by = std::move(groups);
  }

  void zone(std::string_view text) {
    auto found = TimeZone::find(text);
    if (found) {
      query_.zone = std::move(*found);
    } else {
      problem("time_zone", found.error().message);
    }
  }

  void filter(GroupBy by, const std::string& value) {
    auto found = std::ranges::find(query_.filters, by, &Filter::by);
    if (found == query_.filters.end()) found = query_.filters.insert(found, Filter{by, {}});
    found->names.push_back(value == kNone ? std::string() : value);
  }

  WallTime now_;
  Query query_;
  std::vector<const Parameter*> moments_;
  std::vector<Error> problems_;
};

}  // namespace

Result<WallTime> read_moment(std::string_view text, const TimeZone& zone, WallTime now) {
  if (const auto ago = parse_duration(text)) return now - *ago;
  WallTime at;
  if (!parse_rfc3339(text, at)) {
    return fail(ErrorCode::invalid,
                fmt::format("\"{}\" is not a time of the years 1700 to 2200; expected 2026-11-01, "
                            "2026-11-01T12:00:00+01:00, or 24h for that long ago",
                            text));
  }
  constexpr std::size_t kDateAlone = 10;
  if (text.size() > kDateAlone) return at;
  return zone.start(
      std::chrono::local_days{std::chrono::floor<std::chrono::days>(at.time_since_epoch())});
}

std::expected<Query, std::vector<Error>> read_query(std::span<const Parameter> parameters,
                                                    WallTime now) {
  QueryReader reader(now);
  for (const Parameter& parameter : parameters) reader.read(parameter);
  return reader.finish();
}

}  // namespace tidegate::ledger
