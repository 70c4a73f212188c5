#include "base/recycle.h"

#include <array>
#include <cstdint>
#include <new>

namespace tidegate {
namespace {

// A sanitizer must see each block freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kRecycles = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kRecycles = false;
#else
constexpr bool kRecycles = true;
#endif
#else
constexpr bool kRecycles = true;
#endif

constexpr std::size_t kStep = 64;
constexpr std::size_t kLargest = 8 * 1024;
// Per size and thread. Frames of a few hundred bytes are wanted by hundreds of requests at a time.
constexpr std::size_t kKeptBytes = 256 * 1024;

struct Block {
  Block* next;
};

struct Shelf {
  Block* first = nullptr;
  std::size_t bytes = 0;
};

struct Shelves {
  std::array<Shelf, kLargest / kStep> shelves;
  ~Shelves() {
    for (Shelf& shelf : shelves) {
      while (shelf.first != nullptr) {
        Block* const block = shelf.first;
        shelf.first = block->next;
        ::operator delete(block);
      }
      // A block that is freed while the thread ends goes straight back.
      shelf.bytes = kKeptBytes;
    }
  }
};

thread_local Shelves kept;

}  // namespace

void* recycle_allocate(std::size_t size) {
  if (!kRecycles || size == 0 || size > kLargest) return ::operator new(size);
  const std::size_t index = (size - 1) / kStep;
  Shelf& shelf = kept.shelves[index];
  if (shelf.first == nullptr) return ::operator new((index + 1) * kStep);
  Block* const block = shelf.first;
  shelf.first = block->next;
  shelf.bytes -= (index + 1) * kStep;
  return block;
}

void recycle_free(void* block, std::size_t size) noexcept {
  if (kRecycles && size != 0 && size <= kLargest) {
    const std::size_t index = (size - 1) / kStep;
    Shelf& shelf = kept.shelves[index];
    if (shelf.bytes < kKeptBytes) {
      shelf.bytes += (index + 1) * kStep;
      shelf.first = new (block) Block{shelf.first};
      return;
    }
  }
  ::operator delete(block);
}

}  // namespace tidegate
