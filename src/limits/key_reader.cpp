#include "limits/key_reader.h"

namespace tidegate::limits {

KeyReader::KeyReader(const KeyRing& ring)
    : ring_(ring), version_(ring.version()), table_(ring.table()) {}

Verdict KeyReader::check(std::string_view text, WallTime now) {
  if (const std::uint64_t version = ring_.version(); version != version_) {
    version_ = version;  // read before the table: what comes between is looked at again
    table_ = ring_.table();
  }
  return table_->check(text, now);
}

}  // namespace tidegate::limits
