// The journal: segments on the disk before they are in the store. An append is one write and one
// sync of blocks that the file already has, so that it costs a third of a commit, and it does not
// depend on the store. Frames of "TGS2", size, CRC-32C and payload; four zero bytes end the last.
// Belongs to the ledger's writer thread; read_journal() may look on from another process.
//
// Once all is in the store the file is written anew from its start. Frames of the round before may
// lie behind the end mark; a reader that meets them after a torn frame sees ids that the store has.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ledger/segment.h"

namespace tidegate::ledger {

class Journal {
 public:
  explicit Journal(std::string path) : path_(std::move(path)) {}
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Where in which file an append lies.
  struct Place {
    std::uint64_t file = 0, begin = 0, end = 0;
    bool alone = false;  // nothing else was pending, of earlier processes neither
  };
  // Durable when it returns without an error; with an error, nothing of it counts.
  // Error unavailable: another process writes to the file.
  Result<Place> append(std::span<const Segment> segments);

  // Bytes that were not yet drained, those that an earlier process left included.
  [[nodiscard]] std::uint64_t pending();

  // Reads on where the last call stopped, up to about 1 MiB, and hands what it found to `accept`.
  // What `accept` takes is passed over. What it refuses is read again by the next call. `accept`
  // may append, as it may have to wait for a store.
  Result<void> drain(const std::function<Result<void>(std::span<const Segment>)>& accept);

  // Passes over what is pending up to the place's end, if it begins with it: whoever appended that
  // brought it to the store without reading it back.
  Result<void> pass_over(const Place& place);

  // Stretches of bytes that were no whole frame, and so were skipped.
  [[nodiscard]] std::uint64_t torn() const { return torn_; }

 private:
  Result<void> open();
  Result<void> find_end();
  Result<void> make_room(std::uint64_t end);
  Result<void> start_anew();

  std::string path_;
  int file_ = -1;
  std::uint64_t opened_ = 0;     // how often: positions are of one opening
  bool looked_ = false;          // for a file of the process before
  std::uint64_t drained_ = 0;    // bytes of the file that are in the store
  std::uint64_t end_ = 0;        // of the frames
  std::uint64_t allocated_ = 0;  // size of the file
  std::uint64_t torn_ = 0;
  std::string frames_;  // being appended; kept for its memory
};

// The journal of the SQLite file at `ledger`, where no other place is configured.
inline std::string journal_of(const std::string& ledger) { return ledger + ".journal"; }

// What the journal at `path` holds, for a report beside a running gateway. No file: nothing.
Result<std::vector<Segment>> read_journal(const std::string& path);

struct WholeJournal {
  std::vector<Segment> segments;
  std::uint64_t torn = 0;  // stretches that were no whole frame
};
Result<WholeJournal> read_whole_journal(const std::string& path);

}  // namespace tidegate::ledger
