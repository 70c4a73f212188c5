#include "mcp/tool_result.h"

#include <fmt/format.h>

#include "json/escape.h"
#include "json/reader.h"

namespace tidegate::mcp {
namespace {

class ResultReader {
 public:
  ResultReader(std::string_view text, const json::CheckedText& checked)
      : text_(text), reader_(checked) {}

  Result<ToolResult> read() {
    bool has_content = false;
    std::string type = "complete";
    const auto on_member = [&](std::string_view key) {
      if (key == "content" && reader_.kind() == json::Kind::array) {
        has_content = true;
        return reader_.array([&] { return item(); });
      }
      if (key == "structuredContent") return structured();
      if (key == "isError") return flag(out_.is_error);
      if (key == "resultType" && reader_.kind() == json::Kind::string) return string(type);
      return reader_.skip();
    };
    if (reader_.kind() != json::Kind::object || !reader_.object(on_member)) {
      return fail(ErrorCode::bad_answer, "its result is no object");
    }
    if (type == "input_required") {
      out_.needs_input = true;
    } else if (type != "complete") {
      return fail(ErrorCode::bad_answer,
                  fmt::format("its result is of an unknown type, \"{}\"", excerpt(type, 40)));
    } else if (!has_content && out_.structured.empty()) {
      return fail(ErrorCode::bad_answer, "its result has neither content nor structuredContent");
    }
    return std::move(out_);
  }

 private:
  bool string(std::string& out) {
    std::string_view raw;
    if (!reader_.string(raw)) return false;
    out = json::unescape(raw).value_or("");
    return true;
  }
  bool flag(bool& out) {
    const std::uint32_t begin = reader_.offset();
    if (!reader_.skip()) return false;
    out = text_.substr(begin).starts_with("true");
    return true;
  }
  bool structured() {
    const std::uint32_t begin = reader_.offset();
    if (!reader_.skip()) return false;
    out_.structured = text_.substr(begin, reader_.last_end() - begin);
    return true;
  }

  bool members(Content& item, std::string& type) {
    return reader_.object([&](std::string_view key) {
      if (key == "resource" && reader_.kind() == json::Kind::object) {
        std::string ignored;
        return members(item, ignored);
      }
      if (reader_.kind() != json::Kind::string) return reader_.skip();
      if (key == "type") return string(type);
      if (key == "text") return string(item.text);
      if (key == "data" || key == "blob") return string(item.data);
      if (key == "mimeType") return string(item.mime_type);
      if (key == "uri") return string(item.uri);
      if (key == "name") return string(item.name);
      return reader_.skip();
    });
  }

  bool item() {
    if (reader_.kind() != json::Kind::object) return reader_.skip();
    Content item;
    std::string type;
    if (!members(item, type)) return false;
    using enum Content::Kind;
    item.kind = type == "text"            ? text
                : type == "image"         ? image
                : type == "audio"         ? audio
                : type == "resource_link" ? link
                : type == "resource"      ? resource
                                          : other;
    if (item.kind == other) item.name = excerpt(type, 40);
    out_.content.push_back(std::move(item));
    return true;
  }

  std::string_view text_;
  json::Reader reader_;
  ToolResult out_;
};

std::string line_for(const Content& item) {
  const std::string type = item.mime_type.empty() ? "unknown type" : item.mime_type;
  switch (item.kind) {
    case Content::Kind::text:
      return item.text;
    case Content::Kind::image:
      return fmt::format("[image, {}, {} bytes of base64: not shown]", type, item.data.size());
    case Content::Kind::audio:
      return fmt::format("[audio, {}, {} bytes of base64: not shown]", type, item.data.size());
    case Content::Kind::link:
      return fmt::format("[resource {} ({}): {}]", item.name, type, item.uri);
    case Content::Kind::resource:
      if (item.data.empty()) return fmt::format("[resource {}]\n{}", item.uri, item.text);
      return fmt::format("[resource {}, {}, {} bytes of base64: not shown]", item.uri, type,
                         item.data.size());
    case Content::Kind::other:
      break;
  }
  return fmt::format("[content of type \"{}\": not shown]", item.name);
}

}  // namespace

Result<ToolResult> read_tool_result(std::string_view result, const Tool& tool) {
  const Result<json::CheckedText> checked = json::check_text(result);
  if (!checked) return fail(ErrorCode::bad_answer, checked.error().message);
  Result<ToolResult> read = ResultReader(result, *checked).read();
  if (!read || read->is_error || !tool.output || read->structured.empty()) return read;
  const auto violations = tool.output->validate(read->structured);
  if (violations && !violations->empty()) {
    read->violation = schema::describe(violations->front());
  }
  return read;
}

std::string as_text(const ToolResult& result) {
  std::string out;
  for (const Content& item : result.content) {
    if (!out.empty()) out.push_back('\n');
    out += line_for(item);
  }
  if (result.content.empty()) out = result.structured;
  return out;
}

}  // namespace tidegate::mcp
