// What was spent: the ledger's records summed up by model, provider, route, role, key, tenant,
// client, task, day or hour, or by two of them.
// Used by `tidegate cost` and the admin API, beside a running gateway. Functions, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "base/time.h"
#include "base/time_zone.h"
#include "ledger/ledger.h"
#include "ledger/pieces.h"
#include "ledger/segment.h"
#include "ledger/sums.h"

namespace tidegate::ledger {

enum class GroupBy : std::uint8_t {
  model,
  provider,
  route,
  role,
  key,
  tenant,
  client,
  task,
  day,
  hour
};
[[nodiscard]] std::string_view name(GroupBy by);
[[nodiscard]] std::optional<GroupBy> parse_group_by(std::string_view text);
// "model, provider, ... or hour", for messages.
[[nodiscard]] std::string group_names();
// What a label says of it; empty: nothing. Not for task, day and hour.
[[nodiscard]] std::string_view name_in(const Label& label, GroupBy by);

// Records of which `by` is one of `names`; "" stands for none.
struct Filter {
  GroupBy by = GroupBy::model;
  std::vector<std::string> names;
};

// What a record costs at other prices; absent: unknown.
using Reprice = std::function<std::optional<NanoDollars>(const Label&, const Entry&)>;

inline constexpr std::size_t kMostGroups = 2;

struct Query {
  std::vector<GroupBy> by{GroupBy::model};  // one to kMostGroups, all different
  std::optional<WallTime> since;            // of an attempt's start, inclusive
  std::optional<WallTime> until;            // exclusive
  TimeZone zone;                            // of days and hours
  std::vector<Filter> filters;              // all must hold
  bool tasks = false;                       // count tasks, too
  Reprice reprice;                          // empty: the recorded costs alone
  std::size_t top = 0;                      // most rows; 0: all
};

struct ReportRow {
  std::vector<std::string> names;  // one per group; empty: records without one
  Sums sums;
  // Asked for with `tasks`, or grouped by task. A task succeeded if its latest request ended well.
  std::int64_t tasks = 0;
  std::int64_t succeeded_tasks = 0;
  // At the prices of `reprice`.
  NanoDollars repriced;
  std::int64_t repriced_unknown = 0;
};

class Groups;

// Rows that are made when they are looked at: of a hundred thousand, most of the time would go into
// their memory.
class ReportRows {
 public:
  ReportRows() = default;
  // groups: finished. shown: numbers of those that are rows, in order.
  ReportRows(std::shared_ptr<const Groups> groups, std::vector<std::uint32_t> shown);

  [[nodiscard]] std::size_t size() const { return shown_.size(); }
  [[nodiscard]] bool empty() const { return shown_.empty(); }
  [[nodiscard]] ReportRow operator[](std::size_t i) const;

  // Makes each row in the memory of the one before.
  class Iterator {
   public:
    Iterator(const ReportRows& rows, std::size_t at) : rows_(&rows), at_(at) {}
    const ReportRow& operator*() {
      rows_->show(at_, row_);
      return row_;
    }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const ReportRows* rows_;
    std::size_t at_;
    ReportRow row_;
  };
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, size()}; }

 private:
  void show(std::size_t i, ReportRow& row) const;

  std::shared_ptr<const Groups> groups_;
  std::vector<std::uint32_t> shown_;
};

struct Report {
  Query query;
  ReportRows rows;                 // in the order of time if grouped so, else dearest first
  ReportRow total;                 // of all rows, those beyond `top` included
  std::size_t left_out = 0;        // rows beyond `top`
  std::vector<std::string> notes;  // what one must know to read it
};

// Where a ledger is: its store, opened to read only, and its journal.
struct LedgerPlace {
  OpenStore open;
  std::string journal;
  std::string name;  // for messages; never a password
};
// The SQLite file at `path`.
[[nodiscard]] LedgerPlace sqlite_ledger(std::string path, std::string journal);

// Reads the store and what its journal holds that is not in it yet. Errors: not_found (neither is
// there), invalid (not a ledger, damaged, of a newer program; or `field` names a part of the query
// that cannot be answered), io, unavailable.
Result<Report> run_report(const LedgerPlace& place, const Query& query);

// Every record of the query's range. Errors as above.
Result<void> each_record(const LedgerPlace& place, const Query& query,
                         const std::function<void(const Label&, const Entry&)>& each);

// The quotient, rounded half up; absent where nothing can be said: no parts, or unknown prices.
[[nodiscard]] std::optional<NanoDollars> cost_per(const Sums& sums, std::int64_t parts);

// An aligned table with a total; a sentence when there is nothing to show. Columns that are zero
// throughout are left out.
void write_text(const Report& report, const Output& output);
void write_json(const Report& report, const Output& output);
// All columns, whatever they hold; unknown is empty.
void write_csv(const Report& report, const Output& output);

// The same as one text: write_text, write_json or write_csv.
[[nodiscard]] std::string to_string(const Report& report,
                                    void (*write)(const Report&, const Output&));

}  // namespace tidegate::ledger
