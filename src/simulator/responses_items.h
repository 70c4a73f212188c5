// The items of a Responses conversation, in their order: what may follow what, which reasoning is
// genuine, and how the model sees them. Views of Values. Pure functions, any thread.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/refusal.h"
#include "simulator/request.h"
#include "simulator/response_store.h"
#include "simulator/value.h"

namespace tidegate::simulator {

// What an item's encrypted_content begins with, as the real one's does.
inline constexpr std::string_view kEncryptedMark = "gAAAAAB";

struct Items {
  std::vector<const Value*> all;
  std::size_t earlier = 0;  // so many are the server's own, by previous_response_id
};

// The reasoning that the items bring back to `model`, or what is wrong with them.
[[nodiscard]] std::expected<std::vector<std::string>, Refusal> check_items(const Items& items,
                                                                           std::string_view model,
                                                                           ResponseStore& store);

// {"type":"item_reference","id":...}: an item of an earlier answer, by its id alone.
[[nodiscard]] bool is_reference(const Value& item);
[[nodiscard]] Refusal item_not_found(std::string_view id);

// Messages in the order of the items; what an assistant says in a row is one message.
void add_messages(ChatRequest& request, const Items& items);

// The ids of what one answer holds. Those of an answer that was thought about show it, so that one
// sent back without its reasoning item is found.
[[nodiscard]] std::string item_seed(std::uint64_t seed, bool thought);
[[nodiscard]] std::string item_id(std::string_view prefix, std::string_view seed,
                                  std::size_t index);

}  // namespace tidegate::simulator
