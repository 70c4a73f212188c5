// Opens SQLite files as stores: write-ahead log, fsync at every commit, a small page cache.
// The store belongs to the thread that uses it; several connections to one file are fine.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "store/store.h"

namespace tidegate::store {

struct SqliteOptions {
  std::string path;
  bool read_only = false;      // for reports beside a running writer; the file must exist
  Duration busy_timeout = 2s;  // how long a statement waits for another writer's lock
  int cache_kib = 1024;        // upper bound of the page cache
  // Bytes, of a file that is new. Smaller ones waste less behind large texts, larger ones take less
  // work for each byte.
  int page_size = 4096;
  // How much the write-ahead log holds before its pages go to the file. The less, the longer they
  // stay in caches and the less a reader has to look through; the more, the fewer syncs.
  int checkpoint_kib = 1024;
};

// Creates the file when it is missing (not if read_only: Error::not_found).
// A commit fails with Error::io once the file was removed or replaced under us.
Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options);

}  // namespace tidegate::store
