#include "simulator/dsml.h"

#include <fmt/format.h>

#include "simulator/text_pieces.h"
#include "simulator/value.h"

namespace tidegate::simulator {
namespace {

constexpr std::string_view kMarker = "｜DSML｜";

struct Words {
  std::string open, close, invoke, parameter;
};

Words words_of(DsmlForm form) {
  switch (form) {
    case DsmlForm::typo:
      return {"tool-calls", "tool_calls", "invoke", "parameter"};
    case DsmlForm::closer:
      return {"tool_calls", "", "invoke", "parameter"};
    case DsmlForm::v32:
      return {"function_calls", "function_calls", "invoke", "parameter"};
    case DsmlForm::v41:
      return {" calls", " calls", " invoke", " parameter"};
    default:
      return {"tool_calls", "tool_calls", "invoke", "parameter"};
  }
}

std::string write(const std::vector<ToolCall>& calls, const Words& words) {
  std::string text = fmt::format("\n\n<{}{}>\n", kMarker, words.open);
  for (const ToolCall& call : calls) {
    text += fmt::format("<{}{} name=\"{}\">\n", kMarker, words.invoke, call.name);
    const auto arguments = read_value(call.arguments);
    for (std::size_t i = 0; arguments && i < arguments->members.size(); ++i) {
      const auto& [name, value] = arguments->members[i];
      text += fmt::format("<{0}{1} name=\"{2}\" string=\"{3}\">{4}</{0}{1}>\n", kMarker,
                          words.parameter, name, value.is_string(),
                          value.is_string() ? std::string_view(value.text) : value.raw);
    }
    text += fmt::format("</{}{}>\n", kMarker, words.invoke);
  }
  return text + fmt::format("</{}{}>", kMarker, words.close);
}

void add_characters(std::vector<std::string>& pieces, std::string_view text) {
  while (!text.empty()) {
    std::size_t bytes = 1;
    while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) ++bytes;
    pieces.emplace_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
}

}  // namespace

std::vector<std::string> leak(const std::vector<ToolCall>& calls, DsmlForm form) {
  const std::string text = write(calls, words_of(form));
  std::vector<std::string> pieces;
  if (form == DsmlForm::split) {
    add_characters(pieces, text);
    return pieces;
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t marker = std::min(rest.find(kMarker), rest.size());
    for (std::string& piece : split_pieces(rest.substr(0, marker))) {
      pieces.push_back(std::move(piece));
    }
    rest.remove_prefix(marker);
    if (rest.empty()) break;
    pieces.emplace_back(kMarker);
    rest.remove_prefix(kMarker.size());
  }
  return pieces;
}

}  // namespace tidegate::simulator
