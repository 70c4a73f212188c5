// A page of the items that a response was made from, as GET /v1/responses/{id}/input_items lists
// them. For responses that we keep. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tidegate::translation {

struct ItemsPage {
  std::string_view after;  // id of the item before the first one wanted; empty: from the beginning
  std::size_t limit = 20;
  bool ascending = false;  // the oldest first
};

// From the query of a target. Parameters that we do not know are passed over.
[[nodiscard]] Result<ItemsPage> read_items_page(std::string_view query);

// `items`: all of them, elements of a JSON list, as clients sent them and answers gave them. Those
// without an id get one that is the same each time. Error invalid: `after` names none of them.
[[nodiscard]] Result<std::string> list_items(std::string_view items, std::string_view response_id,
                                             const ItemsPage& page);

}  // namespace tidegate::translation
