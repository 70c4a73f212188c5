#include "translation/chat_tools.h"

namespace tidegate::translation {
namespace {

using json::Kind;

class ToolReader {
 public:
  ToolReader(Walk& walk, std::string_view list) : walk_(walk), list_(list) {}

  bool read() {
    if (walk_.is(Kind::null)) return walk_.json.skip();
    if (!walk_.is(Kind::array)) return walk_.refuse_type(std::string(list_), "an array");
    return walk_.json.array([this] {
      if (!walk_.is(Kind::object))
        return walk_.refuse_type(fmt::format("{}[{}]", list_, index_), "an object");
      const bool good = list_ == "tools" ? tool() : bare_function();
      ++index_;
      return good;
    });
  }

 private:
  [[nodiscard]] std::string where(std::string_view member) const {
    return fmt::format("{}[{}].{}", list_, index_, member);
  }

  bool tool() {
    Tool tool;
    bool inner = false;
    const std::uint32_t begin = walk_.json.offset();
    const bool good = walk_.object([&](std::string_view key) {
      if (key == "type") return walk_.text(tool.type, [&] { return where(key); });
      if (key == "cache_control") return walk_.value(tool.cache_control);
      if ((key == "function" || key == "custom") && walk_.is(Kind::object)) {
        inner = true;
        return walk_.object([&](std::string_view name) { return member(name, tool, key); });
      }
      // As the Responses surface writes them, which some clients do here, too.
      return member(key, tool, {});
    });
    if (!good) return false;
    tool.raw = walk_.request.body.substr(begin, walk_.json.last_end() - begin);
    if (tool.type.empty()) {
      if (!inner) return walk_.refuse_missing(where("type"));
      tool.type = "function";
    }
    tool.custom = tool.type == "custom";
    tool.hosted = !tool.custom && tool.type != "function";
    if (!tool.hosted && tool.name.empty())
      return walk_.refuse_missing(where(tool.custom ? "custom.name" : "function.name"));
    walk_.request.tools.push_back(tool);
    return true;
  }

  bool bare_function() {
    Tool tool;
    tool.type = "function";
    if (!walk_.object([&](std::string_view key) { return member(key, tool, {}); })) return false;
    if (tool.name.empty()) return walk_.refuse_missing(where("name"));
    walk_.request.tools.push_back(tool);
    return true;
  }

  bool member(std::string_view key, Tool& tool, std::string_view outer) {
    const auto here = [&] {
      return outer.empty() ? where(key) : where(fmt::format("{}.{}", outer, key));
    };
    if (key == "name") return walk_.text(tool.name, here);
    if (key == "description") return walk_.text(tool.description, here);
    if (key == "strict") return walk_.flag(tool.strict, here);
    if (key != "parameters" || walk_.is(Kind::null)) return walk_.json.skip();
    if (!walk_.is(Kind::object)) return walk_.refuse_type(here(), "an object");
    return walk_.value(tool.schema);
  }

  Walk& walk_;
  std::string_view list_;
  std::size_t index_ = 0;
};

class ChoiceReader {
 public:
  ChoiceReader(Walk& walk, std::string_view key) : walk_(walk), key_(key) {}

  bool read() {
    ToolChoice& choice = walk_.request.tool_choice;
    std::string_view word;
    if (walk_.is(Kind::null)) return walk_.json.skip();
    if (walk_.is(Kind::string)) return walk_.json.string(word) && take(word);
    if (!walk_.is(Kind::object))
      return walk_.refuse_type(std::string(key_), "a string or an object");

    std::string_view type;
    const std::uint32_t begin = walk_.json.offset();
    const bool good = walk_.object([&](std::string_view key) {
      const auto here = [&] { return fmt::format("{}.{}", key_, key); };
      if (key == "type") return walk_.text(type, here);
      if (key == "name") return walk_.text(choice.name, here);
      if (key == "mode") return walk_.text(mode_, here);
      if (key == "tools") return allowed();
      if (!walk_.is(Kind::object)) return walk_.json.skip();
      return walk_.object([&](std::string_view inner) {
        if (inner == "name") return walk_.text(choice.name, here);
        if (inner == "mode") return walk_.text(mode_, here);
        if (inner == "tools") return allowed();
        return walk_.json.skip();
      });
    });
    if (!good) return false;
    if (type == "allowed_tools") return take(mode_.empty() ? "auto" : mode_);
    if (!choice.name.empty()) {
      choice.kind = ToolChoice::Kind::named;
      return true;
    }
    if (type == "function" || type == "custom" || type == "tool" || type.empty())
      return walk_.refuse_missing(fmt::format("{}.function.name", key_));
    if (is_word(type)) return take(type);
    choice.kind = ToolChoice::Kind::named;  // a hosted tool, by its type
    choice.name = type;
    choice.raw = walk_.request.body.substr(begin, walk_.json.last_end() - begin);
    return true;
  }

 private:
  static bool is_word(std::string_view word) {
    return word == "auto" || word == "none" || word == "required" || word == "any";
  }

  bool take(std::string_view word) {
    ToolChoice::Kind& kind = walk_.request.tool_choice.kind;
    if (word == "auto") {
      kind = ToolChoice::Kind::automatic;
    } else if (word == "none") {
      kind = ToolChoice::Kind::none;
    } else if (word == "required" || word == "any") {
      kind = ToolChoice::Kind::required;
    } else {
      return walk_.refuse(fmt::format("{} must be auto, none, required or name a tool", key_),
                          std::string(key_));
    }
    return true;
  }

  // Tools that are left out of the list are as good as forbidden.
  bool allowed() {
    if (!walk_.is(Kind::array)) return walk_.json.skip();
    walk_.restrict_tools = true;
    return walk_.json.array([this] {
      if (!walk_.is(Kind::object)) return walk_.json.skip();
      std::string_view name, type;
      const bool good = walk_.object([&](std::string_view key) {
        if (key == "name" && walk_.is(Kind::string)) return walk_.json.string(name);
        if (key == "type" && walk_.is(Kind::string)) return walk_.json.string(type);
        if (!walk_.is(Kind::object)) return walk_.json.skip();
        return walk_.object([&](std::string_view inner) {
          const bool is_name = inner == "name" && walk_.is(Kind::string);
          return is_name ? walk_.json.string(name) : walk_.json.skip();
        });
      });
      walk_.allowed_tools.push_back(name.empty() ? type : name);
      return good;
    });
  }

  Walk& walk_;
  std::string_view key_, mode_;
};

std::string_view name(const Tool& tool) { return tool.hosted ? tool.type : tool.name; }

}  // namespace

bool read_chat_tools(Walk& walk) { return ToolReader(walk, "tools").read(); }
bool read_chat_functions(Walk& walk) { return ToolReader(walk, "functions").read(); }

bool read_chat_tool_choice(Walk& walk, std::string_view key) {
  return ChoiceReader(walk, key).read();
}

bool read_chat_format(Walk& walk) {
  if (walk.is(Kind::null)) return walk.json.skip();
  if (!walk.is(Kind::object)) return walk.refuse_type("response_format", "an object");
  ResponseFormat& format = walk.request.format;
  std::string_view type;
  const bool good = walk.object([&](std::string_view key) {
    if (key == "type") return walk.text(type, [] { return std::string("response_format.type"); });
    if (key != "json_schema" || !walk.is(Kind::object)) return walk.json.skip();
    return walk.object([&](std::string_view inner) {
      const auto here = [&] { return fmt::format("response_format.json_schema.{}", inner); };
      if (inner == "name") return walk.text(format.name, here);
      if (inner == "description") return walk.text(format.description, here);
      if (inner == "strict") return walk.flag(format.strict, here);
      if (inner == "schema" && walk.is(Kind::object)) return walk.value(format.schema);
      return walk.json.skip();
    });
  });
  if (!good) return false;
  if (type == "text") {
    format.kind = ResponseFormat::Kind::text;
  } else if (type == "json_object") {
    format.kind = ResponseFormat::Kind::json_object;
  } else if (type == "json_schema") {
    format.kind = ResponseFormat::Kind::json_schema;
    if (format.schema.empty()) return walk.refuse_missing("response_format.json_schema.schema");
  } else {
    return walk.refuse("response_format.type must be text, json_object or json_schema",
                       "response_format.type");
  }
  return true;
}

bool settle_chat_tools(Walk& walk) {
  Request& request = walk.request;
  if (walk.restrict_tools) {
    std::erase_if(request.tools, [&](const Tool& tool) {
      return std::ranges::find(walk.allowed_tools, name(tool)) == walk.allowed_tools.end();
    });
  }
  const ToolChoice& choice = request.tool_choice;
  if (choice.kind != ToolChoice::Kind::named) return true;
  const bool known = std::ranges::any_of(
      request.tools, [&](const Tool& tool) { return name(tool) == choice.name; });
  return known ||
         walk.refuse(fmt::format("tool_choice names {}, which is not among the tools", choice.name),
                     "tool_choice");
}

}  // namespace tidegate::translation
