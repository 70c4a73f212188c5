// ReasoningMemory: the reasoning that models gave, for clients that drop it. Many agents send an
// assistant's turn back without its reasoning, which some providers answer with 400 and all answer
// with worse work. Kept by tool-call id and by a hash of the turn, for a while and up to a size.
//
// Whatever is kept belongs to an owner, the client's credential, and no other can recall it.
// Any thread. A mutex guards the table: it is held for a lookup or an insertion, and taken only for
// answers with reasoning in tool work and for requests that lack it. Files are written and read by
// a thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "translation/cargo.h"

namespace tidegate::translation {

// Hashes the visible text of an assistant's turn, however it is escaped and cut into pieces.
// Spaces at either end do not count: clients trim.
class TurnHash {
 public:
  void add(std::string_view raw);  // the inside of a JSON string
  [[nodiscard]] std::uint64_t value() const { return hash_; }
  [[nodiscard]] bool empty() const { return !begun_; }

 private:
  void take(unsigned char byte);
  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::uint64_t spaces_ = 0;  // seen since the last other byte
  bool begun_ = false;
};

struct MemoryOptions {
  std::string path;  // SQLite file; empty: nothing survives a restart
  std::size_t max_bytes = 64u << 20;
  Duration keep = std::chrono::hours(24);
};

class ReasoningMemory {
 public:
  // What of a turn its reasoning is found by.
  struct Turn {
    std::vector<std::string> calls;  // tool-call ids, raw
    TurnHash text;
  };

  // What was looked for and is not here, for who can ask elsewhere: keys of entries.
  using Unknown = std::vector<std::string>;
  // Hears of each thing that is remembered here, on the thread that remembers it. A turn is told
  // once, under the key that recall() looks for first.
  using Listener =
      std::function<void(const std::string& key, const std::string& cargo, WallTime until)>;

  // A file that cannot be opened or read is no error: problem() says so, and nothing is kept beyond
  // this process.
  ReasoningMemory(MemoryOptions options, const Clock& clock);
  ~ReasoningMemory();  // writes what is not yet written
  ReasoningMemory(const ReasoningMemory&) = delete;
  ReasoningMemory& operator=(const ReasoningMemory&) = delete;

  // Never replaces something by nothing: an empty cargo is not remembered.
  void remember(std::string_view owner, const Turn& turn, const std::vector<Cargo>& cargo);
  // Whose the seals are that reach the client bare, without our envelope to say it.
  void remember_seals(std::string_view owner, const std::vector<Cargo>& cargo);
  // The provider and model that made a bare seal. Empty: nobody is known.
  [[nodiscard]] std::string maker_of(std::string_view owner, std::string_view proof,
                                     Unknown* unknown = nullptr) const;
  // By the first tool-call id that is known, else by the text. Empty: nothing is known.
  [[nodiscard]] std::vector<Cargo> recall(std::string_view owner, const Turn& turn,
                                          Unknown* unknown = nullptr) const;

  void listen(Listener listener) { listener_ = std::move(listener); }  // before the first answer
  // What another gateway remembers. Absent: nobody does, and it is not unknown for a while.
  void adopt(std::string key, std::optional<std::string> cargo, WallTime until);

  [[nodiscard]] std::size_t bytes() const;
  [[nodiscard]] std::string problem() const;
  void flush();  // returns once all that was remembered before is in the file, or cannot be

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const std::string> cargo;  // envelopes, each followed by a space
    WallTime until;
  };
  using Entries = std::list<Entry>;  // oldest first

  [[nodiscard]] const Entry* find(const std::string& key) const;
  void keep(std::vector<Entry> entries);
  void tell(const Entry& entry) const {
    if (listener_) listener_(entry.key, *entry.cargo, entry.until);
  }
  void put(Entry entry);
  void shrink();
  void load(std::deque<Entry> loaded);
  void run();
  struct File;

  const MemoryOptions options_;
  Listener listener_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;  // by the thread and for it
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_key_;
  std::size_t bytes_ = 0;
  std::deque<Entry> unwritten_;
  std::deque<std::string> forgotten_;  // keys to delete from the file
  std::string problem_;
  bool writing_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace tidegate::translation
