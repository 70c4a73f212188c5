#include "translation/cut.h"

#include <algorithm>

namespace tidegate::translation {

std::string apply(std::string_view body, std::vector<Cut> cuts) {
  std::ranges::stable_sort(cuts, {}, [](const Cut& cut) { return cut.place.begin; });
  std::string out;
  out.reserve(body.size() + 64 * cuts.size());
  std::size_t at = 0;
  for (const Cut& cut : cuts) {
    out.append(body.substr(at, cut.place.begin - at)).append(cut.replacement);
    at = cut.place.end;
  }
  out.append(body.substr(at));
  return out;
}

}  // namespace tidegate::translation
