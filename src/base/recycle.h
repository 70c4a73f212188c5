// Memory blocks of up to 8 KiB that a thread uses over and over, such as coroutine frames: freed
// ones are kept on lists of the thread, so that the next request takes them without malloc.
// A block may be freed on another thread than it came from. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

namespace tidegate {

// Never null; throws std::bad_alloc. `size` must be given back to recycle_free().
void* recycle_allocate(std::size_t size);
void recycle_free(void* block, std::size_t size) noexcept;

// Gives a class recycled memory: struct Question : Recycled { ... }.
struct Recycled {
  static void* operator new(std::size_t size) { return recycle_allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { recycle_free(block, size); }
};

// For containers that live as long as a request.
template <class T>
struct RecycledAllocator {
  using value_type = T;
  RecycledAllocator() = default;
  template <class U>
  RecycledAllocator(const RecycledAllocator<U>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(recycle_allocate(count * sizeof(T))); }
  void deallocate(T* block, std::size_t count) noexcept { recycle_free(block, count * sizeof(T)); }
  bool operator==(const RecycledAllocator&) const = default;
};
using RecycledString = std::basic_string<char, std::char_traits<char>, RecycledAllocator<char>>;

// An owned run of bytes, not initialised.
class RecycledBytes {
 public:
  RecycledBytes() = default;
  explicit RecycledBytes(std::size_t size)
      : bytes_(static_cast<char*>(recycle_allocate(size))), size_(size) {}
  RecycledBytes(RecycledBytes&& other) noexcept
      : bytes_(std::exchange(other.bytes_, nullptr)), size_(other.size_) {}
  RecycledBytes& operator=(RecycledBytes&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~RecycledBytes() { reset(); }
  void reset() {
    if (bytes_ != nullptr) recycle_free(std::exchange(bytes_, nullptr), size_);
  }
  [[nodiscard]] char* get() const { return bytes_; }

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace tidegate
