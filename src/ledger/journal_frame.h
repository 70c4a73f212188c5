// One segment as it lies in the journal. Functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/segment.h"

namespace tidegate::ledger {

inline constexpr std::string_view kFrameMagic = "TGS2";
inline constexpr std::string_view kFormerMagic = "TGS1";  // without tallies; read, not written
inline constexpr std::string_view kAnyMagic = "TGS";      // what both begin with
inline constexpr std::string_view kEndMark{"\0\0\0\0", 4};

// CRC-32C (Castagnoli, RFC 3720): by the processor's instruction where it has one.
std::uint32_t crc32c(std::string_view bytes);
std::uint32_t crc32c_by_tables(std::string_view bytes);

void append_frame(std::string& out, const Segment& segment);

// What stands at the beginning of `bytes`.
struct FoundFrame {
  enum class Kind : std::uint8_t {
    frame,       // `segment`, in `size` bytes
    unfinished,  // goes on behind the end of `bytes`; needs `size`
    end,         // no more frames
    none,        // neither: torn
  };
  Kind kind = Kind::none;
  std::size_t size = 0;
  Segment segment;
};
FoundFrame find_frame(std::string_view bytes);

}  // namespace tidegate::ledger
