// ToolsMemo: what was found in the tool arrays that were read last. Agents declare the same tools
// with every request, often tens of kilobytes of them, and equal bytes need not be walked again.
// One per worker, never shared.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/byte_classes.h"

namespace tidegate::protocol {

struct ToolFacts {
  std::uint32_t tools = 0;
  bool edit_tools = false;
  bool shell_tools = false;
  bool other_tools = false;
  bool strict_tools = false;
  ByteClasses text;
};

class ToolsMemo {
 public:
  struct Known {
    std::string array;  // from its opening to its closing bracket
    ToolFacts facts;
  };

  // What `text` begins with, if that is a known array; else null. An array ends where its bracket
  // closes, so equal bytes are all of it.
  [[nodiscard]] const Known* find(std::string_view text) const;
  // `array` was read to its end without an error.
  void remember(std::string_view array, const ToolFacts& facts);

 private:
  static constexpr std::size_t kEntries = 8;
  static constexpr std::size_t kLeastBytes = 128;
  static constexpr std::size_t kMostBytes = 64 * 1024;
  // Once full, only each fourth unknown array is kept: some clients never send one twice.
  static constexpr std::uint32_t kEach = 4;

  std::array<Known, kEntries> entries_;
  std::uint32_t unknown_ = 0;
};

}  // namespace tidegate::protocol
