// Segments: how records lie in the store and in the journal. A segment is the records of one
// commit as two JSON texts: the label sets that occur in it, and one array of numbers per record.
// Plain values; a builder or reader belongs to one thread.
//
// labels:  [{"route":"short","provider":"deepseek",...,"outcome":"ok","status":200}, ...]
// records: [["req_...",label,attempt,"task",started_us,first_byte_us,total_us,prompt,cached,
//            cache_write,completion,reasoning,estimated_prompt,cost_nano|null
//            (,saved_by_cache_nano(,saved_by_window_nano)), zeros at the end left out], ...]
//
// One row per record would cost 6,000 instructions and more in SQLite (about 230 a column); this
// costs a tenth, and `SELECT * FROM attempt` shows the records all the same (ledger_schema.h).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/money.h"
#include "base/usage.h"
#include "ledger/usage_record.h"

namespace tidegate::ledger {

// The sums of like records.
struct Tally {
  std::int64_t attempts = 0;
  std::int64_t unpriced = 0;  // of `attempts`: cost unknown
  Usage usage;
  NanoDollars cost, saved_by_cache, saved_by_window;

  void add(const Usage& used, const std::optional<NanoDollars>& cost_of_it, NanoDollars by_cache,
           NanoDollars by_window) {
    ++attempts;
    unpriced += cost_of_it ? 0 : 1;
    usage += used;
    if (cost_of_it) cost += *cost_of_it;
    saved_by_cache += by_cache;
    saved_by_window += by_window;
  }
  bool operator==(const Tally&) const = default;
};

// The sums of a segment's records with one label that began in one hour.
struct LabelTally {
  std::uint32_t begin = 0, end = 0;  // where the label stands in Segment::labels
  std::int64_t hour = 0;             // since 1970 UTC
  Tally tally;
  bool operator==(const LabelTally&) const = default;
};

struct Segment {
  std::int64_t id = 0;        // unique and ascending: who writes it twice has one
  std::int64_t first_us = 0;  // earliest and latest `started`, microseconds since 1970 UTC
  std::int64_t last_us = 0;
  std::int64_t count = 0;
  std::string labels;
  std::string records;
  // Follow from the records, of which the store keeps no more. Where tallies are missing, nobody
  // has looked yet: count() does.
  std::vector<LabelTally> tallies;
  bool has_tasks = false;  // whether a record may have a task
};

// What records must have in common to share a label.
struct LabelKey {
  std::array<std::string_view, 12> texts;
  std::uint32_t hour = 0;
  std::uint32_t flags = 0;
};

class SegmentBuilder {
 public:
  void add(const UsageRecord& record);
  [[nodiscard]] std::int64_t count() const { return segment_.count; }
  // Hands out what was added and starts anew, in the memory of `room`.
  [[nodiscard]] Segment finish(std::int64_t id, std::string room = {});

 private:
  char* write_moment(char* at, std::int64_t us);
  [[nodiscard]] std::int64_t label_of(const UsageRecord& record, std::int64_t started_us);

  Segment segment_;
  std::string key_;  // of the record at hand; kept for its memory
  LabelKey last_;    // of the label before, in labels_
  std::int64_t last_label_ = -1;
  // The second of the record before, as it is written: most share it.
  std::int64_t second_ = -1;
  std::array<char, 24> second_text_{};
  std::size_t second_size_ = 0;
  std::int64_t hour_ = -1;  // of the last label, and when it begins
  std::int64_t hour_begin_us_ = 0;
  struct Hash {
    std::size_t operator()(const std::string& key) const { return hash_bytes(key); }
  };
  std::unordered_map<std::string, std::int64_t, Hash> labels_;
};

// What many records of a segment have in common.
struct Label {
  std::string route, provider, model, price_epoch, requested_model, served_model;
  std::string finish_reason, client, key, tenant, role, error, outcome, usage_source;
  std::int64_t status = 0;
  bool stream = false, peak = false, last = false;
  std::uint32_t begin = 0, end = 0;  // where it stands in the text
};

// One record, as it was stored. Views are valid in the callback only.
struct Entry {
  std::string_view request;
  std::size_t label = 0;  // index into the segment's labels, in range
  std::int64_t attempt = 0;
  std::string_view task;
  std::int64_t started_us = 0, first_byte_us = 0, total_us = 0;
  Usage usage;
  Tokens estimated_prompt = 0;
  std::optional<NanoDollars> cost;
  NanoDollars saved_by_cache, saved_by_window;
};

inline constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
// Also of moments before 1970.
[[nodiscard]] constexpr std::int64_t hour_of(std::int64_t at_us) {
  return at_us / kMicrosPerHour - (at_us % kMicrosPerHour < 0 ? 1 : 0);
}

// Errors (invalid) name the place: the text is not what a builder wrote.
Result<std::vector<Label>> read_labels(std::string_view labels);
Result<void> read_records(std::string_view records, std::size_t label_count,
                          const std::function<void(const Entry&)>& each);
// Fills in what follows from the records, where it is missing. Errors as above.
Result<void> count(Segment& segment);

}  // namespace tidegate::ledger
