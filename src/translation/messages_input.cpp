#include "translation/messages_input.h"

#include "json/escape.h"
#include "json/reader.h"

namespace tidegate::translation::messages {

std::string_view without_space_at_end(std::string_view raw) {
  std::size_t end = 0;
  for (std::size_t i = 0, width = 1; i < raw.size(); i += width) {
    width = raw[i] == '\\' ? 2 : 1;
    if (!json::is_blank(raw.substr(i, width))) end = i + width;
  }
  return raw.substr(0, end);
}

Input append_input(std::string& out, std::string_view escaped) {
  if (json::is_blank(escaped)) {
    out += "{}";
    return Input::good;
  }
  const std::size_t mark = out.size();
  if (!json::append_unescaped(out, escaped)) {
    out.resize(mark);
    return Input::bad;
  }
  json::Reader reader(json::CheckedText{std::string_view(out).substr(mark)});
  if (reader.kind() == json::Kind::object && reader.skip() && reader.finish()) return Input::good;
  out.resize(mark);
  out.append(R"({"_raw":")").append(escaped).append(R"("})");
  return Input::wrapped;
}

}  // namespace tidegate::translation::messages
