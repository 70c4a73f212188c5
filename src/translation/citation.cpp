#include "translation/citation.h"

#include "json/reader.h"

namespace tidegate::translation {
namespace {

// {"type":"url_citation","url_citation":{"url":...}} as {"type":"url_citation","url":...}
std::string flat_web_page(std::string_view citation) {
  json::Reader json(json::CheckedText{citation});
  std::string_view page;
  const bool read = json.kind() == json::Kind::object && json.object([&](std::string_view key) {
    const std::uint32_t begin = json.offset();
    const bool is_page = key == "url_citation" && json.kind() == json::Kind::object;
    if (!json.skip()) return false;
    if (is_page) page = citation.substr(begin, json.last_end() - begin);
    return true;
  });
  if (!read || page.find('"') == std::string_view::npos) return {};
  return R"({"type":"url_citation",)" + std::string(page.substr(1));
}

}  // namespace

std::string citation_for(Surface surface, const Event& citation) {
  if (citation.name == protocol::name(surface)) return std::string(citation.text);
  const bool is_from_chat = citation.name == protocol::name(Surface::chat);
  return is_from_chat && surface == Surface::responses ? flat_web_page(citation.text)
                                                       : std::string();
}

}  // namespace tidegate::translation
