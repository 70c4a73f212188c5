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
  Block* first;
  std::size_t room;  // blocks that it still takes
};

// Without a constructor or destructor, which would be asked for at each use.
constexpr std::size_t kShelves = kLargest / kStep;
constinit thread_local std::array<Shelf, kShelves> shelves{};

std::size_t size_of(std::size_t index) { return (index + 1) * kStep; }

// Makes room on the shelves when the thread frees its first block, and empties them when it ends: a
// block that is freed later goes straight back.
struct Opening {
  Opening() {
    for (std::size_t i = 0; i < kShelves; ++i) shelves[i].room = kKeptBytes / size_of(i);
  }
  ~Opening() {
    for (Shelf& shelf : shelves) {
      while (shelf.first != nullptr) {
        Block* const block = shelf.first;
        shelf.first = block->next;
        ::operator delete(block);
      }
      shelf.room = 0;
    }
  }
};

// Beside the usual path, which so needs no registers of its own.
[[gnu::noinline, gnu::cold]] void free_without_room(void* block) {
  static thread_local Opening opening;
  ::operator delete(block);
}

}  // namespace

void* recycle_allocate(std::size_t size) {
  const std::size_t index = (size - 1) / kStep;
  if (!kRecycles || index >= kShelves) return ::operator new(size);
  Shelf& shelf = shelves[index];
  if (shelf.first == nullptr) return ::operator new(size_of(index));
  Block* const block = shelf.first;
  shelf.first = block->next;
  ++shelf.room;
  return block;
}

void recycle_free(void* block, std::size_t size) noexcept {
  const std::size_t index = (size - 1) / kStep;
  if (!kRecycles || index >= kShelves) return ::operator delete(block);
  Shelf& shelf = shelves[index];
  if (shelf.room == 0) return free_without_room(block);
  --shelf.room;
  shelf.first = new (block) Block{shelf.first};
}

}  // namespace tidegate
