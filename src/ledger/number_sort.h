// Sorts by a number, keeping what was alike in its order: of a hundred thousand rows with a dozen
// comparisons each every second one surprises the processor, and here are none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace tidegate::ledger {

// number_of(item) gives a std::uint64_t. Bytes of it that are the same in all cost nothing. `room`
// is as large as `items`, and may be where they are afterwards: then the two have changed places.
template <class Item, class NumberOf>
void sort_by_number(std::span<Item>& items, std::span<Item>& room, NumberOf number_of) {
  std::uint64_t in_all = ~std::uint64_t{0}, in_any = 0;
  for (const Item& item : items) {
    in_all &= number_of(item);
    in_any |= number_of(item);
  }
  const std::uint64_t differs = in_all ^ in_any;
  for (int shift = 0; shift < 64; shift += 8) {
    const auto byte_of = [&](const Item& item) { return number_of(item) >> shift & 0xff; };
    if (items.empty() || (differs >> shift & 0xff) == 0) continue;
    std::array<std::size_t, 256> places{};
    for (const Item& item : items) ++places[byte_of(item)];
    std::size_t before = 0;
    for (std::size_t& place : places) before += std::exchange(place, before);
    for (const Item& item : items) room[places[byte_of(item)]++] = item;
    std::swap(items, room);
  }
}

}  // namespace tidegate::ledger
