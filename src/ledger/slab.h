// Slab: two megabytes that come as one page where the kernel has such pages. Of memory that is
// filled once and soon given back most of the time goes into bringing its pages, 4 KB at a time.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace tidegate::ledger {

class Slab {
 public:
  static constexpr std::size_t kSize = std::size_t{2} << 20;

  Slab() : memory_(std::aligned_alloc(kSize, kSize)) {
    if (memory_ == nullptr) throw std::bad_alloc();
    ::madvise(memory_.get(), kSize, MADV_HUGEPAGE);  // refused: small pages do as well
  }
  [[nodiscard]] std::byte* get() const { return static_cast<std::byte*>(memory_.get()); }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
};

}  // namespace tidegate::ledger
