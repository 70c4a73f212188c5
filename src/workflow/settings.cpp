#include "workflow/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "workflow/output_form.h"

namespace tidegate::workflow {

const std::vector<std::pair<std::string_view, Window>> kWindows{
    {"any", Window::any}, {"off-peak", Window::off_peak}, {"only-off-peak", Window::only_off_peak}};

namespace {

using config::Thinking;
using Index = Tree::Index;

constexpr std::pair<std::string_view, ErrorClass> kErrors[] = {
    {"transport", ErrorClass::transport},
    {"rate_limit", ErrorClass::rate_limit},
    {"server", ErrorClass::server},
    {"timeout", ErrorClass::timeout},
    {"invalid_output", ErrorClass::invalid_output},
    {"tool", ErrorClass::tool}};

constexpr Duration kLongest = 7 * 24h;

template <class T>
void put(const std::optional<T>& from, T& to) {
  if (from) to = *from;
}

void read_model(ChoiceLayer& layer, FileReader& reader, Index at) {
  const auto text = reader.text(at, "the name of a model");
  if (text && check_model(reader, at, *text)) layer.model = std::string(*text);
}

void read_fallback(ChoiceLayer& layer, FileReader& reader, Index at) {
  const auto names = reader.texts(at);
  if (!names) return;
  auto& out = layer.fallback.emplace();
  for (const auto& [name, where] : *names) {
    if (check_model(reader, where, name)) out.emplace_back(name);
  }
}

// "2s" or "2s..2m".
void read_backoff(RetryLayer& layer, FileReader& reader, Index at) {
  const auto text = reader.text(at, "a duration or a range of them");
  if (!text) return;
  const std::size_t dots = text->find("..");
  const auto low = parse_duration(text->substr(0, dots));
  const auto high = dots == std::string_view::npos ? low : parse_duration(text->substr(dots + 2));
  if (!low || !high || *low <= 0s || *high < *low || *high > 24h) {
    return reader.invalid(at, "a duration up to 24h, or two of them in order, e.g. 2s..2m");
  }
  layer.backoff = std::pair{*low, *high};
}

void read_retried(RetryLayer& layer, FileReader& reader, Index at) {
  const auto words = reader.texts(at);
  if (!words) return;
  std::uint32_t bits = 0;
  std::vector<std::string_view> names;
  for (const auto& error : kErrors) names.push_back(error.first);
  for (const auto& [word, where] : *words) {
    if (const auto index = read_word(reader, where, names)) bits |= 1u << *index;
  }
  layer.on = bits;
}

void read_deadline(SettingsLayer& layer, FileReader& reader, Index at) {
  const auto text = reader.text(at, "a deadline");
  if (!text) return;
  auto deadline = Deadline::parse(*text);
  if (!deadline) return reader.problem(at, deadline.error().message);
  layer.deadline = std::move(*deadline);
}

void read_budget(SettingsLayer& layer, FileReader& reader, Index at) {
  if (reader.node(at).kind == NodeKind::scalar) {
    layer.budget = reader.usd(at);
    return;
  }
  struct Usd {
    std::optional<NanoDollars> usd;
  } budget;
  static const Keys<Usd> keys{Key<Usd>{
      {"usd", "USD.", R"({"type":"number","minimum":0})"},
      [](Usd& out, FileReader& in, Index where) {
        out.usd = in.usd(where);
      }}.required()};
  read_keys(keys, reader, at, budget);
  layer.budget = budget.usd;
}

void read_tools(SettingsLayer& layer, FileReader& reader, Index at) {
  const auto names = reader.texts(at);
  if (!names) return;
  auto& out = layer.tools.emplace();
  for (const auto& [name, where] : *names) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) {
      const FileReader::Inside inside(reader, {});
      reader.invalid(where, "SERVER.TOOL, e.g. repo.read_file");
      continue;
    }
    out.emplace_back(name);
    layer.tools_at.push_back(where);
  }
}

Key<SettingsLayer> choice(const Key<ChoiceLayer>& key) {
  return within(&SettingsLayer::choice, key);
}

}  // namespace

std::string_view name(ErrorClass error) {
  for (const auto& [word, value] : kErrors) {
    if (value == error) return word;
  }
  return "";
}

bool check_model(FileReader& reader, Index at, std::string_view model) {
  constexpr std::string_view kRoute = "route:";
  const Surroundings& around = reader.library().surroundings();
  if (model == "auto") return true;
  if (model.starts_with(kRoute)) {
    if (around.catalog == nullptr ||
        std::ranges::find(around.routes, model.substr(kRoute.size())) != around.routes.end()) {
      return true;
    }
    reader.problem(at, fmt::format("{}: the gateway's config has no such route.{}", model,
                                   reader.near(model.substr(kRoute.size()), around.routes)));
    return false;
  }
  if (around.catalog == nullptr || around.catalog->find(model) != nullptr) return true;
  reader.problem(at, fmt::format("{}: no model of the catalogue has this name.{}", model,
                                 reader.near(model, around.catalog->names())));
  return false;
}

const Keys<ChoiceLayer>& choice_keys() {
  using C = ChoiceLayer;
  static const Keys<C> keys{
      {{"model", "Id or alias of a model; auto: the gateway's policy decides; route:NAME.",
        kTextSchema},
       read_model},
      {{"fallback", "Models to ask in order when it cannot answer.", kTextsSchema}, read_fallback},
      word_key<C>("thinking", &C::thinking,
                  std::vector<std::pair<std::string_view, Thinking>>{{"off", Thinking::off},
                                                                     {"low", Thinking::low},
                                                                     {"medium", Thinking::medium},
                                                                     {"high", Thinking::high},
                                                                     {"max", Thinking::max}},
                  "How long the model thinks before it answers."),
      number_key<C>("temperature", &C::temperature, 0, 2,
                    "Of sampling; models that think may ignore it."),
      integer_key<C>("max_tokens", &C::max_tokens, 1, 100'000'000, "Largest answer in tokens."),
  };
  return keys;
}

const Keys<RetryLayer>& retry_keys() {
  using R = RetryLayer;
  static const Keys<R> keys{
      integer_key<R>("attempts", &R::attempts, 1, 100, "Attempts, the first included."),
      {{"backoff", "Wait before the second attempt, and the longest that it doubles to.",
        R"({"type":"string","pattern":"^[0-9]+[a-z]+(\\.\\.[0-9]+[a-z]+)?$"})"},
       read_backoff},
      word_key<R>("jitter", &R::jitter,
                  std::vector<std::pair<std::string_view, bool>>{{"full", true}, {"none", false}},
                  "full: any wait from nothing to the backoff."),
      {{"on", "Classes of errors that are tried again.",
        R"({"type":"array","items":{"enum":["transport","rate_limit","server","timeout",)"
        R"("invalid_output","tool"]}})"},
       read_retried},
  };
  return keys;
}

const Keys<TimeoutLayer>& timeout_keys() {
  using T = TimeoutLayer;
  static const Keys<T> keys{
      duration_key<T>("queue", &T::queue, 0s, kLongest, "From ready to sent; 0s: for ever."),
      duration_key<T>("idle", &T::idle, 1s, kLongest, "Without a byte of the answer."),
      duration_key<T>("total", &T::total, 1s, kLongest, "From sent to answered, of one attempt."),
  };
  return keys;
}

const Keys<GuardLayer>& guard_keys() {
  using G = GuardLayer;
  static const Keys<G> keys{
      integer_key<G>("turns", &G::turns, 1, 1000,
                     "Requests of one attempt, tool results included."),
      integer_key<G>("repeat_tool_call", &G::repeat_tool_call, 1, 1000,
                     "Times that the same tool may be called with the same arguments."),
      integer_key<G>("tokens", &G::tokens, 0, 1'000'000'000'000,
                     "Prompt and answer of all turns and attempts; 0: no limit."),
  };
  return keys;
}

const Keys<SettingsLayer>& settings_keys() {
  using S = SettingsLayer;
  static const Keys<S> keys = [] {
    Keys<S> all;
    for (const auto& key : choice_keys()) all.push_back(choice(key));
    all.push_back({{"route", "A route of this file or of the gateway's config.", kTextSchema},
                   [](S& layer, FileReader& reader, Index at) {
                     if (const auto text = reader.text(at)) layer.route = std::string(*text);
                     layer.route_at = at;
                   }});
    all.push_back(part_key<S>("timeout", &S::timeout, timeout_keys(), "timeout", "Three clocks."));
    all.push_back(part_key<S>("retry", &S::retry, retry_keys(), "retry", "What is tried again."));
    all.push_back(part_key<S>("limits", &S::limits, guard_keys(), "limits", "Guards of loops."));
    all.push_back(word_key<S>("on_error", &S::on_error,
                              std::vector<std::pair<std::string_view, OnError>>{
                                  {"fail", OnError::fail},
                                  {"skip_dependents", OnError::skip_dependents},
                                  {"continue", OnError::proceed}},
                              "What its failure means for the run."));
    all.push_back(word_key<S>("context_policy", &S::context_policy,
                              std::vector<std::pair<std::string_view, ContextPolicy>>{
                                  {"full", ContextPolicy::full},
                                  {"tail", ContextPolicy::tail},
                                  {"summary", ContextPolicy::summary},
                                  {"map_reduce", ContextPolicy::map_reduce}},
                              "What is done with outputs of tasks that do not fit."));
    all.push_back(word_key<S>("side_effects", &S::side_effects,
                              std::vector<std::pair<std::string_view, SideEffects>>{
                                  {"none", SideEffects::none}, {"once", SideEffects::once}},
                              "once: never tried again by itself when its end is unknown."));
    all.push_back(word_key<S>("window", &S::window, kWindows,
                              "When it may be sent, by the price calendar of its model."));
    all.push_back(
        {{"deadline", "\"07:30 Europe/Berlin\", 2026-12-01T07:30:00Z or 6h.", kTextSchema},
         read_deadline});
    all.push_back({{"budget", "USD for all its items and attempts.",
                    R"({"anyOf":[{"type":"number","minimum":0},{"type":"object","properties":)"
                    R"({"usd":{"type":"number","minimum":0}},"additionalProperties":false,)"
                    R"("required":["usd"]}]})"},
                   read_budget});
    all.push_back(
        {{"tools", "The tools that it may call: SERVER.TOOL.", kTextsSchema}, read_tools});
    all.push_back(
        {{"output", "The form of its answer; text: any text, although the role has a form.",
          R"({"anyOf":[{"const":"text"},{"$ref":"#/$defs/output"}]})"},
         [](S& layer, FileReader& reader, Index at) {
           const bool any = reader.node(at).text == "text";
           layer.output = any ? nullptr : read_output_form(reader, at);
         }});
    return all;
  }();
  return keys;
}

void apply(const ChoiceLayer& layer, ModelChoice& choice) {
  if (layer.model) {
    choice.model = *layer.model;
    choice.fallback.clear();  // of another model
  }
  put(layer.fallback, choice.fallback);
  put(layer.thinking, choice.thinking);
  if (layer.temperature) choice.temperature = layer.temperature;
  if (layer.max_tokens) choice.max_tokens = layer.max_tokens;
}

void apply(const SettingsLayer& layer, TaskSettings& settings) {
  apply(layer.choice, settings.model);
  put(layer.timeout.queue, settings.timeouts.queue);
  put(layer.timeout.idle, settings.timeouts.idle);
  put(layer.timeout.total, settings.timeouts.total);
  put(layer.retry.attempts, settings.retry.attempts);
  if (layer.retry.backoff) {
    std::tie(settings.retry.backoff, settings.retry.max) = *layer.retry.backoff;
  }
  put(layer.retry.jitter, settings.retry.jitter);
  put(layer.retry.on, settings.retry.on);
  put(layer.limits.turns, settings.guards.turns);
  put(layer.limits.repeat_tool_call, settings.guards.repeat_tool_call);
  put(layer.limits.tokens, settings.guards.tokens);
  put(layer.on_error, settings.on_error);
  put(layer.context_policy, settings.context_policy);
  put(layer.side_effects, settings.side_effects);
  put(layer.window, settings.window);
  if (layer.deadline) settings.deadline = layer.deadline;
  if (layer.budget) settings.budget = layer.budget;
  if (layer.tools) {
    settings.tools = *layer.tools;
    std::ranges::sort(settings.tools);
    const auto again = std::ranges::unique(settings.tools);
    settings.tools.erase(again.begin(), again.end());
  }
  put(layer.output, settings.output);
}

}  // namespace tidegate::workflow
