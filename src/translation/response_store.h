// ResponseStore: what previous_response_id names, where the provider does not keep it and we do.
// One per process, of any thread: items_before() and remember() take one short lock and never wait
// for the disk.
//
// A response is kept as the items that it added, and where it went on from: a conversation of many
// turns is kept once. All of it is in memory, bounded and the least used gone first; a thread of
// its own copies it to SQLite, from where it is read at the next start. Nobody gets what another
// owner's requests left.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace tidegate::translation {

struct ResponseStoreOptions {
  std::string path;  // SQLite file; empty: nothing survives a restart
  std::size_t max_bytes = std::size_t{64} << 20;
  Duration ttl = 24h;  // after the last use
};

struct ResponseStoreStats {
  std::uint64_t responses = 0, bytes = 0;  // in memory
  std::uint64_t evicted = 0;               // for want of room
  std::string last_error;                  // of the file; what it lost is lost at a restart only
};

class ResponseStore {
 public:
  // Reads what the file holds. Error: it cannot be opened or read. The clock must outlive this.
  static Result<std::unique_ptr<ResponseStore>> open(ResponseStoreOptions options,
                                                     const Clock& clock);
  ~ResponseStore();  // writes what is waiting
  ResponseStore(const ResponseStore&) = delete;
  ResponseStore& operator=(const ResponseStore&) = delete;

  // The items of the conversation up to and with this response, elements of a JSON list. nullopt:
  // not known, not the owner's, or a part of it is gone.
  [[nodiscard]] std::optional<std::string> items_before(std::string_view owner,
                                                        std::string_view id);

  // `items`: the elements that the request added and those that it was answered with, as JSON.
  // `previous`: the response that it went on from; empty: `items` is all there is.
  void remember(std::string_view owner, std::string_view id, std::string_view previous,
                std::string_view items);

  void flush();  // blocks until everything so far is in the file, or was refused by it
  [[nodiscard]] ResponseStoreStats stats() const;

 private:
  class State;
  explicit ResponseStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tidegate::translation
