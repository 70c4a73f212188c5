#include "simulator/responses_items.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulator/messages_turns.h"
#include "simulator/seal.h"
#include "simulator/tool_calls.h"

namespace tidegate::simulator {
namespace {

constexpr std::size_t kSeedLetters = 46;
constexpr char kThought = 't';

// A message's type may be left out.
std::string_view type_of(const Value& item) {
  const std::string_view type = item.text_of("type");
  if (!type.empty()) return type;
  return item.find("role") ? "message" : "item_reference";
}

bool is_said_by_assistant(const Value& item) {
  const std::string_view type = type_of(item);
  return type == "message" ? item.text_of("role") == "assistant" : type.ends_with("_call");
}

Refusal bad_input(std::string message) { return invalid(std::move(message), "input"); }

// The seed in the id of an item that came with reasoning; empty for any other id.
std::string_view seed_of_thought(std::string_view id) {
  const std::size_t at = id.find('_');
  if (at == id.npos) return {};
  const std::string_view seed = id.substr(at + 1);
  if (seed.size() != kSeedLetters + 2 || seed.front() != kThought) return {};
  return seed.substr(0, kSeedLetters);
}

std::optional<Refusal> check_order(const Items& items) {
  std::vector<std::string_view> ids;
  for (std::size_t i = 0; i < items.all.size(); ++i) {
    const Value& item = *items.all[i];
    const std::string_view type = type_of(item);
    const std::string_view id = item.text_of("id");
    if (!id.empty() && type != "item_reference" && std::ranges::find(ids, id) != ids.end()) {
      return bad_input(
          fmt::format("Duplicate item found with id {}. Remove duplicate items from "
                      "your input and try again.",
                      id));
    }
    ids.push_back(id);
    if (type == "reasoning") {
      const bool followed = i + 1 < items.all.size() && (is_said_by_assistant(*items.all[i + 1]) ||
                                                         type_of(*items.all[i + 1]) == "reasoning");
      if (followed) continue;
      return bad_input(
          fmt::format("Item '{}' of type 'reasoning' was provided without its required "
                      "following item.",
                      id));
    }
    const std::string_view seed = seed_of_thought(id);
    if (seed.empty() || i < items.earlier) continue;
    const std::string thought = item_id("rs", seed, 0);
    if (std::ranges::find(ids, std::string_view(thought)) != ids.end()) continue;
    return bad_input(fmt::format(
        "Item '{}' of type '{}' was provided without its required 'reasoning' item: '{}'.", id,
        type, thought));
  }
  return std::nullopt;
}

struct CallKind {
  std::string_view call, output, words;
};
constexpr std::array<CallKind, 2> kCallKinds{
    CallKind{"function_call", "function_call_output", "function call"},
    CallKind{"custom_tool_call", "custom_tool_call_output", "custom tool call"}};

std::optional<Refusal> check_outputs(const Items& items) {
  for (const CallKind& kind : kCallKinds) {
    std::vector<std::string_view> calls;
    std::vector<std::string_view> open;
    for (const Value* item : items.all) {
      const std::string_view id = item->text_of("call_id");
      if (type_of(*item) == kind.call) {
        calls.push_back(id);
        open.push_back(id);
      }
      if (type_of(*item) != kind.output) continue;
      if (std::ranges::find(calls, id) == calls.end()) {
        return bad_input(
            fmt::format("No tool call found for {} output with call_id {}.", kind.words, id));
      }
      std::erase(open, id);
    }
    if (!open.empty()) {
      return bad_input(fmt::format("No tool output found for {} {}.", kind.words, open.front()));
    }
  }
  return std::nullopt;
}

// "gAAA...DQ==", as the real error quotes what it cannot read.
std::string shortened(std::string_view text) {
  if (text.size() <= 8) return std::string(text);
  return fmt::format("{}...{}", text.substr(0, 4), text.substr(text.size() - 4));
}

std::expected<std::string, Refusal> open_reasoning(const Value& item, std::string_view model,
                                                   ResponseStore& store) {
  const std::string_view id = item.text_of("id");
  const Value* sealed = item.find("encrypted_content");
  if (sealed != nullptr) {
    if (auto thought = open_seal(kEncryptedMark, model, "", sealed->text)) return *thought;
    return std::unexpected(invalid(
        fmt::format("The encrypted content {} could not be verified. Reason: Encrypted content "
                    "could not be decrypted or parsed.",
                    shortened(sealed->text)),
        {}, "invalid_encrypted_content"));
  }
  if (auto thought = store.find_reasoning(id)) return *thought;
  return std::unexpected(item_not_found(id));
}

Message& last_of_assistant(ChatRequest& request) {
  if (request.messages.empty() || request.messages.back().role != "assistant") {
    request.messages.push_back({.role = "assistant", .has_content = true});
  }
  return request.messages.back();
}

}  // namespace

std::expected<std::vector<std::string>, Refusal> check_items(const Items& items,
                                                             std::string_view model,
                                                             ResponseStore& store) {
  std::vector<std::string> thoughts;
  for (std::size_t i = 0; i < items.all.size(); ++i) {
    if (type_of(*items.all[i]) != "reasoning") continue;
    auto thought = open_reasoning(*items.all[i], model, store);
    if (thought) {
      thoughts.push_back(std::move(*thought));
    } else if (i >= items.earlier) {  // its own reasoning for another model it leaves out
      return std::unexpected(std::move(thought.error()));
    }
  }
  if (auto refusal = check_order(items)) return std::unexpected(std::move(*refusal));
  if (auto refusal = check_outputs(items)) return std::unexpected(std::move(*refusal));
  return thoughts;
}

bool is_reference(const Value& item) { return type_of(item) == "item_reference"; }

Refusal item_not_found(std::string_view id) {
  Refusal refusal = bad_input(fmt::format(
      "Item with id '{}' not found. Items are not persisted when `store` is set to false. Try "
      "again with `store` set to true, or remove this item from your input.",
      id));
  refusal.status = 404;
  return refusal;
}

void add_messages(ChatRequest& request, const Items& items) {
  for (const Value* item : items.all) {
    const std::string_view type = type_of(*item);
    if (type == "message" && !is_said_by_assistant(*item)) {
      Message message{.role = std::string(item->text_of("role")),
                      .content = text_of_content(item->find("content")),
                      .has_content = true};
      for (const Value& part : item->find("content")->elements) {
        if (part.text_of("type") == "input_text") continue;
        message.other_parts.push_back({.type = std::string(part.text_of("type"))});
      }
      request.messages.push_back(std::move(message));
    } else if (type == "message") {
      last_of_assistant(request).content += text_of_content(item->find("content"));
    } else if (type == "function_call" || type == "custom_tool_call") {
      const std::string_view member = type == "function_call" ? "arguments" : "input";
      last_of_assistant(request).tool_calls.push_back(
          {.id = std::string(item->text_of("call_id")),
           .name = std::string(item->text_of("name")),
           .arguments = std::string(item->text_of(member))});
    } else if (type == "function_call_output" || type == "custom_tool_call_output") {
      request.messages.push_back({.role = "tool",
                                  .content = text_of_content(item->find("output")),
                                  .has_content = true,
                                  .tool_call_id = std::string(item->text_of("call_id"))});
    }
  }
}

std::string item_seed(std::uint64_t seed, bool thought) {
  std::string letters = base62(seed, kSeedLetters);
  letters.front() = thought ? kThought : 'n';
  return letters;
}

std::string item_id(std::string_view prefix, std::string_view seed, std::size_t index) {
  return fmt::format("{}_{}{:02}", prefix, seed, index);
}

}  // namespace tidegate::simulator
