#include "translation/chat_tool_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "translation/chat_text.h"
#include "translation/one_input.h"

namespace tidegate::translation {
namespace {

class ToolWriter {
 public:
  ToolWriter(const Request& request, const protocol::DialectTable& dialect, std::string& out,
             Notes& notes)
      : request_(request), dialect_(dialect), out_(out), notes_(notes) {}

  void run() {
    std::size_t written = 0;
    for (const Tool& tool : request_.tools) {
      if (!takes(tool)) {
        notes_.add(fmt::format("tool {} dropped: not a function",
                               tool.name.empty() ? tool.type : tool.name));
        continue;
      }
      out_ += written++ == 0 ? R"(,"tools":[)" : ",";
      write(tool);
    }
    if (written != 0) out_ += ']';
    choice(written != 0);
    if (request_.parallel_tool_calls && written != 0)
      append_value(out_, "parallel_tool_calls", *request_.parallel_tool_calls ? "true" : "false");
  }

 private:
  [[nodiscard]] bool takes(const Tool& tool) const {
    if (request_.surface == Surface::chat) {
      return !dialect_.only_function_tools || !(tool.hosted || tool.custom);
    }
    return !tool.hosted;
  }

  [[nodiscard]] bool stays_custom(const Tool& tool) const {
    return tool.custom && !dialect_.only_function_tools;
  }

  void write(const Tool& tool) {
    if (tool.hosted || (tool.custom && request_.surface == Surface::chat)) {
      out_ += tool.raw;
      return;
    }
    const bool custom = stays_custom(tool);
    out_ += custom ? R"({"type":"custom","custom":{"name":)"
                   : R"({"type":"function","function":{"name":)";
    append_raw(out_, tool.name);
    if (!tool.description.empty()) append_text(out_, "description", tool.description);
    if (tool.custom && !custom) {
      notes_.add("custom tool -> function with one input");
      append_value(out_, "parameters", kOneInput);
    } else if (!tool.schema.empty()) {
      append_value(out_, "parameters", tool.schema);
    }
    if (tool.strict) append_value(out_, "strict", *tool.strict ? "true" : "false");
    out_ += '}';
    if (custom) notes_.add("format of a custom tool dropped");
    if (!tool.cache_control.empty() && request_.surface == Surface::chat) {
      append_value(out_, "cache_control", tool.cache_control);
    } else if (!tool.cache_control.empty()) {
      notes_.add("cache_control dropped");
    }
    out_ += '}';
  }

  void choice(bool any) {
    const ToolChoice& choice = request_.tool_choice;
    switch (choice.kind) {
      case ToolChoice::Kind::unset:
        return;
      case ToolChoice::Kind::automatic:
        if (any) out_ += R"(,"tool_choice":"auto")";
        return;
      case ToolChoice::Kind::none:
        if (any) out_ += R"(,"tool_choice":"none")";
        return;
      case ToolChoice::Kind::required:
        if (any) {
          out_ += R"(,"tool_choice":"required")";
        } else {
          notes_.add("tool_choice dropped: no tools are left");
        }
        return;
      case ToolChoice::Kind::named:
        named(choice);
    }
  }

  void named(const ToolChoice& choice) {
    const auto tool = std::ranges::find_if(request_.tools, [&](const Tool& one) {
      return (one.hosted ? one.type : one.name) == choice.name && takes(one);
    });
    if (tool == request_.tools.end()) {
      notes_.add("tool_choice dropped: its tool is not there");
    } else if (tool->hosted) {
      append_value(out_, "tool_choice", choice.raw);
    } else {
      const std::string_view type = stays_custom(*tool) ? "custom" : "function";
      out_ += fmt::format(R"(,"tool_choice":{{"type":"{0}","{0}":{{"name":"{1}"}}}})", type,
                          choice.name);
    }
  }

  const Request& request_;
  const protocol::DialectTable& dialect_;
  std::string& out_;
  Notes& notes_;
};

}  // namespace

void write_chat_tools(const Request& request, const protocol::DialectTable& dialect,
                      std::string& out, Notes& notes) {
  ToolWriter(request, dialect, out, notes).run();
}

}  // namespace tidegate::translation
