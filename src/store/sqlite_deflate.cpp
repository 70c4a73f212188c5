#include "store/sqlite_deflate.h"

#include <sqlite3.h>
#include <zlib.h>

#include <memory>

namespace tidegate::store {
namespace {

// Shorter texts are hardly made smaller, and setting up for one takes longer than writing it.
constexpr int kWorthwhile = 256;

struct Free {
  void operator()(Bytef* bytes) const { sqlite3_free(bytes); }
};
using Buffer = std::unique_ptr<Bytef, Free>;

Buffer allocate(uLong size) { return Buffer(static_cast<Bytef*>(sqlite3_malloc64(size))); }

void give(sqlite3_context* context, Buffer bytes, uLong size) {
  sqlite3_result_blob64(context, bytes.release(), size, sqlite3_free);
}

// X itself where that is not longer. The size of X is kept beside it by whoever calls this.
void compress(sqlite3_context* context, int, sqlite3_value** arguments) {
  const int size = sqlite3_value_bytes(arguments[0]);
  if (size < kWorthwhile) return sqlite3_result_value(context, arguments[0]);
  const auto* const bytes = static_cast<const Bytef*>(sqlite3_value_blob(arguments[0]));
  uLong packed_size = compressBound(static_cast<uLong>(size));
  Buffer packed = allocate(packed_size);
  if (packed == nullptr) return sqlite3_result_error_nomem(context);
  const int code =
      compress2(packed.get(), &packed_size, bytes, static_cast<uLong>(size), Z_BEST_SPEED);
  if (code != Z_OK) return sqlite3_result_error(context, "cannot deflate", -1);
  if (packed_size >= static_cast<uLong>(size)) {
    return sqlite3_result_value(context, arguments[0]);
  }
  give(context, std::move(packed), packed_size);
}

// X itself where it has SIZE bytes, or SIZE is 0: then it was never deflated.
void uncompress(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto* const packed = static_cast<const Bytef*>(sqlite3_value_blob(arguments[0]));
  const auto packed_size = static_cast<uLong>(sqlite3_value_bytes(arguments[0]));
  const sqlite3_int64 wanted = sqlite3_value_int64(arguments[1]);
  auto size = static_cast<uLong>(wanted);
  if (wanted <= 0 || size == packed_size) {
    return sqlite3_result_value(context, arguments[0]);
  }
  if (wanted > sqlite3_limit(sqlite3_context_db_handle(context), SQLITE_LIMIT_LENGTH, -1)) {
    return sqlite3_result_error_toobig(context);
  }
  Buffer bytes = allocate(size);
  if (bytes == nullptr) return sqlite3_result_error_nomem(context);
  if (::uncompress(bytes.get(), &size, packed, packed_size) != Z_OK) {
    return sqlite3_result_error(context, "damaged: cannot inflate", -1);
  }
  give(context, std::move(bytes), size);
}

}  // namespace

int add_deflate_functions(sqlite3* database) {
  constexpr int kKind = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  const int code = sqlite3_create_function_v2(database, "sqlar_compress", 1, kKind, nullptr,
                                              compress, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return code;
  return sqlite3_create_function_v2(database, "sqlar_uncompress", 2, kKind, nullptr, uncompress,
                                    nullptr, nullptr, nullptr);
}

}  // namespace tidegate::store
