#include "translation/messages_settings.h"

#include <fmt/format.h>

#include "base/text.h"
#include "translation/messages_ids.h"

namespace tidegate::translation::messages {
namespace {

using json::Kind;

Effort find_effort(std::string_view name) {
  if (name == "low") return Effort::low;
  if (name == "medium") return Effort::medium;
  if (name == "high") return Effort::high;
  if (name == "xhigh") return Effort::xhigh;
  if (name == "max") return Effort::max;
  return Effort::unset;
}

std::string_view known_id(Request& request, std::string_view wire) {
  std::string storage;
  const std::string_view id = read_wire_id(wire, storage);
  return storage.empty() ? id : request.keep(std::move(storage));
}

bool read_tool(Walk& walk, const Where& at, Request& request) {
  Tool tool;
  bool strict = false, strict_given = false;
  const std::uint32_t begin = walk.reader().offset();
  const bool good = walk.object(at, {}, [&](std::string_view key) {
    if (key == "type") return walk.optional_string(at, key, tool.type);
    if (key == "name") return walk.string(at, key, tool.name);
    if (key == "description") return walk.optional_string(at, key, tool.description);
    if (key == "input_schema") {
      if (walk.kind() != Kind::object) return walk.wrong_type(at, key, "an object");
      return walk.value(tool.schema);
    }
    if (key == "cache_control") return walk.value(tool.cache_control);
    if (key == "strict") {
      strict_given = walk.kind() == Kind::boolean;
      return walk.flag(at, key, strict);
    }
    return walk.reader().skip();
  });
  if (!good) return false;
  tool.raw = walk.since(begin);
  if (strict_given) tool.strict = strict;
  tool.hosted = !tool.type.empty() && tool.type != "custom";
  if (!tool.hosted) {
    if (tool.name.empty()) return walk.refuse(at, "name", "is missing");
    if (tool.schema.empty()) return walk.refuse(at, "input_schema", "is missing");
  }
  tool.name = known_id(request, tool.name);
  request.tools.push_back(tool);
  return true;
}

}  // namespace

bool read_tools(Walk& walk, Request& request) {
  if (walk.kind() == Kind::null) return walk.reader().skip();
  Where at{.list = "tools", .item = 0};
  return walk.array({}, "tools", [&] {
    const bool good = read_tool(walk, at, request);
    ++at.item;
    return good;
  });
}

bool read_tool_choice(Walk& walk, Request& request) {
  if (walk.kind() == Kind::null) return walk.reader().skip();
  std::string_view type, name;
  bool alone = false;
  const bool good = walk.object({}, "tool_choice", [&](std::string_view key) {
    if (key == "type") return walk.string({}, "tool_choice.type", type);
    if (key == "name") return walk.string({}, "tool_choice.name", name);
    if (key == "disable_parallel_tool_use") {
      return walk.flag({}, "tool_choice.disable_parallel_tool_use", alone);
    }
    return walk.reader().skip();
  });
  if (!good) return false;
  if (alone) request.parallel_tool_calls = false;
  ToolChoice& choice = request.tool_choice;
  if (type == "auto") {
    choice.kind = ToolChoice::Kind::automatic;
  } else if (type == "any") {
    choice.kind = ToolChoice::Kind::required;
  } else if (type == "none") {
    choice.kind = ToolChoice::Kind::none;
  } else if (type == "tool") {
    if (name.empty()) return walk.refuse({}, "tool_choice.name", "is missing");
    choice.kind = ToolChoice::Kind::named;
    choice.name = known_id(request, name);
  } else {
    return walk.refuse({}, "tool_choice.type", "must be auto, any, tool or none");
  }
  return true;
}

bool read_thinking(Walk& walk, Request& request) {
  if (walk.kind() == Kind::null) return walk.reader().skip();
  Thinking& thinking = request.thinking;
  std::string_view type, display, budget;
  const bool good = walk.object({}, "thinking", [&](std::string_view key) {
    if (key == "type") return walk.string({}, "thinking.type", type);
    if (key == "display") return walk.optional_string({}, "thinking.display", display);
    if (key == "budget_tokens") return walk.value(budget);
    return walk.reader().skip();
  });
  if (!good) return false;
  thinking.hide = display == "omitted";
  thinking.summary = display == "summarized";
  if (type == "disabled") {
    thinking.toggle = Toggle::off;
  } else if (type == "adaptive") {
    thinking.toggle = Toggle::on;
    thinking.adaptive = true;
  } else if (type == "enabled") {
    const auto tokens = parse_u64(budget);
    if (!tokens || *tokens < 1024 || *tokens > std::uint64_t{1} << 53) {
      return walk.refuse({}, "thinking.budget_tokens", "must be an integer of at least 1024");
    }
    thinking.toggle = Toggle::on;
    thinking.budget = static_cast<Tokens>(*tokens);
  } else {
    return walk.refuse({}, "thinking.type", "must be enabled, adaptive or disabled");
  }
  return true;
}

bool read_output_config(Walk& walk, Request& request) {
  if (walk.kind() == Kind::null) return walk.reader().skip();
  return walk.object({}, "output_config", [&](std::string_view key) {
    if (key == "format") return read_output_format(walk, "output_config.format", request);
    if (key != "effort") {
      request.dropped.add("a member of output_config dropped");
      return walk.reader().skip();
    }
    if (walk.kind() == Kind::null) return walk.reader().skip();
    std::string_view effort;
    if (!walk.string({}, "output_config.effort", effort)) return false;
    request.thinking.effort = find_effort(effort);
    return request.thinking.effort != Effort::unset ||
           walk.refuse({}, "output_config.effort", "must be low, medium, high, xhigh or max");
  });
}

bool read_output_format(Walk& walk, std::string_view member, Request& request) {
  if (walk.kind() == Kind::null) return walk.reader().skip();
  std::string_view type;
  const bool good = walk.object({}, member, [&](std::string_view key) {
    if (key == "type") return walk.string({}, fmt::format("{}.type", member), type);
    if (key == "schema") return walk.value(request.format.schema);
    return walk.reader().skip();
  });
  if (!good) return false;
  if (type != "json_schema") {
    return walk.refuse({}, fmt::format("{}.type", member), "must be json_schema");
  }
  if (request.format.schema.empty()) {
    return walk.refuse({}, fmt::format("{}.schema", member), "is missing");
  }
  request.format.kind = ResponseFormat::Kind::json_schema;
  return true;
}

bool read_metadata(Walk& walk, Request& request) {
  if (walk.kind() == Kind::null) return walk.reader().skip();
  return walk.object({}, "metadata", [&](std::string_view key) {
    if (key != "user_id") return walk.reader().skip();
    return walk.optional_string({}, "metadata.user_id", request.user);
  });
}

bool read_stop_sequences(Walk& walk, Request& request) {
  if (walk.kind() == Kind::null) return walk.reader().skip();
  const std::uint32_t begin = walk.reader().offset();
  std::size_t count = 0;
  const bool good = walk.array({}, "stop_sequences", [&] {
    std::string_view stop;
    return walk.string({}, fmt::format("stop_sequences[{}]", count++), stop);
  });
  if (good && count != 0) request.stop = walk.since(begin);
  return good;
}

}  // namespace tidegate::translation::messages
