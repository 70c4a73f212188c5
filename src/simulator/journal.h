// Journal: the last chat requests as they were received, for tests that check what reached the
// provider. Bounded in entries and bytes (Options). Thread-safe.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "http/head.h"
#include "simulator/options.h"
#include "simulator/reply.h"

namespace tidegate::simulator {

class Journal {
 public:
  explicit Journal(const Options& options)
      : max_entries_(options.log_entries), max_bytes_(options.log_bytes) {}

  // A body above the bound is not kept; its entry says how long it was.
  void add(const http::RequestHead& head, std::string_view body, WallTime received,
           const Reply& reply);
  // {"requests":[{"received","method","target","headers":{},"body","body_bytes","status",
  // "reasoning":[]}]}, oldest first.
  // Of Authorization and x-api-key only the last four characters are kept.
  [[nodiscard]] std::string as_json() const;
  void reset();

 private:
  struct Entry {
    WallTime received;
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;
    std::size_t body_bytes = 0;
    int status = 0;  // of the answer; 0: there was none
    std::vector<std::string> reasoning;
  };

  const std::size_t max_entries_;
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;  // requests of all workers stand in one list
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
};

}  // namespace tidegate::simulator
