#include "translation/response_memory.h"

namespace tidegate::translation {

std::size_t KeptResponse::bytes() const {
  constexpr std::size_t kNodes = 256;  // of the list and the map
  return text->bytes() + 2 * (owner.size() + id.size()) + previous.size() + kNodes;
}

std::string ResponseMemory::key(std::string_view owner, std::string_view id) {
  // The size keeps owners apart whatever bytes their names have.
  return std::to_string(owner.size()).append(":").append(owner).append(id);
}

ResponseMemory::Order::iterator ResponseMemory::find(std::string_view owner, std::string_view id) {
  const auto found = by_key_.find(key(owner, id));
  return found == by_key_.end() ? order_.end() : found->second;
}

void ResponseMemory::insert(KeptResponse response) {
  if (const auto old = find(response.owner, response.id); old != order_.end()) {
    bytes_ -= old->bytes();
    by_key_.erase(key(old->owner, old->id));
    order_.erase(old);
  }
  bytes_ += response.bytes();
  order_.push_front(std::move(response));
  by_key_.emplace(key(order_.front().owner, order_.front().id), order_.begin());
}

void ResponseMemory::touch(Order::iterator response, WallTime now) {
  response->used = now;
  order_.splice(order_.begin(), order_, response);
}

bool ResponseMemory::walk(std::string_view owner, std::string_view id,
                          std::vector<Order::iterator>& out) {
  while (!id.empty()) {
    const auto found = find(owner, id);
    if (found == order_.end() || out.size() == order_.size()) return false;
    if (!found->text->provider.empty()) return false;
    out.push_back(found);
    id = found->previous;
  }
  return true;
}

void ResponseMemory::add(KeptResponse response, WallTime now) {
  response.used = now;
  std::vector<Order::iterator> before;
  walk(response.owner, response.previous, before);
  insert(std::move(response));
  for (const auto one : before) touch(one, now);
  trim(now);
}

ResponseChain ResponseMemory::chain(std::string_view owner, std::string_view id, WallTime now) {
  trim(now);
  std::vector<Order::iterator> found;
  ResponseChain chain;
  if (!walk(owner, id, found)) return chain;
  for (const auto one : found) touch(one, now);
  for (auto one = found.rbegin(); one != found.rend(); ++one) chain.push_back((*one)->text);
  return chain;
}

std::shared_ptr<const ResponseText> ResponseMemory::one(std::string_view owner, std::string_view id,
                                                        WallTime now) {
  trim(now);
  const auto found = find(owner, id);
  return found == order_.end() ? nullptr : found->text;
}

bool ResponseMemory::erase(std::string_view owner, std::string_view id) {
  const auto found = find(owner, id);
  if (found == order_.end()) return false;
  drop(found);
  return true;
}

void ResponseMemory::add_loaded(KeptResponse response) { insert(std::move(response)); }

void ResponseMemory::settle_loaded(WallTime now) {
  const auto later = [](const KeptResponse& a, const KeptResponse& b) { return a.used > b.used; };
  order_.sort(later);
  for (const KeptResponse& response : order_) {
    auto before = find(response.owner, response.previous);
    while (before != order_.end() && before->used < response.used) {
      before->used = response.used;
      before = find(before->owner, before->previous);
    }
  }
  order_.sort(later);
  trim(now);
}

void ResponseMemory::drop(Order::iterator response) {
  forget_(*response);
  bytes_ -= response->bytes();
  by_key_.erase(key(response->owner, response->id));
  order_.erase(response);
}

void ResponseMemory::trim(WallTime now) {
  while (!order_.empty() && order_.back().used + ttl_ <= now) drop(std::prev(order_.end()));
  for (; bytes_ > max_bytes_ && !order_.empty(); ++evicted_) drop(std::prev(order_.end()));
}

}  // namespace tidegate::translation
