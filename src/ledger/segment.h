// Segments: how records lie in the store and in the journal. A segment is the records of one
// commit as two JSON texts: the label sets that occur in it, and one array of numbers per record.
// Plain values; a builder or reader belongs to one thread.
//
// labels:  [{"route":"short","provider":"deepseek",...,"outcome":"ok","status":200}, ...]
// records: [["req_...",label,attempt,"task",started_us,first_byte_us,total_us,prompt,cached,
//            cache_write,completion,reasoning,estimated_prompt,cost_nano|null], ...]
//
// One row per record would cost 6,000 instructions and more in SQLite (about 230 a column); this
// costs a tenth, and `SELECT * FROM attempt` shows the records all the same (ledger_schema.h).
#pragma once

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

struct Segment {
  std::int64_t id = 0;        // unique and ascending: who writes it twice has one
  std::int64_t first_us = 0;  // earliest and latest `started`, microseconds since 1970 UTC
  std::int64_t last_us = 0;
  std::int64_t count = 0;
  std::string labels;
  std::string records;
};

class SegmentBuilder {
 public:
  void add(const UsageRecord& record);
  [[nodiscard]] std::int64_t count() const { return segment_.count; }
  // Hands out what was added and starts anew.
  [[nodiscard]] Segment finish(std::int64_t id);

 private:
  [[nodiscard]] std::int64_t label_of(const UsageRecord& record);

  Segment segment_;
  std::string key_;  // of the record at hand; kept for its memory
  std::string last_key_;
  std::int64_t last_label_ = 0;
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
};

// Errors (invalid) name the place: the text is not what a builder wrote.
Result<std::vector<Label>> read_labels(std::string_view labels);
Result<void> read_records(std::string_view records, std::size_t label_count,
                          const std::function<void(const Entry&)>& each);

}  // namespace tidegate::ledger
