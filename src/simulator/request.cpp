#include "simulator/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "json/checked_text.h"
#include "json/escape.h"
#include "json/reader.h"
#include "simulator/value.h"

namespace tidegate::simulator {
namespace {

using json::Kind;

// Fields that the two providers' references list and that change nothing here.
constexpr std::array<std::string_view, 21> kIgnored{"n",
                                                    "stop",
                                                    "presence_penalty",
                                                    "seed",
                                                    "logit_bias",
                                                    "logprobs",
                                                    "user",
                                                    "frequency_penalty",
                                                    "store",
                                                    "metadata",
                                                    "modalities",
                                                    "prediction",
                                                    "audio",
                                                    "verbosity",
                                                    "service_tier",
                                                    "top_logprobs",
                                                    "safety_identifier",
                                                    "prompt_cache_key",
                                                    "functions",
                                                    "function_call",
                                                    "web_search_options"};

// One walk over the body. Every step returns false when the body is not as expected; `problem` then
// says why, unless the reader itself found malformed JSON.
class Walk {
 public:
  explicit Walk(const json::CheckedText& checked) : text_(checked.text), reader_(checked) {}

  bool request(ChatRequest& out);
  [[nodiscard]] BodyProblem problem() const;

 private:
  bool message(const std::string& path, Message& out);
  bool content(const std::string& path, Message& out);
  bool tool_call(const std::string& path, ToolCall& out);
  bool signature(std::string& out);
  bool template_options(ChatRequest& out);
  bool reasoning_options(ChatRequest& out);
  bool tool(const std::string& path, Tool& out);
  bool parameters(std::vector<Parameter>& out);
  bool parameter(Parameter& out);
  bool tool_choice(ChatRequest& out);
  bool response_format(ChatRequest& out);

  bool is_null() {
    std::string_view raw;
    return reader_.kind() == Kind::null && reader_.scalar(raw);
  }
  bool wrong_type(std::string field, std::string_view expected) {
    std::string_view raw;
    const bool is_value = reader_.kind() != Kind::end && reader_.kind() != Kind::other;
    if (!is_value && !reader_.scalar(raw)) return false;  // malformed; the reader says how
    problem_ = BodyProblem{BodyProblem::Kind::wrong_type, std::move(field), std::string(expected),
                           std::string(kind_name(reader_.kind())), reader_.offset()};
    return false;
  }
  bool is(Kind kind, const std::string& field) {
    return reader_.kind() == kind || wrong_type(field, kind_name(kind));
  }
  bool text(const std::string& field, std::string& out) {
    std::string_view raw;
    if (!is(Kind::string, field) || !reader_.string(raw)) return false;
    auto unescaped = json::unescape(raw);
    if (!unescaped) return wrong_type(field, "a valid string");
    out = std::move(*unescaped);
    return true;
  }
  bool flag(const std::string& field, bool& out) {
    if (is_null()) return true;
    std::string_view raw;
    if (!is(Kind::boolean, field) || !reader_.scalar(raw)) return false;
    out = raw == "true";
    return true;
  }
  bool number(const std::string& field, std::string_view& out) {
    return is_null() || (is(Kind::number, field) && reader_.scalar(out));
  }
  bool integer(const std::string& field, std::optional<Tokens>& out) {
    if (is_null()) return true;
    std::string_view raw;
    if (!is(Kind::number, field) || !reader_.scalar(raw)) return false;
    Tokens number = 0;
    const auto read = std::from_chars(raw.data(), raw.data() + raw.size(), number);
    if (read.ec != std::errc{} || read.ptr != raw.data() + raw.size()) {
      return wrong_type(field, "an integer");
    }
    out = number;
    return true;
  }
  // The text under `name` of the object that comes next; its other members are skipped.
  bool text_in_object(const std::string& path, std::string_view name, std::string& out) {
    if (is_null()) return true;
    return is(Kind::object, path) && reader_.object([&](std::string_view key) {
      return key == name ? text(fmt::format("{}.{}", path, name), out) : reader_.skip();
    });
  }
  // Elements of an array, each read by on_element(path, index).
  template <class OnElement>
  bool elements(const std::string& path, OnElement&& on_element) {
    std::size_t index = 0;
    const auto read_next = [&] {
      const std::string element = fmt::format("{}[{}]", path, index);
      return on_element(element, index++);
    };
    return is(Kind::array, path) && reader_.array(read_next);
  }
  bool raw_value(std::string& out) {
    const std::uint32_t begin = reader_.offset();
    if (!reader_.skip()) return false;
    out = text_.substr(begin, reader_.last_end() - begin);
    return true;
  }

  std::string_view text_;
  json::Reader reader_;
  std::optional<BodyProblem> problem_;
};

bool Walk::request(ChatRequest& out) {
  bool has_model = false;
  bool has_messages = false;
  if (!is(Kind::object, "body")) return false;
  const bool read = reader_.object([&](std::string_view key) {
    if (key == "model") return has_model = true, text("model", out.model);
    if (key == "messages") {
      has_messages = true;
      return elements("messages", [&](const std::string& path, std::size_t) {
        return message(path, out.messages.emplace_back());
      });
    }
    if (key == "tools") {
      if (is_null()) return true;
      const std::uint32_t begin = reader_.offset();
      const bool walked = elements("tools", [&](const std::string& path, std::size_t) {
        return tool(path, out.tools.emplace_back());
      });
      if (walked) out.tools_json = text_.substr(begin, reader_.last_end() - begin);
      return walked;
    }
    if (key == "tool_choice") return tool_choice(out);
    if (key == "stream") return flag("stream", out.stream);
    if (key == "stream_options") {
      if (is_null()) return true;
      out.has_stream_options = true;
      return is(Kind::object, "stream_options") && reader_.object([&](std::string_view option) {
        return option == "include_usage" ? flag("stream_options.include_usage", out.include_usage)
                                         : reader_.skip();
      });
    }
    if (key == "max_tokens") return integer("max_tokens", out.max_tokens);
    if (key == "temperature") return number("temperature", out.temperature);
    if (key == "top_p") return number("top_p", out.top_p);
    if (key == "max_completion_tokens") {
      out.max_completion_tokens = true;
      return integer("max_completion_tokens", out.max_tokens);
    }
    if (key == "thinking") {
      std::string type;
      if (!text_in_object("thinking", "type", type)) return false;
      out.thinking_disabled = type == "disabled";
      return true;
    }
    if (key == "reasoning_effort") {
      if (is_null()) return true;
      const bool is_text = text("reasoning_effort", out.effort.emplace());
      out.effort_end = reader_.last_end();
      return is_text;
    }
    if (key == "response_format") return response_format(out);
    if (key == "chat_template_kwargs") return template_options(out);
    if (key == "reasoning") return reasoning_options(out);
    if (key == "parallel_tool_calls") {
      return flag("parallel_tool_calls", out.parallel_tool_calls);
    }
    if (key == "user_id") return is_null() || text("user_id", out.user_id);
    if (std::ranges::find(kIgnored, key) != kIgnored.end()) return reader_.skip();
    auto& unknown = out.unknown.emplace_back();
    unknown.name = json::unescape(key).value_or(std::string(key));
    return raw_value(unknown.value);
  });
  if (!read || !reader_.finish()) return false;
  if (has_model && has_messages) return true;
  problem_ = BodyProblem{
      BodyProblem::Kind::missing, has_model ? "messages" : "model", {}, {}, text_.size()};
  return false;
}

bool Walk::response_format(ChatRequest& out) {
  if (is_null()) return true;
  return is(Kind::object, "response_format") && reader_.object([&](std::string_view key) {
    if (key == "type") return text("response_format.type", out.response_format);
    if (key != "json_schema" || reader_.kind() != Kind::object) return reader_.skip();
    return reader_.object([&](std::string_view member) {
      return member == "schema" ? raw_value(out.response_schema) : reader_.skip();
    });
  });
}

bool Walk::message(const std::string& path, Message& out) {
  return is(Kind::object, path) && reader_.object([&](std::string_view key) {
    if (key == "role") {
      const bool is_text = text(path + ".role", out.role);
      out.role_end = reader_.last_end();
      return is_text;
    }
    if (key == "content") return content(path + ".content", out);
    if (key == "reasoning_content") {
      return is_null() || text(path + ".reasoning_content", out.reasoning.emplace());
    }
    if (key == "reasoning" && reader_.kind() == Kind::string) {
      return text(path + ".reasoning", out.plain_reasoning.emplace());
    }
    if (key == "reasoning_details") return is_null() || raw_value(out.reasoning_details);
    if (key == "tool_calls") {
      return is_null() || elements(path + ".tool_calls", [&](const std::string& call, std::size_t) {
               return tool_call(call, out.tool_calls.emplace_back());
             });
    }
    if (key == "tool_call_id") return is_null() || text(path + ".tool_call_id", out.tool_call_id);
    if (key == "prefix") return flag(path + ".prefix", out.prefix);
    return reader_.skip();
  });
}

bool Walk::content(const std::string& path, Message& out) {
  if (is_null()) return true;
  out.has_content = true;
  if (reader_.kind() == Kind::string) return text(path, out.content);
  if (reader_.kind() != Kind::array) return wrong_type(path, "a string or an array of parts");
  return elements(path, [&](const std::string& part, std::size_t index) {
    std::string type;
    std::string part_text;
    std::size_t type_end = 0;
    const bool read = is(Kind::object, part) && reader_.object([&](std::string_view key) {
      if (key == "type") {
        const bool is_text = text(part + ".type", type);
        type_end = reader_.last_end();
        return is_text;
      }
      return key == "text" ? text(part + ".text", part_text) : reader_.skip();
    });
    out.content += part_text;
    if (type != "text") out.other_parts.push_back({type, index, type_end});
    return read;
  });
}

bool Walk::tool_call(const std::string& path, ToolCall& out) {
  if (!is(Kind::object, path)) return false;
  bool custom = false;  // a tool of free text, which is no function
  const bool read = reader_.object([&](std::string_view key) {
    if (key == "id") return text(path + ".id", out.id);
    if (key == "extra_content") return signature(out.signature);
    custom = custom || key == "custom";
    if (key != "function") return reader_.skip();
    return is(Kind::object, path + ".function") && reader_.object([&](std::string_view member) {
      if (member == "name") return text(path + ".function.name", out.name);
      if (member == "arguments") return text(path + ".function.arguments", out.arguments);
      return reader_.skip();
    });
  });
  if (!read || custom || !out.name.empty()) return read;
  problem_ =
      BodyProblem{BodyProblem::Kind::missing, path + ".function.name", {}, {}, reader_.offset()};
  return false;
}

// {"google":{"thought_signature":"..."}}
bool Walk::signature(std::string& out) {
  if (reader_.kind() != Kind::object) return reader_.skip();
  return reader_.object([&](std::string_view vendor) {
    if (vendor != "google") return reader_.skip();
    return text_in_object("extra_content.google", "thought_signature", out);
  });
}

// {"thinking":true}, {"enable_thinking":true}: what a chat template is told.
bool Walk::template_options(ChatRequest& out) {
  if (reader_.kind() != Kind::object) return reader_.skip();
  return reader_.object([&](std::string_view key) {
    if (key == "reasoning_effort" && reader_.kind() == Kind::string) {
      return text("chat_template_kwargs.reasoning_effort", out.effort.emplace());
    }
    if (key != "thinking" && key != "enable_thinking") return reader_.skip();
    return flag("chat_template_kwargs", out.template_thinks.emplace());
  });
}

// OpenRouter's {"effort":"high"}, {"enabled":true}, {"max_tokens":2000}.
bool Walk::reasoning_options(ChatRequest& out) {
  if (reader_.kind() != Kind::object) return reader_.skip();
  return reader_.object([&](std::string_view key) {
    if (key == "effort" && reader_.kind() == Kind::string) {
      return text("reasoning.effort", out.effort.emplace());
    }
    if (key == "enabled") return flag("reasoning.enabled", out.reasoning_enabled.emplace());
    if (key == "max_tokens") out.reasoning_enabled = true;
    return reader_.skip();
  });
}

bool Walk::tool(const std::string& path, Tool& out) {
  return is(Kind::object, path) && reader_.object([&](std::string_view key) {
    if (key == "type") {
      const bool is_text = text(path + ".type", out.type);
      out.type_end = reader_.last_end();
      return is_text;
    }
    if (key != "function") return reader_.skip();
    return is(Kind::object, path + ".function") && reader_.object([&](std::string_view member) {
      if (member == "name") return text(path + ".function.name", out.name);
      if (member == "strict") return flag(path + ".function.strict", out.strict);
      if (member != "parameters") return reader_.skip();
      const std::uint32_t begin = reader_.offset();
      if (!parameters(out.parameters)) return false;
      out.schema = text_.substr(begin, reader_.last_end() - begin);
      return true;
    });
  });
}

bool Walk::parameters(std::vector<Parameter>& out) {
  if (reader_.kind() != Kind::object) return reader_.skip();
  return reader_.object([&](std::string_view key) {
    if (key != "properties" || reader_.kind() != Kind::object) return reader_.skip();
    return reader_.object([&](std::string_view name) {
      Parameter& parameter_out = out.emplace_back();
      parameter_out.name = json::unescape(name).value_or(std::string(name));
      return parameter(parameter_out);
    });
  });
}

bool Walk::parameter(Parameter& out) {
  if (reader_.kind() != Kind::object) return reader_.skip();
  return reader_.object([&](std::string_view key) {
    if (key == "type" && reader_.kind() == Kind::string) return text("type", out.type);
    if (key != "enum" || reader_.kind() != Kind::array) return reader_.skip();
    return reader_.array(
        [&] { return out.first_enum.empty() ? raw_value(out.first_enum) : reader_.skip(); });
  });
}

bool Walk::tool_choice(ChatRequest& out) {
  if (is_null()) return true;
  if (reader_.kind() != Kind::string) {
    out.tool_choice = ToolChoice::named;
    if (reader_.kind() != Kind::object) return wrong_type("tool_choice", "a string or an object");
    return reader_.object([&](std::string_view key) {
      return key == "function" ? text_in_object("tool_choice.function", "name", out.forced_tool)
                               : reader_.skip();
    });
  }
  std::string choice;
  if (!text("tool_choice", choice)) return false;
  if (choice == "auto") out.tool_choice = ToolChoice::automatic;
  if (choice == "none") out.tool_choice = ToolChoice::none;
  if (choice == "required") out.tool_choice = ToolChoice::required;
  return out.tool_choice != ToolChoice::unset ||
         wrong_type("tool_choice", "'none', 'auto' or 'required'");
}

BodyProblem Walk::problem() const {
  if (problem_) return *problem_;
  return {BodyProblem::Kind::malformed, {}, reader_.error().message, {}, reader_.offset()};
}

}  // namespace

std::expected<ChatRequest, BodyProblem> read_request(std::string_view body) {
  const auto checked = json::check_text(body);
  if (!checked) {
    return std::unexpected(
        BodyProblem{BodyProblem::Kind::malformed, {}, checked.error().message, {}, 0});
  }
  Walk walk(*checked);
  ChatRequest request;
  if (!walk.request(request)) return std::unexpected(walk.problem());
  return request;
}

std::string_view last_question(const ChatRequest& request) {
  for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
    if (message->role == "user") return message->content;
  }
  return {};
}

}  // namespace tidegate::simulator
