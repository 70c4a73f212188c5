#include "mcp/param_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/text.h"
#include "json/escape.h"
#include "json/reader.h"

namespace tidegate::mcp {
namespace {

constexpr std::string_view kEncodedBegin = "=?base64?";
constexpr std::string_view kEncodedEnd = "?=";
constexpr std::size_t kMaxName = 64;

bool is_token(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != kMarks.npos;
  });
}

// Walks a schema. What it says about the place of a subschema: whether only `properties` lead
// there.
class Walk {
 public:
  explicit Walk(json::Reader& reader) : reader_(reader) {}

  bool schema(bool reachable) {
    if (reader_.kind() == json::Kind::array) return reader_.array([&] { return schema(false); });
    if (reader_.kind() != json::Kind::object) return reader_.skip();
    std::optional<std::string> header;
    std::string type;
    const bool read = reader_.object([&](std::string_view key) {
      if (key == "x-mcp-header") return take_name(header);
      if (key == "type" && reader_.kind() == json::Kind::string) {
        std::string_view raw;
        if (!reader_.string(raw)) return false;
        type = raw;
        return true;
      }
      if (key == "properties" && reader_.kind() == json::Kind::object) {
        return properties(reachable);
      }
      if (key == "default" || key == "const" || key == "enum" || key == "examples") {
        return reader_.skip();  // data, which may hold anything
      }
      return schema(false);
    });
    if (read && header) add(*header, type, reachable);
    return read;
  }

  std::vector<ParamHeader> found;
  std::string problem;

 private:
  bool take_name(std::optional<std::string>& header) {
    header.emplace();
    if (reader_.kind() != json::Kind::string) return reader_.skip();
    std::string_view raw;
    if (!reader_.string(raw)) return false;
    header = json::unescape(raw).value_or("");
    return true;
  }

  bool properties(bool reachable) {
    return reader_.object([&](std::string_view key) {
      path_.push_back(json::unescape(key).value_or(std::string(key)));
      const bool read = schema(reachable);
      path_.pop_back();
      return read;
    });
  }

  void add(const std::string& name, std::string_view type, bool reachable) {
    const auto same = [&](const ParamHeader& other) {
      return equals_ignoring_case(other.name, name);
    };
    if (!is_token(name)) {
      problem = "an x-mcp-header is no header name";
    } else if (!reachable || path_.empty()) {
      problem = fmt::format("x-mcp-header {} stands where only properties may lead", name);
    } else if (type != "string" && type != "integer" && type != "boolean") {
      problem = fmt::format("x-mcp-header {} is not on a string, integer or boolean", name);
    } else if (std::ranges::any_of(found, same)) {
      problem = fmt::format("x-mcp-header {} is there twice", name);
    } else {
      found.push_back({name, path_});
    }
  }

  json::Reader& reader_;
  std::vector<std::string> path_;
};

// The scalar at `path`, as a header says it; nullopt: there is none.
std::optional<std::string> value_at(std::string_view arguments,
                                    const std::vector<std::string>& path) {
  const Result<json::CheckedText> checked = json::check_text(arguments);
  if (!checked) return std::nullopt;
  json::Reader reader(*checked);
  std::optional<std::string> out;
  const auto descend = [&](const auto& self, std::size_t depth) -> bool {
    if (depth == path.size()) {
      std::string_view raw;
      if (reader.kind() == json::Kind::string) {
        if (!reader.string(raw)) return false;
        out = json::unescape(raw);
        return true;
      }
      const bool is_scalar =
          reader.kind() == json::Kind::number || reader.kind() == json::Kind::boolean;
      if (!is_scalar) return reader.skip();
      if (!reader.scalar(raw)) return false;
      out = raw;
      return true;
    }
    if (reader.kind() != json::Kind::object) return reader.skip();
    return reader.object([&](std::string_view key) {
      return json::unescape(key) == path[depth] ? self(self, depth + 1) : reader.skip();
    });
  };
  return descend(descend, 0) ? out : std::nullopt;
}

}  // namespace

Result<std::vector<ParamHeader>> param_headers(std::string_view input_schema) {
  const Result<json::CheckedText> checked = json::check_text(input_schema);
  if (!checked) return std::unexpected(checked.error());
  json::Reader reader(*checked);
  Walk walk(reader);
  if (!walk.schema(true)) return std::unexpected(reader.error());
  if (!walk.problem.empty()) return fail(ErrorCode::invalid, walk.problem);
  return std::move(walk.found);
}

std::string header_lines(const std::vector<ParamHeader>& headers, std::string_view arguments) {
  std::string out;
  for (const ParamHeader& header : headers) {
    if (const std::optional<std::string> value = value_at(arguments, header.path)) {
      out += fmt::format("Mcp-Param-{}: {}\r\n", header.name, header_value(*value));
    }
  }
  return out;
}

std::string header_value(std::string_view value) {
  const bool is_plain =
      std::ranges::all_of(value, [](char c) { return (c >= 0x20 && c < 0x7F) || c == '\t'; }) &&
      trim(value).size() == value.size() &&
      !(value.starts_with(kEncodedBegin) && value.ends_with(kEncodedEnd));
  if (is_plain) return std::string(value);
  return fmt::format("{}{}{}", kEncodedBegin, base64(value), kEncodedEnd);
}

}  // namespace tidegate::mcp
