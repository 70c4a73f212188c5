// ResponseStore: the answers of the Responses surface that were made with `store`, for requests
// that go on from one by previous_response_id or ask for one by its id. Forgets the ones used
// longest ago. Thread-safe.
#pragma once

#include <algorithm>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "simulator/lru.h"

namespace tidegate::simulator {

class ResponseStore {
 public:
  static constexpr std::size_t kResponses = 1000;

  struct Stored {
    std::vector<std::string> input, output;  // items of the whole conversation, each a JSON object
    std::string body;                        // the response itself
  };
  void put(std::string_view id, Stored stored) {
    const std::lock_guard lock(mutex_);
    responses_.get(hash_bytes(id), {}) = std::move(stored);
  }
  std::optional<Stored> find_response(std::string_view id) {
    const std::lock_guard lock(mutex_);
    const Stored* stored = responses_.find(hash_bytes(id));
    if (stored == nullptr || stored->body.empty()) return std::nullopt;
    return *stored;
  }
  // The conversation up to and with the answer.
  std::optional<std::vector<std::string>> find(std::string_view id) {
    auto stored = find_response(id);
    if (!stored) return std::nullopt;
    std::ranges::move(stored->output, std::back_inserter(stored->input));
    return std::move(stored->input);
  }
  void erase(std::string_view id) { put(id, {}); }
  // Reasoning that may be sent back by its id alone, and what it was.
  void put_reasoning(std::string_view item_id, std::string thought) {
    const std::lock_guard lock(mutex_);
    reasoning_.get(hash_bytes(item_id), {}) = std::move(thought);
  }
  // An item of an answer, for those who name it by its id alone.
  void put_item(std::string_view item_id, std::string item) {
    const std::lock_guard lock(mutex_);
    items_.get(hash_bytes(item_id), {}) = std::move(item);
  }
  std::optional<std::string> find_item(std::string_view item_id) {
    const std::lock_guard lock(mutex_);
    const std::string* item = items_.find(hash_bytes(item_id));
    if (item == nullptr) return std::nullopt;
    return *item;
  }
  std::optional<std::string> find_reasoning(std::string_view item_id) {
    const std::lock_guard lock(mutex_);
    const std::string* thought = reasoning_.find(hash_bytes(item_id));
    if (thought == nullptr) return std::nullopt;
    return *thought;
  }
  void reset() {
    const std::lock_guard lock(mutex_);
    responses_.clear();
    reasoning_.clear();
    items_.clear();
  }

 private:
  std::mutex mutex_;  // the next request may come over another worker's connection
  LruMap<Stored> responses_{kResponses};
  LruMap<std::string> reasoning_{kResponses};
  LruMap<std::string> items_{kResponses};
};

}  // namespace tidegate::simulator
