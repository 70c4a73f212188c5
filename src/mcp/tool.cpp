#include "mcp/tool.h"

#include <fmt/format.h>

#include <algorithm>

#include "json/escape.h"
#include "json/reader.h"

namespace tidegate::mcp {
namespace {

constexpr std::size_t kMaxName = 128;

bool is_usable_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '.' || c == '/';
  });
}

class PageReader {
 public:
  PageReader(std::string_view text, const json::CheckedText& checked)
      : text_(text), reader_(checked) {}

  Result<ToolPage> read() {
    bool has_tools = false;
    const auto on_member = [&](std::string_view key) {
      if (key == "tools" && reader_.kind() == json::Kind::array) {
        has_tools = true;
        return reader_.array([&] { return tool(); });
      }
      if (key == "nextCursor" && reader_.kind() == json::Kind::string) {
        return string(page_.next_cursor);
      }
      return reader_.skip();
    };
    if (!reader_.object(on_member)) {
      return fail(ErrorCode::bad_answer, reader_.error().message);
    }
    if (!has_tools) return fail(ErrorCode::bad_answer, "its tools/list has no list `tools`");
    return std::move(page_);
  }

 private:
  bool string(std::string& out) {
    std::string_view raw;
    if (!reader_.string(raw)) return false;
    out = json::unescape(raw).value_or("");
    return true;
  }
  bool value(std::string_view& out) {
    const std::uint32_t begin = reader_.offset();
    if (!reader_.skip()) return false;
    out = text_.substr(begin, reader_.last_end() - begin);
    return true;
  }
  bool flag(bool& out) {
    std::string_view raw;
    if (!value(raw)) return false;
    out = raw == "true";
    return true;
  }

  bool annotations(Hints& hints) {
    if (reader_.kind() != json::Kind::object) return reader_.skip();
    return reader_.object([&](std::string_view key) {
      if (key == "readOnlyHint") return flag(hints.read_only);
      if (key == "idempotentHint") return flag(hints.idempotent);
      return reader_.skip();
    });
  }

  bool tool() {
    if (reader_.kind() != json::Kind::object) return reader_.skip();
    Tool tool;
    std::string_view output;
    const bool read = reader_.object([&](std::string_view key) {
      const bool is_string = reader_.kind() == json::Kind::string;
      if (key == "name" && is_string) return string(tool.name);
      if (key == "title" && is_string) return string(tool.title);
      if (key == "description" && is_string) return string(tool.description);
      if (key == "annotations") return annotations(tool.hints);
      if (key == "inputSchema" && reader_.kind() == json::Kind::object) {
        std::string_view schema;
        if (!value(schema)) return false;
        tool.input_schema = schema;
        return true;
      }
      if (key == "outputSchema" && reader_.kind() == json::Kind::object) return value(output);
      return reader_.skip();
    });
    if (read) add(std::move(tool), output);
    return read;
  }

  void add(Tool tool, std::string_view output) {
    const auto refuse = [&](std::string_view why) {
      page_.refused.push_back(fmt::format("tool \"{}\": {}", excerpt(tool.name, 64), why));
    };
    if (!is_usable_name(tool.name)) {
      return refuse("its name is not 1 to 128 letters, digits, _ - . /");
    }
    if (tool.input_schema.empty()) return refuse("it has no inputSchema");
    auto headers = param_headers(tool.input_schema);
    if (!headers) return refuse(headers.error().message);
    tool.headers = std::move(*headers);
    auto input = schema::Schema::compile(tool.input_schema);
    if (!input) return refuse(fmt::format("its inputSchema: {}", input.error().message));
    tool.input = std::move(*input);
    if (!output.empty()) {
      if (auto compiled = schema::Schema::compile(output)) tool.output = std::move(*compiled);
    }
    page_.tools.push_back(std::move(tool));
  }

  std::string_view text_;
  json::Reader reader_;
  ToolPage page_;
};

}  // namespace

Result<ToolPage> read_tool_page(std::string_view result) {
  const Result<json::CheckedText> checked = json::check_text(result);
  if (!checked) return fail(ErrorCode::bad_answer, checked.error().message);
  return PageReader(result, *checked).read();
}

}  // namespace tidegate::mcp
