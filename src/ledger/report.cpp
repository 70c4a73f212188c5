#include "ledger/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <unordered_map>

#include "base/hash.h"
#include "ledger/journal.h"
#include "ledger/segment.h"
#include "store/sqlite.h"

namespace tidegate::ledger {
namespace {

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
constexpr std::array kGroups{GroupBy::model, GroupBy::task,     GroupBy::role, GroupBy::day,
                             GroupBy::route, GroupBy::provider, GroupBy::key,  GroupBy::tenant};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return hash_bytes(text); }
};

void add(Sum& sum, const Label& label, const Entry& entry) {
  ++sum.attempts;
  if (label.last) ++sum.requests;
  if (label.outcome != "ok") ++sum.failed;
  sum.usage.prompt += entry.usage.prompt;
  sum.usage.cached += entry.usage.cached;
  sum.usage.cache_write += entry.usage.cache_write;
  sum.usage.completion += entry.usage.completion;
  sum.usage.reasoning += entry.usage.reasoning;
  if (!entry.cost) {
    ++sum.unpriced;
    return;
  }
  sum.cost += *entry.cost;
  if (label.peak) sum.peak_cost += *entry.cost;
}

std::int64_t micros(WallTime at) {
  return std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch()).count();
}

// Adds segment after segment to the sums of their groups.
class Summary {
 public:
  explicit Summary(const Query& query) : query_(query) {
    if (query.since) since_us_ = micros(*query.since);
    if (query.until) until_us_ = micros(*query.until);
  }

  Result<void> add_segment(std::string_view labels_text, std::string_view records_text) {
    const auto labels = read_labels(labels_text);
    if (!labels) return std::unexpected(labels.error());
    return read_records(records_text, labels->size(), [&](const Entry& entry) {
      if (entry.started_us < since_us_ || entry.started_us >= until_us_) return;
      const Label& label = (*labels)[entry.label];
      add(group_of(label, entry), label, entry);
      add(total_, label, entry);
    });
  }

  Report finish() {
    Report report{.query = query_, .sums = {}, .total = std::move(total_)};
    for (auto& [group, sum] : groups_) {
      sum.name = group;
      report.sums.push_back(std::move(sum));
    }
    std::ranges::sort(report.sums, [&](const Sum& a, const Sum& b) {
      if (query_.by != GroupBy::day && a.cost != b.cost) return a.cost > b.cost;
      return a.name < b.name;
    });
    return report;
  }

  [[nodiscard]] std::int64_t since_us() const { return since_us_; }
  [[nodiscard]] std::int64_t until_us() const { return until_us_; }

 private:
  Sum& group_of(const Label& label, const Entry& entry) {
    switch (query_.by) {
      case GroupBy::model:
        return group(label.model);
      case GroupBy::task:
        return group(entry.task);
      case GroupBy::role:
        return group(label.role);
      case GroupBy::day:
        return group(day_of(entry.started_us));
      case GroupBy::route:
        return group(label.route);
      case GroupBy::provider:
        return group(label.provider);
      case GroupBy::key:
        return group(label.key);
      case GroupBy::tenant:
        return group(label.tenant);
    }
    return total_;
  }

  Sum& group(std::string_view name) {
    const auto found = groups_.find(name);
    return found != groups_.end() ? found->second
                                  : groups_.try_emplace(std::string(name)).first->second;
  }

  // Records of one day lie together, so its text is made once in a while.
  std::string_view day_of(std::int64_t started_us) {
    if (const std::int64_t day = started_us / kMicrosPerDay; day != day_) {
      day_ = day;
      day_text_ = format_rfc3339(WallTime{std::chrono::hours(24 * day)}).substr(0, 10);
    }
    return day_text_;
  }

  const Query& query_;
  std::int64_t since_us_ = std::numeric_limits<std::int64_t>::min();
  std::int64_t until_us_ = std::numeric_limits<std::int64_t>::max();
  std::unordered_map<std::string, Sum, TextHash, std::equal_to<>> groups_;
  Sum total_;
  std::int64_t day_ = -1;
  std::string day_text_;
};

enum class Content { ledger, nothing, other };

Result<Content> content_of(store::Store& store) {
  Content content = Content::nothing;
  auto read = store.query("SELECT name FROM sqlite_master", {}, [&](const store::Row& row) {
    if (row.text(0) == "segment") {
      content = Content::ledger;
    } else if (content == Content::nothing) {
      content = Content::other;
    }
  });
  if (!read) return std::unexpected(read.error());
  return content;
}

// Adds what is in the store; takes its segments out of `journaled`.
Result<void> add_stored(store::Store& store, const std::string& path,
                        std::map<std::int64_t, Segment>& journaled, Summary& summary) {
  const auto content = content_of(store);
  if (!content) return std::unexpected(content.error());
  if (*content == Content::nothing) return {};
  if (*content == Content::other) {
    return fail(ErrorCode::invalid, fmt::format("{} is a database, but not a ledger", path));
  }
  Result<void> added;
  const std::array<store::Value, 2> range{summary.since_us(), summary.until_us()};
  auto read =
      store.query("SELECT id, labels, records FROM segment WHERE last_us >= ? AND first_us < ?",
                  range, [&](const store::Row& row) {
                    journaled.erase(row.integer(0));
                    if (added) added = summary.add_segment(row.text(1), row.text(2));
                  });
  return read ? added : read;
}

}  // namespace

std::string_view name(GroupBy by) {
  switch (by) {
    case GroupBy::model:
      return "model";
    case GroupBy::task:
      return "task";
    case GroupBy::role:
      return "role";
    case GroupBy::day:
      return "day";
    case GroupBy::route:
      return "route";
    case GroupBy::provider:
      return "provider";
    case GroupBy::key:
      return "key";
    case GroupBy::tenant:
      return "tenant";
  }
  return "unknown";
}

std::optional<GroupBy> parse_group_by(std::string_view text) {
  const auto* const found = std::ranges::find(kGroups, text, [](GroupBy by) { return name(by); });
  return found == kGroups.end() ? std::nullopt : std::optional(*found);
}

Result<Report> run_report(const std::string& path, const std::string& journal_path,
                          const Query& query) {
  // First the journal: what is loaded in between is then found twice, not missed.
  std::map<std::int64_t, Segment> journaled;
  for (Segment& segment : read_journal(journal_path)) journaled[segment.id] = std::move(segment);
  Summary summary(query);
  auto store = store::open_sqlite({.path = path, .read_only = true});
  if (store) {
    if (auto added = add_stored(**store, path, journaled, summary); !added) {
      return std::unexpected(added.error());
    }
  } else if (store.error().code != ErrorCode::not_found) {
    return std::unexpected(store.error());
  } else if (journaled.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("there is no ledger at {}: `tidegate serve` makes it with its first "
                            "request",
                            path));
  }
  for (const auto& [id, segment] : journaled) {
    if (auto added = summary.add_segment(segment.labels, segment.records); !added) {
      return std::unexpected(added.error());
    }
  }
  return summary.finish();
}

}  // namespace tidegate::ledger
