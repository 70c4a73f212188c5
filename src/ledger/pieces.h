// Pieces: a long text that is handed on piece by piece, so that it never lies in memory as a whole:
// a report of a hundred thousand rows has fifty megabytes. One per text.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace tidegate::ledger {

using Output = std::function<void(std::string_view)>;

class Pieces {
 public:
  explicit Pieces(const Output& output) : output_(output) {}
  ~Pieces() { output_(text_); }
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;

  // What comes next is appended to it.
  std::string& next() {
    if (text_.size() >= kPiece) {
      output_(text_);
      text_.clear();
    }
    return text_;
  }

 private:
  static constexpr std::size_t kPiece = std::size_t{64} << 10;
  const Output& output_;
  std::string text_;
};

}  // namespace tidegate::ledger
