#include "ledger/rollup_text.h"

#include <algorithm>
#include <array>

#include "ledger/number_text.h"

namespace tidegate::ledger {

void append_entry(std::string& out, std::int64_t label_set, const Sums& sums) {
  std::array<char, (kMeasures + 1) * kMostDigits + 2> line;
  char* at = line.data();
  *at++ = out.empty() ? '[' : ',';
  char* const bracket = at;
  at = write_number(at, label_set);
  *bracket = '[';  // where the first number has its comma
  std::size_t count = kMeasures;
  while (count > 1 && sums.values[count - 1] == 0) --count;
  for (std::size_t i = 0; i < count; ++i) at = write_number(at, sums.values[i]);
  *at++ = ']';
  out.append(line.data(), static_cast<std::size_t>(at - line.data()));
}

void finish_entries(std::string& out) { out += out.empty() ? "[]" : "]"; }

bool RollupCursor::next(RollupEntry& entry) {
  if (damaged_ || at_ == text_.size()) return false;
  if (at_ == 0) {
    if (text_ == "[]") {
      at_ = text_.size();
      return false;
    }
    damaged_ = !text_.starts_with('[');
    at_ = 1;
  }
  damaged_ = damaged_ || !read(entry);
  return !damaged_;
}

bool RollupCursor::read(RollupEntry& entry) {
  TextCursor in(text_.substr(at_));
  if (!in.take('[') || !in.integer(entry.label_set)) return false;
  const auto number = [&](std::int64_t& value) { return in.take(',') && in.integer(value); };
  if (has_task_ && (!in.take(',') || !in.string(entry.task) || !number(entry.last_us) ||
                    !number(entry.last_ok))) {
    return false;
  }
  std::size_t count = 0;
  for (; in.take(','); ++count) {
    // Measures that a later version added have no place here.
    std::int64_t more = 0;
    if (!in.integer(count < kMeasures ? entry.sums.values[count] : more)) return false;
  }
  std::fill(entry.sums.values.begin() + static_cast<std::ptrdiff_t>(std::min(count, kMeasures)),
            entry.sums.values.end(), 0);
  if (!in.take(']')) return false;
  if (!in.take(',') && (!in.take(']') || !in.at_end())) return false;
  at_ += in.offset();
  return true;
}

}  // namespace tidegate::ledger
