// ResponseMemory: the responses that are kept, bounded by bytes and by age. The part of the
// ResponseStore that knows nothing of threads and files; whoever uses it holds a lock.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "translation/response_store.h"

namespace tidegate::translation {

struct KeptResponse {
  std::string owner, id, previous;
  std::shared_ptr<const ResponseText> text;
  WallTime used;

  [[nodiscard]] std::size_t bytes() const;
};

class ResponseMemory {
 public:
  // `forget` is told of each that goes.
  ResponseMemory(std::size_t max_bytes, Duration ttl,
                 std::function<void(const KeptResponse&)> forget)
      : max_bytes_(max_bytes), ttl_(ttl), forget_(std::move(forget)) {}

  // Takes the place of one of the same name. Uses those before it.
  void add(KeptResponse response, WallTime now);

  // The responses from the first to this one, which all count as used. Empty: not whole.
  [[nodiscard]] ResponseChain chain(std::string_view owner, std::string_view id, WallTime now);
  // This one alone, which does not count as a use. Null: not known.
  [[nodiscard]] std::shared_ptr<const ResponseText> one(std::string_view owner, std::string_view id,
                                                        WallTime now);
  // False: not known.
  bool erase(std::string_view owner, std::string_view id);

  // For loading: a response is as fresh as those that go on from it.
  void add_loaded(KeptResponse response);
  void settle_loaded(WallTime now);

  [[nodiscard]] std::size_t count() const { return order_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t evicted() const { return evicted_; }

 private:
  using Order = std::list<KeptResponse>;

  [[nodiscard]] static std::string key(std::string_view owner, std::string_view id);
  Order::iterator find(std::string_view owner, std::string_view id);
  // From the last response to the first. False: one is missing, or elsewhere.
  bool walk(std::string_view owner, std::string_view id, std::vector<Order::iterator>& out);
  void touch(Order::iterator response, WallTime now);
  void insert(KeptResponse response);
  void drop(Order::iterator response);
  void trim(WallTime now);

  std::size_t max_bytes_;
  Duration ttl_;
  std::function<void(const KeptResponse&)> forget_;
  Order order_;  // the latest used first; those before a response before it
  std::unordered_map<std::string, Order::iterator> by_key_;
  std::size_t bytes_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace tidegate::translation
