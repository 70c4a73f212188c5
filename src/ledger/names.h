// Names: numbers texts from 0 as they first come, and keeps them one behind the other: of a hundred
// thousand tasks most of the time would go into memory for each. One per report.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory_resource>
#include <string_view>

#include "base/hash.h"
#include "ledger/numbering.h"

namespace tidegate::ledger {

class Names {
 public:
  explicit Names(std::pmr::memory_resource* memory) : memory_(memory), numbering_(memory) {}

  std::uint32_t number(std::string_view name) {
    return numbering_.number(name, [&] { return keep(name); });
  }
  // `name` will be asked for shortly.
  void expect(std::string_view name) const { numbering_.expect(name); }

  [[nodiscard]] std::uint32_t size() const { return numbering_.size(); }
  [[nodiscard]] std::string_view operator[](std::uint32_t number) const {
    return numbering_[number];
  }

 private:
  struct Hash {
    std::uint64_t operator()(std::string_view name) const { return hash_bytes(name); }
  };

  std::string_view keep(std::string_view name) {
    char* const kept = static_cast<char*>(memory_->allocate(name.size(), 1));
    std::ranges::copy(name, kept);
    return {kept, name.size()};
  }

  std::pmr::memory_resource* memory_;
  Numbering<std::string_view, Hash> numbering_;
};

}  // namespace tidegate::ledger
