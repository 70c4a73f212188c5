// Caller: who sends a request, as far as a virtual key tells. A value of the request's walk.
#pragma once

#include <memory>
#include <string_view>

#include "limits/key_table.h"
#include "routing/decision.h"

namespace tidegate::gateway {

struct Caller {
  const limits::KeyEntry* key = nullptr;          // null: nobody was asked for one
  std::shared_ptr<const limits::KeyTable> table;  // which the entry belongs to

  [[nodiscard]] std::string_view key_id() const { return key ? key->id_text : std::string_view(); }
  [[nodiscard]] std::string_view tenant() const { return key ? key->tenant : std::string_view(); }
  [[nodiscard]] routing::Permit permit() const {
    if (key == nullptr) return {};
    return {key->allowed->models, key->allowed->routes};
  }
};

}  // namespace tidegate::gateway
