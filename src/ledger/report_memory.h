// ReportMemory: what a report fills once and gives back as a whole. Most of the time for a hundred
// thousand groups would go into bringing their memory, 4 KB at a time; here it comes in slabs of
// two megabytes, each one page where the kernel has such pages. One per report.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <memory_resource>
#include <new>
#include <vector>

namespace tidegate::ledger {

class ReportMemory final : public std::pmr::memory_resource {
 private:
  static constexpr std::size_t kSlab = std::size_t{2} << 20;
  // Most reports have some dozen groups and need no slab: clearing one takes 0.1 ms.
  static constexpr std::size_t kSmallPiece = std::size_t{32} << 10;
  static constexpr std::size_t kSmallPieces = 16;

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (std::align(alignment, bytes, at_, left_) == nullptr) {
      add_piece(bytes);
      std::align(alignment, bytes, at_, left_);
    }
    void* const memory = at_;
    at_ = static_cast<std::byte*>(at_) + bytes;
    left_ -= bytes;
    return memory;
  }
  void do_deallocate(void* /*memory*/, std::size_t /*bytes*/, std::size_t /*alignment*/) override {}
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }

  void add_piece(std::size_t bytes) {
    const bool small = pieces_.size() < kSmallPieces && bytes <= kSmallPiece;
    const std::size_t unit = small ? kSmallPiece : kSlab;
    left_ = (bytes + unit - 1) / unit * unit;
    at_ = std::aligned_alloc(small ? alignof(std::max_align_t) : kSlab, left_);
    if (at_ == nullptr) throw std::bad_alloc();
    pieces_.emplace_back(at_);
    if (!small) ::madvise(at_, left_, MADV_HUGEPAGE);  // refused: small pages do as well
  }

  std::vector<std::unique_ptr<void, Free>> pieces_;
  void* at_ = nullptr;  // in the last piece
  std::size_t left_ = 0;
};

}  // namespace tidegate::ledger
