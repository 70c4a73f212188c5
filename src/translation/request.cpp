#include "translation/request.h"

#include <fmt/format.h>

#include <algorithm>

namespace tidegate::translation {

Media media_of(const Part& part) {
  switch (part.kind) {
    case Part::Kind::image:
      return Media::images;
    case Part::Kind::document:
      return part.text.empty() ? Media::documents : Media::text;
    case Part::Kind::audio:
      return Media::audio;
    default:
      return Media::text;
  }
}

std::string path(Surface surface, const Place& place) {
  const std::string_view list = surface == Surface::responses ? "input" : "messages";
  if (place.item == Place::kNone && surface == Surface::messages) {
    return place.element == Place::kNone ? "system" : fmt::format("system[{}]", place.element);
  }
  if (place.item == Place::kNone) return std::string(list);
  if (place.element == Place::kNone) return fmt::format("{}[{}]", list, place.item);
  return fmt::format("{}[{}].content[{}]", list, place.item, place.element);
}

void Notes::add(std::string_view note) {
  if (std::ranges::find(notes_, note) == notes_.end()) notes_.emplace_back(note);
}

}  // namespace tidegate::translation
