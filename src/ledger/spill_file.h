// The spill file: segments that wait on the disk while the store cannot take them.
// Frames of "TGS1", size, CRC-32 and payload, appended and synchronised; what a crash or a full
// disk cut off is skipped when it is read back. Belongs to the ledger's writer thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/error.h"
#include "ledger/segment.h"

namespace tidegate::ledger {

class SpillFile {
 public:
  explicit SpillFile(std::string path) : path_(std::move(path)) {}
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  // Durable when it returns without an error; with an error, nothing of it stays.
  Result<void> append(std::span<const Segment> segments);

  // Whether the file has bytes that were not yet read back.
  [[nodiscard]] bool pending();

  // Reads on where the last call stopped, up to about kBytesPerStep, and hands what it found to
  // `accept`. What `accept` takes is passed over; once all is, the file is emptied. What `accept`
  // refuses is read again by the next call.
  Result<void> drain(const std::function<Result<void>(std::span<const Segment>)>& accept);

  // Stretches of bytes that were no whole frame, and so were skipped.
  [[nodiscard]] std::uint64_t torn() const { return torn_; }

 private:
  Result<void> open();
  [[nodiscard]] Result<std::string> read(std::uint64_t at, std::size_t most) const;
  [[nodiscard]] std::uint64_t size() const;

  std::string path_;
  int file_ = -1;
  bool looked_ = false;        // for a file of the process before
  std::uint64_t drained_ = 0;  // bytes of the file that are in the store
  std::uint64_t torn_ = 0;
};

}  // namespace tidegate::ledger
