#include "limits/key_reader.h"

#include <algorithm>

#include "base/hash.h"
#include "base/random.h"
#include "tls/keyed_hash.h"

namespace tidegate::limits {

KeyReader::KeyReader(const KeyRing& ring)
    : ring_(ring), version_(ring.version()), table_(ring.table()), seed_(random_u64()) {}

void KeyReader::refresh() {
  version_ = ring_.version();  // before the table: what comes between is looked at again
  table_ = ring_.table();
  seen_.fill({});
}

Verdict KeyReader::check(std::string_view text, WallTime now) {
  if (ring_.version() != version_) refresh();
  if (text.size() != kKeySize) return table_->check(text, now);
  Seen& seen = seen_[hash_bytes(text, seed_) % kSeen];
  if (seen.key != nullptr && now < seen.good_until &&
      tls::equal_in_constant_time({seen.text.data(), seen.text.size()}, text)) {
    return {seen.key, KeyFault::none, seen.good_until};
  }
  const Verdict verdict = table_->check(text, now);
  if (verdict.key != nullptr) {
    std::ranges::copy(text, seen.text.begin());
    seen.key = verdict.key;
    seen.good_until = verdict.good_until;
  }
  return verdict;
}

}  // namespace tidegate::limits
