#include "cli/templates.h"

namespace tidegate::cli {

constexpr std::string_view kConfig =
    R"(# Tidegate's configuration. `tidegate check` says what is wrong with it, all at once.
# Every option with its default: docs/configuration.md.

listen: 127.0.0.1:8080   # clients
admin: 127.0.0.1:8081    # health and metrics

# ${NAME} is taken from the environment or from .env beside this file.
providers:
  deepseek: { dialect: deepseek, api_key: "${DEEPSEEK_API_KEY}" }
  # openai:    { dialect: openai,    api_key: "${OPENAI_API_KEY}" }
  # anthropic: { dialect: anthropic, api_key: "${ANTHROPIC_API_KEY}" }
  # cluster:   { dialect: vllm, base_url: http://10.0.0.5:8000/v1 }

# Additions to the shipped catalogue, or overrides of it; prices in USD per million tokens.
models:
  # house: { provider: cluster, name: DeepSeek-V4-Flash, context: 400000, max_output: 65536,
  #          price: { input: 0.05, cached: 0.01, output: 0.10 } }
  flash: deepseek-flash   # an alias

routes:
  long_context_discovery: { model: deepseek-v4-pro, max_tokens: 64000, thinking: off }
  short_task_batch:       { model: deepseek-flash, max_tokens: 32000, thinking: off }
  terminal_agentic:       { model: deepseek-v4-pro, max_tokens: 128000, thinking: high }
  critical_planning:      { model: deepseek-v4-pro, max_tokens: 128000, thinking: high, fallback: [flash] }

# The first rule that holds names the route (docs/routing.md has the language and the measures).
policy:
  - { when: "context_tokens > 200000 && tool_density < 0.3", route: long_context_discovery }
  - { when: "context_tokens < 50000 && tool_density < 0.2 && planning_score < 0.5", route: short_task_batch }
  - { when: "tool_density > 0.6", route: terminal_agentic }
  - { route: critical_planning }

retry: { attempts: 3, base: 500ms, max: 20s, budget: 20% }
timeouts: { connect: 5s, first_byte: 120s, idle: 300s, total: 30m }

# What may be spent (docs/budgets.md): the most that a request may cost is reserved before it leaves.
budgets:
  # - { scope: global, usd: 100, per: day, time_zone: Europe/Berlin, alert_at: [0.8, 1.0], webhook: "${ALERT_URL}" }
  # - { scope: tenant, usd: 500, per: month, on_exhausted: { downgrade: short_task_batch } }
  # - { scope: task, usd: 5, per: total }

state: { ledger: "sqlite:tidegate.db" }
)";

constexpr std::string_view kWorkflow =
    R"(# A workflow: tasks for models, in order, with a budget. The format: docs/workflows.md.
#   tidegate workflow validate workflow.yaml     says what is wrong with it, all at once
#   tidegate workflow plan workflow.yaml         says what it will cost
#   tidegate workflow run workflow.yaml
version: 1
name: first

inputs:
  subject: { type: string, default: "a login page" }

budget: { usd: 1.00, on_exceed: pause }

tasks:
  questions:
    role: testing
    prompt: "List the five most likely ways in which ${{ inputs.subject }} fails."
    output:            # the answer's form, a JSON Schema
      schema:
        type: object
        required: [ways]
        properties: { ways: { type: array, items: { type: string } } }

  answers:             # once for each of them, side by side
    role: code_generator
    needs: questions
    for_each: ${{ needs.questions.output.ways }}
    prompt: "How does one make sure that this does not happen? ${{ item }}"

  summary:
    role: documentation
    needs: answers
    prompt: "Make a checklist of one page of this:\n${{ needs.answers.outputs | compact | json }}"

outputs:
  checklist: ${{ needs.summary.output }}
)";

constexpr std::string_view kEnv = R"(# Provider keys. Keep this file out of version control.
DEEPSEEK_API_KEY=
)";

const std::array<Template, 3> kTemplates{Template{"tidegate.yaml", kConfig},
                                         Template{"workflow.yaml", kWorkflow},
                                         Template{".env", kEnv}};

}  // namespace tidegate::cli
