#include "translation/responses_tools.h"

#include <fmt/format.h>

namespace tidegate::translation {
namespace {

using json::Kind;

bool read_tool(Fields& fields, Request& out) {
  const std::size_t index = out.tools.size();
  const auto at = [index](std::string_view member) {
    return [index, member] { return fmt::format("tools[{}]{}", index, member); };
  };
  if (fields.json.kind() != Kind::object) return fields.refuse_type(at(""), "an object");
  const std::uint32_t begin = fields.json.offset();
  Tool tool;
  const bool good = fields.json.object([&](std::string_view key) {
    if (key == "type") return fields.text(tool.type, at(".type"));
    if (key == "name") return fields.text(tool.name, at(".name"));
    if (key == "description") return fields.text(tool.description, at(".description"));
    if (key == "cache_control") return fields.value(tool.cache_control);
    if (key == "strict") return fields.flag(tool.strict, at(".strict"));
    if (key == "parameters") {
      return fields.value(tool.schema, Kind::object, at(".parameters"), "an object");
    }
    return fields.json.skip();
  });
  if (!good) return false;
  tool.raw = fields.since(begin);
  const auto missing = [&](std::string_view member) {
    const std::string path = at(member)();
    return fields.refuse(fmt::format("{} is missing", path), path);
  };
  if (tool.type.empty()) return missing(".type");
  tool.custom = tool.type == "custom";
  tool.hosted = tool.type != "function" && !tool.custom;
  if (!tool.hosted && tool.name.empty()) return missing(".name");
  if (tool.hosted && tool.name.empty()) tool.name = tool.type;
  out.tools.push_back(tool);
  return true;
}

}  // namespace

bool read_tools(Fields& fields, Request& out) {
  if (fields.json.kind() == Kind::null) return fields.json.skip();
  if (fields.json.kind() != Kind::array) {
    return fields.refuse_type([] { return std::string("tools"); }, "an array");
  }
  return fields.json.array([&] { return read_tool(fields, out); });
}

bool read_tool_choice(Fields& fields, Request& out, std::vector<std::string_view>& allowed) {
  using Choice = ToolChoice::Kind;
  const auto where = [] { return std::string("tool_choice"); };
  const auto refuse = [&] {
    return fields.refuse("tool_choice must be auto, none, required or name a tool", "tool_choice");
  };
  const auto mode = [&](std::string_view name) {
    if (name == "auto") out.tool_choice.kind = Choice::automatic;
    if (name == "none") out.tool_choice.kind = Choice::none;
    if (name == "required") out.tool_choice.kind = Choice::required;
    return out.tool_choice.kind != Choice::unset || refuse();
  };
  std::string_view type, name, mode_name;
  if (fields.json.kind() == Kind::null) return fields.json.skip();
  if (fields.json.kind() == Kind::string) return fields.json.string(type) && mode(type);
  if (fields.json.kind() != Kind::object) return fields.refuse_type(where, "a string or an object");

  const auto allowed_tool = [&] {
    std::string_view tool_type, tool_name;
    if (fields.json.kind() != Kind::object) return fields.refuse_type(where, "a choice of tools");
    const bool good = fields.json.object([&](std::string_view key) {
      if (key == "type") return fields.text(tool_type, where);
      if (key == "name") return fields.text(tool_name, where);
      return fields.json.skip();
    });
    allowed.push_back(tool_name.empty() ? tool_type : tool_name);
    return good;
  };
  const std::uint32_t begin = fields.json.offset();
  const bool good = fields.json.object([&](std::string_view key) {
    if (key == "type") return fields.text(type, where);
    if (key == "name") return fields.text(name, where);
    if (key == "mode") return fields.text(mode_name, where);
    if (key == "tools" && fields.json.kind() == Kind::array) return fields.json.array(allowed_tool);
    return fields.json.skip();
  });
  if (!good) return false;
  out.tool_choice.raw = fields.since(begin);
  if (type.empty()) return refuse();
  if (type == "allowed_tools") return mode(mode_name.empty() ? "auto" : mode_name);
  out.tool_choice.kind = Choice::named;
  const bool ours = type == "function" || type == "custom";
  if (ours && name.empty()) {
    return fields.refuse("tool_choice.name is missing", "tool_choice.name");
  }
  out.tool_choice.name = ours || !name.empty() ? name : type;
  return true;
}

}  // namespace tidegate::translation
