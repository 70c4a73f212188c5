#include "simulator/messages_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "simulator/claude.h"
#include "simulator/models.h"
#include "simulator/seal.h"

namespace tidegate::simulator {
namespace {

using Checked = std::optional<Refusal>;

constexpr std::string_view kThinkingDocs =
    "Please consult our documentation at "
    "https://docs.claude.com/en/docs/build-with-claude/extended-thinking";

Checked refuse(std::string message) { return invalid(std::move(message)); }

Checked check_model(std::string_view model) {
  if (!model.starts_with(kUnknownModelPrefix) && model.contains("claude")) return std::nullopt;
  Refusal refusal = invalid(fmt::format("model: {}", model));
  refusal.status = 404;
  refusal.type = "not_found_error";
  return refusal;
}

Checked check_thinking(const Value& body, const Claude& claude) {
  const Value* thinking = body.find("thinking");
  const std::string_view type = thinking == nullptr ? "disabled" : thinking->text_of("type");
  const Value* output = body.find("output_config");
  if (output && output->find("effort") && !claude.takes_effort()) {
    return refuse("This model does not support the effort parameter.");
  }
  if (type == "disabled") return std::nullopt;
  if (type == "adaptive" && !claude.takes_adaptive()) {
    return refuse("adaptive thinking is not supported on this model");
  }
  if (type == "enabled") {
    if (claude.takes_adaptive() && !claude.takes_budget()) {
      return refuse(
          "\"thinking.type.enabled\" is not supported for this model. Use "
          "\"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.");
    }
    if (!claude.takes_budget()) {
      return refuse(fmt::format("'{}' does not support thinking.", body.text_of("model")));
    }
    const Value& budget = *thinking->find("budget_tokens");
    if (!budget.is_integer() || budget.integer() < 1024) {
      return refuse(
          "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
    }
    const Value* most = body.find("max_tokens");
    if (most != nullptr && most->integer() <= budget.integer()) {
      return refuse(
          fmt::format("`max_tokens` must be greater than `thinking.budget_tokens`. {}"
                      "#max-tokens-and-context-window-size",
                      kThinkingDocs));
    }
  }
  const Value* choice = body.find("tool_choice");
  if (choice && (choice->text_of("type") == "any" || choice->text_of("type") == "tool")) {
    return refuse("Thinking may not be enabled when tool_choice forces tool use.");
  }
  const Value* temperature = body.find("temperature");
  if (temperature && temperature->number() != 1) {
    return refuse(
        fmt::format("`temperature` may only be set to 1 when thinking is enabled. {}"
                    "#important-considerations-when-using-extended-thinking",
                    kThinkingDocs));
  }
  const Value* top_p = body.find("top_p");
  if (top_p && top_p->number() < 0.95) {
    return refuse(fmt::format(
        "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled. {}",
        kThinkingDocs));
  }
  if (body.find("top_k")) {
    return refuse(fmt::format("`top_k` must be unset when thinking is enabled. {}", kThinkingDocs));
  }
  return std::nullopt;
}

Checked check_sampling(const Value& body, const Claude& claude) {
  const Value* temperature = body.find("temperature");
  if (!claude.takes_sampling()) {
    for (const std::string_view name : {"top_p", "top_k"}) {
      if (body.find(name)) return refuse(fmt::format("`{}` is deprecated for this model.", name));
    }
    if (temperature && temperature->number() != 1) {
      return refuse("`temperature` is deprecated for this model.");
    }
  }
  if (temperature && body.find("top_p") && !claude.takes_both_samplings()) {
    return refuse(
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.");
  }
  return std::nullopt;
}

Checked check_tools(const Value& body) {
  const Value* tools = body.find("tools");
  std::vector<std::string_view> names;
  for (std::size_t i = 0; tools != nullptr && i < tools->elements.size(); ++i) {
    const std::string_view name = tools->elements[i].text_of("name");
    if (std::ranges::find(names, name) != names.end()) {
      return refuse("tools: Tool names must be unique.");
    }
    names.push_back(name);
  }
  const Value* choice = body.find("tool_choice");
  if (choice == nullptr) return std::nullopt;
  if (names.empty()) return refuse("tool_choice may only be specified while providing tools");
  const std::string_view name = choice->text_of("name");
  if (name.empty() || std::ranges::find(names, name) != names.end()) return std::nullopt;
  return refuse(fmt::format("Tool '{}' not found in provided tools", name));
}

Checked check_lengths(const Value& body, const Claude& claude, Tokens prompt_tokens,
                      const Options& options) {
  const Value* most = body.find("max_tokens");
  const Tokens completion = most == nullptr ? 0 : most->integer();
  const Tokens context = std::min(claude.context(), options.anthropic_context);
  if (completion > claude.max_output()) {
    return refuse(
        fmt::format("max_tokens: {} > {}, which is the maximum allowed number of output "
                    "tokens for {}",
                    completion, claude.max_output(), body.text_of("model")));
  }
  if (prompt_tokens > context) {
    return refuse(
        fmt::format("prompt is too long: {} tokens > {} maximum", prompt_tokens, context));
  }
  if (prompt_tokens + completion <= context) return std::nullopt;
  return refuse(
      fmt::format("input length and `max_tokens` exceed context limit: {} + {} > {}, "
                  "decrease input length or `max_tokens` and try again",
                  prompt_tokens, completion, context));
}

// Texts, and which block may stand in whose turn.
Checked check_blocks(const Value& body, const std::vector<Turn>& turns) {
  const auto& messages = body.find("messages")->elements;
  if (messages.empty()) return refuse("messages: at least one message is required");
  if (turns.front().assistant) {
    return refuse("messages: first message must use the \"user\" role");
  }
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Value& content = *messages[i].find("content");
    const bool empty = content.is_string() ? content.text.empty() : content.elements.empty();
    const bool final_assistant = i + 1 == messages.size() && turns.back().assistant;
    if (empty && !final_assistant) {
      return refuse(
          fmt::format("messages.{}: all messages must have non-empty content except for "
                      "the optional final assistant message",
                      i));
    }
  }
  int cached = 0;
  for (const Turn& turn : turns) {
    for (const Block& block : turn.blocks) {
      if (block.is("text") && block.text.empty() && block.value != nullptr) {
        return refuse("messages: text content blocks must be non-empty");
      }
      if (block.is("text") && trim(block.text).empty() && !block.text.empty()) {
        return refuse("messages: text content blocks must contain non-whitespace text");
      }
      if (block.is_thinking() && !turn.assistant) {
        return refuse(fmt::format("{}: `{}` blocks may only be in `assistant` messages",
                                  block.path(), block.type));
      }
      if (block.is("tool_use") && !turn.assistant) {
        return refuse(
            fmt::format("messages.{}: `tool_use` blocks can only be in `assistant` "
                        "messages",
                        block.message));
      }
      if (block.is("tool_result") && turn.assistant) {
        return refuse(
            fmt::format("messages.{}: `tool_result` blocks can only be in `user` "
                        "messages",
                        block.message));
      }
      if (block.value != nullptr && block.value->find("cache_control")) ++cached;
    }
  }
  const Value* system = body.find("system");
  for (std::size_t i = 0; system != nullptr && i < system->elements.size(); ++i) {
    if (system->elements[i].text_of("text").empty()) {
      return refuse("system: text content blocks must be non-empty");
    }
    if (system->elements[i].find("cache_control")) ++cached;
  }
  const Value* tools = body.find("tools");
  for (std::size_t i = 0; tools != nullptr && i < tools->elements.size(); ++i) {
    if (tools->elements[i].find("cache_control")) ++cached;
  }
  if (cached <= 4) return std::nullopt;
  return refuse(
      fmt::format("A maximum of 4 blocks with cache_control may be provided. Found {}.", cached));
}

// The results of a turn's calls stand first in the next turn, each once, and no others.
Checked check_results(const std::vector<Turn>& turns) {
  std::vector<std::string_view> all;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    std::vector<std::string_view> open;
    std::size_t message = 0;
    for (const Block& block : turns[i].blocks) {
      if (!block.is("tool_use")) continue;
      const std::string_view id = block.member("id");
      if (std::ranges::find(all, id) != all.end()) {
        return refuse(fmt::format("{}: `tool_use` ids must be unique", block.path()));
      }
      all.push_back(id);
      open.push_back(id);
      message = block.message;
    }
    std::vector<std::string_view> calls = open;
    bool first = true;  // only results so far
    if (i + 1 < turns.size()) {
      for (const Block& block : turns[i + 1].blocks) {
        if (!block.is("tool_result")) {
          first = false;
          continue;
        }
        const std::string_view id = block.member("tool_use_id");
        if (std::ranges::find(calls, id) == calls.end()) {
          return refuse(fmt::format(
              "{}: unexpected `tool_use_id` found in `tool_result` blocks: {}. Each `tool_result` "
              "block must have a corresponding `tool_use` block in the previous message.",
              block.path(), id));
        }
        if (!first) continue;
        if (std::erase(open, id) == 0) {
          return refuse(
              fmt::format("{}: each tool_use must have a single result. Found multiple "
                          "`tool_result` blocks with id: {}",
                          block.path(), id));
        }
      }
    }
    if (open.empty()) continue;
    return refuse(fmt::format(
        "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        "{}. Each `tool_use` block must have a corresponding `tool_result` block in the next "
        "message.",
        message, fmt::join(open, ", ")));
  }
  for (const Block& block : turns.front().blocks) {
    if (!block.is("tool_result")) continue;
    return refuse(fmt::format(
        "{}: unexpected `tool_use_id` found in `tool_result` blocks: {}. Each `tool_result` block "
        "must have a corresponding `tool_use` block in the previous message.",
        block.path(), block.member("tool_use_id")));
  }
  return std::nullopt;
}

Checked check_signatures(const std::vector<Turn>& turns, std::string_view model) {
  for (const Turn& turn : turns) {
    for (const Block& block : turn.blocks) {
      if (!block.is_thinking() || open_thinking(block, model)) continue;
      return refuse(
          block.is("thinking")
              ? fmt::format("{}: Invalid `signature` in `thinking` block", block.path())
              : fmt::format("{}: Invalid `data` in `redacted_thinking` block", block.path()));
    }
  }
  return std::nullopt;
}

// Adaptive thinking is free of this rule, as the model may not have thought.
Checked check_thinking_first(const Value& body, const std::vector<Turn>& turns,
                             const Options& options) {
  const Value* thinking = body.find("thinking");
  if (thinking == nullptr) return std::nullopt;
  const bool adaptive = thinking->text_of("type") == "adaptive";
  if (thinking->text_of("type") != "enabled" && !(adaptive && options.thinking_comes_first)) {
    return std::nullopt;
  }
  const bool in_loop = !turns.back().assistant && turns.size() > 1 &&
                       !turns.back().blocks.empty() &&
                       turns.back().blocks.front().is("tool_result");
  const Turn* last = turns.back().assistant ? &turns.back()
                     : in_loop              ? &turns[turns.size() - 2]
                                            : nullptr;
  if (last == nullptr || last->blocks.empty() || last->blocks.front().is_thinking()) {
    return std::nullopt;
  }
  const Block& found = last->blocks.front();
  return refuse(fmt::format(
      "{}.type: Expected `thinking` or `redacted_thinking`, but found `{}`. When `thinking` is "
      "enabled, a final `assistant` message must start with a thinking block (preceeding the "
      "lastmost set of `tool_use` and `tool_result` blocks). We recommend you include thinking "
      "blocks from previous turns. To avoid this requirement, disable `thinking`. {}",
      found.path(), found.type, kThinkingDocs));
}

Checked check_prefill(const std::vector<Turn>& turns, const Claude& claude) {
  if (!turns.back().assistant) return std::nullopt;
  if (!claude.takes_prefill()) {
    return refuse(
        "This model does not support assistant message prefill. The conversation must end with a "
        "user message.");
  }
  const std::vector<Block>& blocks = turns.back().blocks;
  if (blocks.empty() || !blocks.back().is("text") || blocks.back().text.empty()) {
    return std::nullopt;
  }
  if (trim(blocks.back().text.substr(blocks.back().text.size() - 1)).empty()) {
    return refuse("messages: final assistant content cannot end with trailing whitespace");
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> open_thinking(const Block& block, std::string_view model) {
  if (block.is("redacted_thinking")) {
    return open_seal(kRedactedMark, model, "", block.member("data"));
  }
  const std::string_view shown = block.member("thinking");
  auto hidden = open_seal(kSignatureMark, model, shown, block.member("signature"));
  if (hidden && !shown.empty()) *hidden = shown;
  return hidden;
}

Checked check_messages(const Value& body, std::string_view model, const std::vector<Turn>& turns,
                       Tokens prompt_tokens, const Options& options) {
  const Claude claude = claude_of(model);
  if (Checked refusal = check_model(model)) return refusal;
  if (Checked refusal = check_thinking(body, claude)) return refusal;
  if (Checked refusal = check_sampling(body, claude)) return refusal;
  if (Checked refusal = check_tools(body)) return refusal;
  if (Checked refusal = check_blocks(body, turns)) return refusal;
  if (Checked refusal = check_results(turns)) return refusal;
  if (Checked refusal = check_signatures(turns, model)) return refusal;
  if (Checked refusal = check_thinking_first(body, turns, options)) return refusal;
  if (Checked refusal = check_prefill(turns, claude)) return refusal;
  return check_lengths(body, claude, prompt_tokens, options);
}

}  // namespace tidegate::simulator
