#include "translation/chat_thinking.h"

#include "base/text.h"

namespace tidegate::translation {
namespace {

using json::Kind;

struct EffortName {
  std::string_view name;
  Effort effort;
};
constexpr EffortName kEfforts[] = {
    {"none", Effort::none},     {"minimal", Effort::minimal}, {"low", Effort::low},
    {"medium", Effort::medium}, {"high", Effort::high},       {"xhigh", Effort::xhigh},
    {"max", Effort::max},       {"ultra", Effort::max},
};

bool effort(Walk& walk, std::string_view path) {
  std::string_view name;
  if (!walk.text(name, [path] { return std::string(path); })) return false;
  if (name.data() == nullptr) return true;
  const auto known = std::ranges::find(kEfforts, name, &EffortName::name);
  if (known == std::end(kEfforts))
    return walk.refuse(
        fmt::format("{} must be none, minimal, low, medium, high, xhigh or max", path),
        std::string(path));
  walk.request.thinking.effort = known->effort;
  return true;
}

bool toggle(Walk& walk, std::string_view path) {
  std::optional<bool> on;
  if (!walk.flag(on, [path] { return std::string(path); })) return false;
  if (on) walk.request.thinking.toggle = *on ? Toggle::on : Toggle::off;
  return true;
}

bool budget(Walk& walk, std::string_view path) {
  if (walk.is(Kind::null)) return walk.json.skip();
  if (!walk.is(Kind::number)) return walk.refuse_type(std::string(path), "a positive integer");
  std::string_view raw;
  if (!walk.json.scalar(raw)) return false;
  const auto number = parse_u64(raw);
  if (!number || *number > 1'000'000'000)
    return walk.refuse(fmt::format("{} must be a positive integer", path), std::string(path));
  walk.request.thinking.budget = static_cast<Tokens>(*number);
  return true;
}

bool thinking(Walk& walk) {
  return walk.object([&](std::string_view key) {
    if (key == "budget_tokens") return budget(walk, "thinking.budget_tokens");
    if (key != "type") return walk.json.skip();
    std::string_view type;
    if (!walk.text(type, [] { return std::string("thinking.type"); })) return false;
    Thinking& out = walk.request.thinking;
    if (type == "enabled" || type == "adaptive") {
      out.toggle = Toggle::on;
      out.adaptive = type == "adaptive";
    } else if (type == "disabled") {
      out.toggle = Toggle::off;
    } else {
      return walk.refuse("thinking.type must be enabled, disabled or adaptive", "thinking.type");
    }
    return true;
  });
}

bool reasoning(Walk& walk) {
  Thinking& out = walk.request.thinking;
  return walk.object([&](std::string_view key) {
    if (key == "effort") return effort(walk, "reasoning.effort");
    if (key == "max_tokens") return budget(walk, "reasoning.max_tokens");
    if (key == "enabled") return toggle(walk, "reasoning.enabled");
    if (key == "exclude") {
      std::optional<bool> hide;
      if (!walk.flag(hide, [] { return std::string("reasoning.exclude"); })) return false;
      out.hide = hide.value_or(false);
      return true;
    }
    return walk.json.skip();
  });
}

// What else the model's template takes stays among the members that only its provider knows.
bool template_kwargs(Walk& walk) {
  bool others = false;
  const std::uint32_t begin = walk.json.offset();
  const bool good = walk.object([&](std::string_view key) {
    if (key == "thinking" || key == "enable_thinking")
      return toggle(walk, "chat_template_kwargs.thinking");
    if (key == "reasoning_effort") return effort(walk, "chat_template_kwargs.reasoning_effort");
    others = true;
    return walk.json.skip();
  });
  if (!good) return false;
  if (others) {
    const std::string_view raw = walk.request.body.substr(begin, walk.json.last_end() - begin);
    walk.request.others.push_back({"chat_template_kwargs", raw});
  }
  return true;
}

}  // namespace

bool is_chat_thinking(std::string_view key) {
  return key == "thinking" || key == "reasoning_effort" || key == "reasoning" ||
         key == "include_reasoning" || key == "chat_template_kwargs" || key == "enable_thinking";
}

bool is_thinking_kwarg(std::string_view key) {
  return key == "thinking" || key == "enable_thinking" || key == "reasoning_effort";
}

bool read_chat_thinking(Walk& walk, std::string_view key) {
  if (walk.is(Kind::null)) return walk.json.skip();
  if (key == "reasoning_effort") return effort(walk, key);
  if (key == "enable_thinking") return toggle(walk, key);
  if (key == "include_reasoning") {
    std::optional<bool> show;
    if (!walk.flag(show, [] { return std::string("include_reasoning"); })) return false;
    walk.request.thinking.hide = !show.value_or(true);
    return true;
  }
  if (!walk.is(Kind::object)) return walk.refuse_type(std::string(key), "an object");
  if (key == "thinking") return thinking(walk);
  if (key == "reasoning") return reasoning(walk);
  return template_kwargs(walk);
}

}  // namespace tidegate::translation
