#include "config/reference.h"

#include "config/options.h"

namespace tidegate::config {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

`tidegate serve -c tidegate.yaml` reads one YAML file; `tidegate check -c FILE` reports everything
that is wrong with one, each problem with its line and column. Every option may be left out unless
it says required, and so may the file. An unknown option or one given twice is an error. YAML
anchors are not supported.

- `${NAME}` in a value is a variable of the environment or of `.env`; `${NAME:-text}` has a default.
  A variable that is set to nothing counts as not set.
- Durations are `500ms`, `20s`, `30m`, `6h`, `2d`; sizes `64KiB`, `48MiB` or plain bytes; shares `20%`.
- A change takes effect when the file is saved or on SIGHUP, unless the last column says restart.
)";

constexpr std::string_view kDefaults = R"(
## What holds without a file

All providers with an address of their own are there; those without a key in the environment
(`DEEPSEEK_API_KEY`, `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, `MOONSHOT_API_KEY`, `GEMINI_API_KEY`,
`OPENROUTER_API_KEY`) cannot be used. With no key at all the built-in simulator stands in for every
provider. The key of a variable that the file does not name is sent only to the vendor's own address.

```yaml
routes:
  long_context_discovery: { model: deepseek-v4-pro,   max_tokens: 64000,  thinking: off, fallback: [gpt-5.5] }
  short_task_batch:       { model: deepseek-v4-flash, max_tokens: 32000,  thinking: off }
  terminal_agentic:       { model: gpt-5.5,           max_tokens: 128000, thinking: high }
  critical_planning:      { model: claude-opus-4.7,   max_tokens: 128000, thinking: high, fallback: [gpt-5.5] }
policy:
  - { when: "context_tokens > 200000 && tool_density < 0.3", route: long_context_discovery }
  - { when: "context_tokens < 50000 && tool_density < 0.2 && planning_score < 0.5", route: short_task_batch }
  - { when: "tool_density > 0.6", route: terminal_agentic }
  - { route: critical_planning }
```

Where a model of these routes belongs to a provider without a key, the route keeps its name and takes
the first of these that has one: claude-opus-4.7, gpt-5.5, deepseek-v4-pro, kimi-k2.6,
gemini-3.8-flash, openrouter/auto, then the first of the file's own models. Fallbacks without a key
are left out. A file with one route and no policy sends everything to that route.
)";

// A pipe would end the table's cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

// Whether a change needs a restart; a section's own rows say it for each option.
std::string_view change(const Description& description) {
  if (description.expected.ends_with("see below")) return "see below";
  if (description.expected == kLater) return "";
  return description.restart ? "restart" : "reload";
}

template <class Target>
void append(std::string& page, std::string_view title, const Section<Target>& section) {
  page += fmt::format(
      "\n## {}\n\n| option | meaning | expected | default | example | change |\n"
      "|---|---|---|---|---|---|\n",
      title);
  for (const auto& [description, read] : section) {
    page += fmt::format("| {} | {} | {} | {} | {} | {} |\n", code(description.name),
                        cell(description.sentence), cell(description.expected),
                        description.required ? "required" : code(description.standard),
                        code(description.example), change(description));
  }
}

}  // namespace

std::string reference_markdown() {
  std::string page(kIntroduction);
  append(page, "The file", config_options());
  append(page, "providers.NAME", provider_options());
  append(page, "models.NAME", model_options());
  append(page, "models.NAME.price", price_options());
  append(page, "routes.NAME", route_options());
  append(page, "policy[]", rule_options());
  append(page, "clients.NAME", client_options());
  append(page, "clients.NAME.match", match_options());
  append(page, "limits", limits_options());
  append(page, "limits.scopes[]", limit_options());
  append(page, "budgets[]", budget_options());
  append(page, "retry", retry_options());
  append(page, "timeouts", timeout_options());
  append(page, "http", http_options());
  append(page, "breaker", breaker_options());
  append(page, "log", log_options());
  append(page, "state", state_options());
  append(page, "workflows", workflow_options());
  append(page, "tls", tls_options());
  page += kDefaults;
  return page;
}

}  // namespace tidegate::config
