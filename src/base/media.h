// What a model may be shown beside text, one kind or a set of them. Plain values, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace tidegate {

enum class Media : std::uint8_t { text = 0, images = 1, documents = 2, audio = 4 };

// Of Media, text aside.
using MediaSet = std::uint8_t;

inline constexpr std::array<std::pair<std::string_view, Media>, 4> kMediaNames = {
    {{"text", Media::text},
     {"images", Media::images},
     {"documents", Media::documents},
     {"audio", Media::audio}}};

[[nodiscard]] constexpr bool contains(MediaSet set, Media kind) {
  return (set & static_cast<MediaSet>(kind)) != 0;
}
constexpr void add(MediaSet& set, Media kind) {
  set = static_cast<MediaSet>(set | static_cast<MediaSet>(kind));
}

}  // namespace tidegate
