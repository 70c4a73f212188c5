#include "simulator/asked_schema.h"

#include "json/checked_text.h"
#include "json/reader.h"

namespace tidegate::simulator {

std::string schema_in_words(const ChatRequest& request) {
  for (const Message& message : request.messages) {
    if (message.role != "system") continue;
    const std::string_view text = message.content;
    const std::size_t asked = text.find("JSON schema");
    const std::size_t begin = asked == text.npos ? asked : text.find('{', asked);
    if (begin == text.npos) continue;
    const auto checked = json::check_text(text.substr(begin));
    if (!checked) continue;
    json::Reader reader(*checked);
    if (reader.skip()) return std::string(text.substr(begin, reader.last_end()));
  }
  return {};
}

}  // namespace tidegate::simulator
