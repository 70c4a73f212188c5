// ResponseStore: what previous_response_id names, where the provider does not keep it and we do.
// One per process, of any thread: each call but flush() takes one short lock and never waits for
// the disk.
//
// A response is kept as the items that its request added, its answer, and where it went on from: a
// conversation of many turns is kept once. All of it is in memory, bounded and the least used gone
// first; a thread of its own copies it to SQLite, from where it is read at the next start. Nobody
// gets what another owner's requests left.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "protocol/conversation.h"

namespace tidegate::translation {

struct ResponseStoreOptions {
  std::string path;  // SQLite file; empty: nothing survives a restart
  std::size_t max_bytes = std::size_t{64} << 20;
  Duration ttl = 24h;  // after the last use
};

// What is kept of one response, or of one item of an answer for those who refer to it.
struct ResponseText {
  std::string input = {};       // the elements that the request added, as JSON; or the one item
  std::string answer = {};      // the response object as the client got it; empty: there is none
  protocol::Range output = {};  // the elements of its `output`
  std::string provider = {};    // that keeps the response itself; then nothing else is here

  [[nodiscard]] std::string_view output_items() const { return output.in(answer); }
  [[nodiscard]] std::size_t bytes() const {
    return sizeof *this + input.size() + answer.size() + provider.size();
  }
};

// A conversation's responses, the first one first.
using ResponseChain = std::vector<std::shared_ptr<const ResponseText>>;

// All items of a conversation, elements of a JSON list.
[[nodiscard]] std::string items_of(const ResponseChain& chain);

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

  // The conversation up to and with this response. Empty: not known, not the owner's, kept by a
  // provider, or a part of it is gone.
  [[nodiscard]] ResponseChain conversation(std::string_view owner, std::string_view id);
  // This response alone. Null: not known, or not the owner's.
  [[nodiscard]] std::shared_ptr<const ResponseText> find(std::string_view owner,
                                                         std::string_view id);

  // `previous`: the response that it went on from; empty: the text is all there is.
  void remember(std::string_view owner, std::string_view id, std::string_view previous,
                ResponseText text);
  // Conversations that go on from it are no longer whole.
  void forget(std::string_view owner, std::string_view id);

  void flush();  // blocks until everything so far is in the file, or was refused by it
  [[nodiscard]] ResponseStoreStats stats() const;

 private:
  class State;
  explicit ResponseStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tidegate::translation
