// LruMap: a bounded map from hashes to small values that forgets what was used longest ago.
// Used by the simulator's prompt cache and fault counter. Not thread-safe: its owner locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

namespace tidegate::simulator {

template <class Value>
class LruMap {
 public:
  explicit LruMap(std::size_t capacity) : capacity_(capacity) {}

  // The value under `key`, now the most recently used; null if there is none.
  Value* find(std::uint64_t key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  // The value under `key`, made from `initial` if there is none.
  Value& get(std::uint64_t key, Value initial) {
    if (Value* found = find(key)) return *found;
    if (entries_.size() == capacity_) {
      index_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, std::move(initial));
    index_[key] = entries_.begin();
    return entries_.front().second;
  }

  void clear() {
    index_.clear();
    entries_.clear();
  }

 private:
  using Entries = std::list<std::pair<std::uint64_t, Value>>;
  const std::size_t capacity_;
  Entries entries_;  // most recently used first
  std::unordered_map<std::uint64_t, typename Entries::iterator> index_;
};

}  // namespace tidegate::simulator
