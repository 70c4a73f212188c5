#include "store/pipelined.h"

#include <fmt/format.h>

namespace tidegate::store {

Result<void> queue(Store& store, std::string_view sql, std::span<const Value> values,
                   std::int64_t rows) {
  if (auto* const pipelined = dynamic_cast<Pipelined*>(&store)) {
    return pipelined->queue(sql, values, rows);
  }
  const auto changed = store.run(sql, values);
  if (!changed) return std::unexpected(changed.error());
  return Pipelined::check_rows(sql, *changed, rows);
}

Result<void> flush(Store& store) {
  auto* const pipelined = dynamic_cast<Pipelined*>(&store);
  return pipelined == nullptr ? Result<void>{} : pipelined->flush();
}

Result<void> Pipelined::check_rows(std::string_view sql, std::int64_t changed,
                                   std::int64_t wanted) {
  if (wanted == kAnyRows || changed == wanted) return {};
  return fail(ErrorCode::invalid,
              fmt::format("the database is not as it was left: {} rows, not {}, for {}", changed,
                          wanted, sql));
}

}  // namespace tidegate::store
