#include "simulator/messages_turns.h"

#include <fmt/format.h>

namespace tidegate::simulator {

std::string Block::path() const { return fmt::format("messages.{}.content.{}", message, index); }

std::vector<Turn> turns_of(const Value& body) {
  std::vector<Turn> turns;
  const auto& messages = body.find("messages")->elements;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const bool assistant = messages[i].text_of("role") == "assistant";
    if (turns.empty() || turns.back().assistant != assistant) turns.push_back({assistant, {}});
    std::vector<Block>& blocks = turns.back().blocks;
    const Value& content = *messages[i].find("content");
    if (content.is_string()) {
      blocks.push_back({"text", content.text, nullptr, i, 0});
      continue;
    }
    for (std::size_t k = 0; k < content.elements.size(); ++k) {
      const Value& block = content.elements[k];
      blocks.push_back({block.text_of("type"), block.text_of("text"), &block, i, k});
    }
  }
  return turns;
}

std::string text_of_content(const Value* content) {
  if (content == nullptr) return {};
  if (content->is_string()) return content->text;
  std::string text;
  for (const Value& block : content->elements) text += block.text_of("text");
  return text;
}

}  // namespace tidegate::simulator
