#include "workflow/load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/scratch_dir.h"
#include "workflow/test_files.h"

namespace tidegate::workflow {
namespace {

const Surroundings& with_catalog() {
  static const Surroundings around{&catalog::Catalog::shipped(),
                                   {"critical_planning", "cheap_one"}};
  return around;
}

constexpr const char* kAudit = R"(version: 1
name: nightly-repo-audit
inputs:
  repo:  { type: string, required: true }
  files: { type: array, items: string, from: files.json }

run:
  deadline: "07:30 Europe/Berlin"
  window: off-peak
  max_parallel: 400
  fail_fast: false
  idempotency_key: "audit-${{ inputs.repo }}-${{ run.date }}"

budget:
  usd: 25.00
  on_exceed: pause
  warn_at: [0.5, 0.8]
  per_role: { security_auditor: { usd: 10 } }

defaults:
  model: deepseek-flash
  thinking: off
  max_tokens: 4000
  timeout: { queue: 30m, idle: 3m, total: 40m }
  retry:   { attempts: 4, backoff: 2s..2m, jitter: full, on: [transport, rate_limit, server, invalid_output] }
  limits:  { turns: 12, repeat_tool_call: 3 }

routes:
  cheap:  { model: deepseek-flash }
  strong: { model: deepseek-v4-pro, thinking: high, fallback: [deepseek-flash] }

mcp_servers:
  repo: { command: [mcp-git, --read-only, "${{ inputs.repo }}"] }
  jira: { url: "https://mcp.example.internal/mcp", auth: { env: JIRA_TOKEN } }

roles:
  security_auditor:
    route: strong
    system: file:prompts/security.md
    tools: [repo.read_file, repo.grep]
  triage: { extends: documentation, route: cheap }

context:
  - file: docs/ARCHITECTURE.md
  - text: "Severity scale: critical, high, medium, low."

tasks:
  scan:
    role: security_auditor
    priority: 50
    for_each: ${{ inputs.files }}
    item_key: ${{ item }}
    max_parallel: 200
    prompt: "Audit ${{ item }} for injection and secrets."
    output: { schema: { $ref: schemas/findings.json }, repair: 2 }

  merge:
    role: documentation
    needs: scan
    if: ${{ needs.scan.succeeded > 0 }}
    prompt: |
      Deduplicate and rank. ${{ needs.scan.failed }} files could not be scanned.
      ${{ needs.scan.outputs | json }}
    context_policy: map_reduce
    output: { schema: { $ref: schemas/report.json } }

  gate:
    needs: merge
    if: ${{ needs.merge.output.critical > 0 }}
    approval: { message: "${{ needs.merge.output.critical }} critical findings. File tickets?", timeout: 6h, default: reject }

  tickets:
    role: triage
    needs: [merge, gate]
    if: ${{ needs.gate.result == 'approved' }}
    tools: [jira.create_issue]
    side_effects: once
    prompt: "File one ticket per critical finding:\n${{ needs.merge.output.findings | json }}"

  deep_dive:
    uses: ./incident.workflow.yaml
    needs: merge
    with: { findings: "${{ needs.merge.output }}" }
    budget: { usd: 4 }

  summary:
    role: documentation
    needs: [merge, tickets, deep_dive]
    if: always()
    on_error: continue
    prompt: "One-page summary. Results so far:\n${{ needs | results_table }}"

outputs: { report: "${{ needs.merge.output }}", page: "${{ needs.summary.output }}" }
)";

TestFiles audit_files(const std::string& main = kAudit) {
  return {{"flows/audit.yaml", main},
          {"flows/files.json", R"(["a.cpp", "b.cpp"])"},
          {"flows/prompts/security.md", "You audit ${{ inputs.repo }}."},
          {"flows/docs/ARCHITECTURE.md", "CI says ${{ secrets.X }}."},
          {"flows/schemas/findings.json", R"({"type":"object"})"},
          {"flows/schemas/report.json", R"({"type":"object"})"},
          {"flows/incident.workflow.yaml",
           "inputs: { findings: { required: true } }\n"
           "tasks: { look: { prompt: \"See ${{ inputs.findings | json }}\" } }\n"}};
}

TEST(Load, ReadsAWholeWorkflow) {
  const Loaded loaded = load("flows/audit.yaml", audit_files(), with_catalog());
  ASSERT_TRUE(loaded.ok()) << lines(loaded);
  const Workflow& flow = *loaded.workflow;
  EXPECT_EQ(flow.name, "nightly-repo-audit");
  EXPECT_EQ(flow.inputs[1].fallback.items().size(), 2U);
  EXPECT_EQ(flow.run.max_parallel, 400U);
  EXPECT_EQ(flow.run.window, Window::off_peak);
  EXPECT_EQ(flow.budget.usd->value, 25'000'000'000);
  EXPECT_EQ(flow.budget.warn_at, (std::vector<double>{0.5, 0.8}));
  ASSERT_EQ(flow.budget.per_role.size(), 1U);
  ASSERT_EQ(flow.tasks.size(), 6U);

  const Task& scan = flow.tasks[0];
  EXPECT_TRUE(scan.fans_out());
  EXPECT_EQ(scan.priority, 50);
  EXPECT_EQ(scan.settings->model.model, "deepseek-v4-pro");
  EXPECT_EQ(scan.settings->model.thinking, config::Thinking::high);
  EXPECT_EQ(scan.settings->model.fallback, std::vector<std::string>{"deepseek-flash"});
  EXPECT_EQ(scan.settings->model.max_tokens, 4000);
  // A role with a system prompt of its own stands in the place of the built-in one.
  EXPECT_FALSE(scan.settings->model.temperature.has_value());
  EXPECT_EQ(scan.settings->tools, (std::vector<std::string>{"repo.grep", "repo.read_file"}));
  EXPECT_EQ(flow.roles[scan.role].system.source(), "You audit ${{ inputs.repo }}.");
  EXPECT_FALSE(flow.roles[scan.role].built_in);

  const Task& merge = flow.tasks[1];
  EXPECT_EQ(merge.needs, std::vector<TaskIndex>{0});
  EXPECT_EQ(merge.settings->context_policy, ContextPolicy::map_reduce);
  EXPECT_EQ(merge.settings->model.model, "deepseek-flash");  // a built-in role only hints
  EXPECT_EQ(merge.settings->output->schema, R"({"type":"object"})");
  EXPECT_EQ(merge.settings->retry.max, 2min);
  EXPECT_FALSE(merge.settings->retry.retries(ErrorClass::timeout));

  EXPECT_EQ(flow.tasks[2].kind, TaskKind::approval);
  EXPECT_EQ(flow.tasks[2].extras->approval.timeout, 6h);
  EXPECT_EQ(flow.tasks[3].settings->side_effects, SideEffects::once);
  EXPECT_EQ(flow.tasks[4].kind, TaskKind::uses);
  EXPECT_EQ(flow.tasks[4].extras->uses->tasks.size(), 1U);
  EXPECT_EQ(flow.tasks[4].settings->budget->value, 4'000'000'000);
  EXPECT_EQ(flow.tasks[5].settings->on_error, OnError::proceed);
  EXPECT_EQ(flow.context[0].source(),
            "<file name=\"docs/ARCHITECTURE.md\">\nCI says ${{ secrets.X }}.\n</file>");
  EXPECT_EQ(flow.order, (std::vector<TaskIndex>{0, 1, 2, 4, 3, 5}));
  EXPECT_EQ(flow.height, (std::vector<std::uint32_t>{5, 4, 3, 2, 2, 1}));
  EXPECT_EQ(flow.files.size(), 7U);
  EXPECT_EQ(flow.hash.size(), 64U);
}

TEST(Load, ReadsTheSameFromTheFilesThatItKept) {
  const Loaded first = load("flows/audit.yaml", audit_files(), with_catalog());
  ASSERT_TRUE(first.ok());
  const auto kept = unpack(pack(first.workflow->files));
  ASSERT_TRUE(kept);
  const Loaded second = load("flows/audit.yaml", KeptFiles(*kept), with_catalog());
  ASSERT_TRUE(second.ok()) << lines(second);
  EXPECT_EQ(second.workflow->hash, first.workflow->hash);
}

TEST(Load, TakesJsonListsAndTheOtherNamesOfNeeds) {
  const Loaded loaded = load_text(R"({"name": "x", "tasks": [
    {"id": "a", "prompt": "one"},
    {"id": "b", "dependencies": ["a"], "prompt": "two ${{ needs.a.output }}"},
    {"id": "c", "depends_on": "b", "prompt": "three", "if": "needs.b.result == 'success'"}]})");
  ASSERT_TRUE(loaded.ok()) << lines(loaded);
  EXPECT_EQ(loaded.workflow->tasks[2].needs, std::vector<TaskIndex>{1});
}

TEST(Load, SaysAllThatIsWrongAtOnceAndWhere) {
  const Loaded loaded = load_text(R"(nmae: x
inputs:
  n: { type: int }
run: { deadline: "7 o'clock", max_parallel: 0 }
budget: { usd: -3, on_exceed: stopp }
defaults: { model: deepseek-falsh, timeout: { idle: 3 } }
tasks:
  a: { rol: documentation, prompt: hi }
  b: { role: documentatoin, needs: [a, zz], prompt: "x ${{ needs.c.output }} ${{ inputs.m }}" }
  c: { needs: b, prompt: "y ${{ nedes.b.output }}", route: nowhere, tools: [git.log, log] }
  d: { prompt: a, approval: b }
  e: { prompt: file:none.md, output: { schema: { type: 5 } } }
  9f: { prompt: x, window: night, item_key: "${{ item }}" }
  g: { prompt: "${{ item }}", for_each: text }
  h: { uses: other.yaml }
  a: { prompt: again }
)",
                                  with_catalog());
  EXPECT_FALSE(loaded.ok());
  const std::string all = lines(loaded);
  for (const char* line : {
           "w.yaml:1:1: nmae: unknown key. Did you mean name?",
           "w.yaml:3:14: inputs.n.type: \"int\" is not valid; expected any, string, number, "
           "integer, "
           "boolean, array or object.",
           "w.yaml:4:18: run.deadline: \"7 o'clock\" is not valid",
           "w.yaml:4:45: run.max_parallel: \"0\" is not valid; expected a whole number from 1 to "
           "100000.",
           "w.yaml:5:16: budget.usd: \"-3\" is not valid; expected an amount of USD",
           "w.yaml:5:31: budget.on_exceed: \"stopp\" is not valid; expected pause, stop or "
           "finish_running. Did you mean stop?",
           "w.yaml:6:20: defaults.model: deepseek-falsh: no model of the catalogue has this name. "
           "Did "
           "you mean deepseek-flash",
           "w.yaml:6:53: defaults.timeout.idle: \"3\" is not valid; expected a duration",
           "w.yaml:8:8: tasks.a.rol: unknown key. Did you mean role?",
           "w.yaml:9:14: tasks.b.role: documentatoin: no such role. Did you mean documentation?",
           "w.yaml:9:40: tasks.b.needs: zz: no such task.",
           "w.yaml:9:60: tasks.b.prompt: needs.c: c is not among the needs of this task; add it "
           "there",
           "w.yaml:9:82: tasks.b.prompt: inputs.m: the workflow has no such input. Did you mean n?",
           "w.yaml:10:33: tasks.c.prompt: nedes: unknown; expected inputs.NAME, needs.TASK.output",
           "w.yaml:10:60: tasks.c: nowhere: no route",
           "w.yaml:10:77: tasks.c: git.log: mcp_servers has no git.",
           "\"log\" is not valid; expected SERVER.TOOL",
           "w.yaml:11:3: tasks.d: expected one of prompt, approval and uses",
           "w.yaml:12:16: tasks.e.prompt: none.md: there is no such file",
           "tasks.e.output.schema: not a JSON Schema at /type",
           "w.yaml:13:3: tasks: \"9f\" is not an id; expected letters",
           "tasks.9f.window: \"night\" is not valid; expected any, off-peak or only-off-peak.",
           "tasks.9f.item_key: only means something beside for_each",
           "tasks.g.for_each: expected a list or one expression",
           "tasks.h.uses: other.yaml: there is no such file",
           "w.yaml:16:3: a: given twice, first in line 8; keep one",
       }) {
    EXPECT_TRUE(all.contains(line)) << line << "\n\n" << all;
  }
}

TEST(Load, NamesTheWholeCycle) {
  const std::string all =
      lines(load_text("tasks:\n"
                      "  a: { needs: c, prompt: x }\n"
                      "  b: { needs: a, prompt: x }\n"
                      "  c: { needs: [b], prompt: x }\n"
                      "  d: { needs: d, prompt: x }\n"
                      "  e: { needs: c, prompt: x }\n"));
  EXPECT_TRUE(all.contains("w.yaml:2:3: tasks.a: it needs itself in the end: a -> c -> b -> a."))
      << all;
  EXPECT_TRUE(all.contains("w.yaml:5:3: tasks.d: it needs itself in the end: d -> d.")) << all;
}

TEST(Load, FindsACycleThroughUses) {
  const TestFiles files{{"a.yaml", "tasks: { x: { uses: sub/b.yaml } }"},
                        {"sub/b.yaml", "tasks: { y: { uses: ../a.yaml } }"}};
  const std::string all = lines(load("a.yaml", files, {}));
  EXPECT_TRUE(
      all.contains("sub/b.yaml:1:21: tasks.y.uses: the workflow uses itself in the end: "
                   "a.yaml -> sub/b.yaml -> a.yaml"))
      << all;
}

TEST(Load, BoundsHowDeepWorkflowsUseOneAnother) {
  class Endless final : public FileSource {
    Result<std::string> read(const std::string& path) const override {
      return "tasks: { x: { uses: " + path + "x } }";
    }
  };
  const std::string all = lines(load("w", Endless{}, {}));
  EXPECT_TRUE(all.contains("more than 8 workflows inside of one another")) << all;
}

TEST(Load, ChecksWhatASubWorkflowIsGiven) {
  const TestFiles files{
      {"w.yaml",
       "tasks:\n"
       "  a: { uses: s.yaml, with: { nmae: x, n: text } }\n"
       "  b: { uses: s.yaml, with: { name: x } }\n"
       "  c: { needs: b, prompt: \"${{ needs.b.outputs.r }} ${{ needs.b.output.r }}\" }\n"},
      {"s.yaml",
       "inputs: { name: { type: string, required: true }, n: integer }\n"
       "tasks: { t: { prompt: hi } }\noutputs: { r: \"${{ needs.t.output }}\" }\n"}};
  const std::string all = lines(load("w.yaml", files, {}));
  EXPECT_TRUE(all.contains("nmae: the workflow has no such input. Did you mean name?")) << all;
  EXPECT_TRUE(all.contains("n is a text; expected a whole number")) << all;
  EXPECT_TRUE(all.contains("the workflow requires the input name")) << all;
  EXPECT_FALSE(all.contains("tasks.c")) << all;
}

TEST(Load, AsksForADefaultWhereATaskRunsAfterFailures) {
  const std::string all = lines(load_text(
      "tasks:\n"
      "  a: { prompt: x }\n"
      "  b: { needs: a, if: always(), prompt: \"${{ needs.a.output }}\" }\n"
      "  c: { needs: a, if: always(), prompt: \"${{ needs.a.output | default('none') }}\" }\n"
      "  d: { needs: a, if: failure(), prompt: \"${{ needs.a.result }}\" }\n"));
  EXPECT_TRUE(all.contains("w.yaml:3:45: tasks.b.prompt: needs.a.output may have no value")) << all;
  EXPECT_EQ(std::ranges::count(all, '\n'), 1) << all;
}

TEST(Load, TellsOneOutputFromMany) {
  const std::string all =
      lines(load_text("tasks:\n"
                      "  many: { for_each: [1, 2], prompt: \"${{ item }}\" }\n"
                      "  one: { prompt: x }\n"
                      "  c: { needs: [many, one], prompt: \"${{ needs.many.output }} ${{ "
                      "needs.one.outputs }}\" }\n"));
  EXPECT_TRUE(all.contains("many has one output for each item; expected needs.many.outputs"))
      << all;
  EXPECT_TRUE(all.contains("one has no for_each; expected needs.one.output")) << all;
}

TEST(Load, PlacesProblemsInBlocksAndInFiles) {
  const TestFiles files{{"w.yaml",
                         "tasks:\n"
                         "  a:\n"
                         "    prompt: |\n"
                         "      one\n"
                         "      two ${{ inputs.x }} and ${{ 1 +  }}\n"
                         "  b:\n"
                         "    prompt: file:p.md\n"},
                        {"p.md", "first\nsecond ${{ item }}\n"}};
  const std::string all = lines(load("w.yaml", files, {}));
  EXPECT_TRUE(all.contains("w.yaml:5:37: tasks.a.prompt: ")) << all;
  EXPECT_TRUE(all.contains("p.md:2:12: tasks.b.prompt: item only means something")) << all;
}

TEST(Load, AcceptsAChainOfTenThousand) {
  std::string text = "tasks:\n  t0: { prompt: x }\n";
  for (int i = 1; i < 10'000; ++i) {
    text += "  t" + std::to_string(i) + ": { needs: t" + std::to_string(i - 1) + ", prompt: x }\n";
  }
  const Loaded loaded = load_text(text);
  ASSERT_TRUE(loaded.ok()) << lines(loaded);
  EXPECT_EQ(loaded.workflow->height[0], 10'000U);

  text.replace(text.find("t0: {"), 5, "t0: { needs: t9999,");
  const std::string all = lines(load_text(text));
  EXPECT_TRUE(all.contains("t0 -> t9999 -> t9998")) << all.substr(0, 300);
}

TEST(Load, TakesFilesOf50MegabytesAndSaysHowManyBytesAreTooMany) {
  const std::string large(50'000'000, 'y');
  const Loaded loaded = load("w.yaml",
                             TestFiles{{"w.yaml",
                                        "context: [ { file: large.txt } ]\n"
                                        "tasks:\n  a: { prompt: 'file:large.txt' }\n"},
                                       {"large.txt", large}},
                             {});
  EXPECT_TRUE(loaded.ok()) << lines(loaded);
  EXPECT_TRUE(load_text("tasks: { a: { prompt: " + large + " } }\n").ok());

  const std::string larger = "tasks: { a: { prompt: " + std::string(kMaxFileBytes, 'y') + " } }\n";
  const ScratchDir dir;
  const std::string path = dir / "w.yaml";
  std::ofstream(path) << larger;
  EXPECT_EQ(lines(load(path, DiskFiles(), {})),
            path + ": " + std::to_string(larger.size()) + " bytes; expected at most 64 MiB\n");
}

TEST(Load, SharesTheSettingsOfTasksThatSayTheSame) {
  const Loaded loaded = load_text(
      "tasks:\n"
      "  a: { prompt: x }\n  b: { prompt: y }\n"
      "  c: { prompt: x, max_tokens: 5 }\n  d: { prompt: y, max_tokens: 5 }\n");
  ASSERT_TRUE(loaded.ok()) << lines(loaded);
  const auto& tasks = loaded.workflow->tasks;
  EXPECT_EQ(tasks[0].settings, tasks[1].settings);
  EXPECT_EQ(tasks[2].settings, tasks[3].settings);
  EXPECT_NE(tasks[0].settings, tasks[2].settings);
}

TEST(Load, KeepsTheNumberOfProblemsBounded) {
  std::string text = "tasks:\n";
  for (int i = 0; i < 1000; ++i) text += "  t" + std::to_string(i) + ": { promt: x }\n";
  const Loaded loaded = load_text(text);
  EXPECT_EQ(loaded.problems.size(), 201U);
  EXPECT_EQ(loaded.problems.back().message, "and 1800 more");
}

// Near names are only looked for while somebody will read them: this would take minutes.
TEST(Load, IsNotSlowBecauseMuchIsWrong) {
  std::string text = "tasks:\n";
  for (int i = 0; i < 50'000; ++i) {
    const std::string number = std::to_string(i);
    text += "  t" + number + ": { needs: u" + number + ", prompt: x, modle: y }\n";
  }
  EXPECT_EQ(load_text(text).problems.back().message, "and 99800 more");
}

TEST(Load, LetsARoleStandInThePlaceOfABuiltInOne) {
  const Loaded loaded = load_text(
      "roles:\n"
      "  security_auditor: { extends: security_auditor, temperature: 0.1, output: text }\n"
      "  documentation: { system: Short. }\n"
      "  x: { extends: y }\n"
      "tasks:\n"
      "  a: { role: security_auditor, prompt: x }\n"
      "  b: { role: documentation, prompt: x }\n");
  EXPECT_EQ(lines(loaded), "w.yaml:4:17: roles.x: y: no such role. Did you mean x?\n");
  const Loaded good = load_text(
      "roles:\n"
      "  security_auditor: { extends: security_auditor, temperature: 0.1, output: text }\n"
      "  documentation: { system: Short. }\n"
      "  devops: { max_tokens: 7 }\n"
      "tasks:\n"
      "  a: { role: security_auditor, prompt: x }\n"
      "  b: { role: documentation, prompt: x }\n"
      "  c: { role: devops, prompt: x }\n");
  ASSERT_TRUE(good.ok()) << lines(good);
  EXPECT_EQ(good.workflow->tasks[0].settings->model.temperature, 0.1);
  EXPECT_EQ(good.workflow->tasks[0].settings->output, nullptr);
  EXPECT_TRUE(good.workflow->roles[0].system.source().contains("trust boundary"));
  EXPECT_EQ(good.workflow->roles[1].system.source(), "Short.");
  EXPECT_FALSE(good.workflow->tasks[1].settings->model.temperature.has_value());
  EXPECT_FALSE(good.workflow->roles[2].system.empty());
  EXPECT_EQ(good.workflow->tasks[2].settings->model.max_tokens, 7);
}

TEST(Inputs, AreBoundCheckedAndFilledIn) {
  const Loaded loaded = load_text(
      "inputs: { a: { type: string, required: true }, n: { type: integer, default: 3 }, l: array "
      "}\n"
      "tasks: { t: { prompt: x } }");
  ASSERT_TRUE(loaded.ok()) << lines(loaded);
  const auto good = bind_inputs(*loaded.workflow, {{"a", Value("x")}});
  ASSERT_TRUE(good);
  EXPECT_EQ((*good)[1].value, Value(std::int64_t{3}));
  const auto bad = bind_inputs(*loaded.workflow, {{"b", Value("x")}, {"n", Value("x")}});
  ASSERT_FALSE(bad);
  EXPECT_TRUE(bad.error().message.contains("input b: the workflow has no such input"));
  EXPECT_TRUE(bad.error().message.contains("input a: missing; expected a text"));
  EXPECT_TRUE(bad.error().message.contains("input n: is a text; expected a whole number"));
  EXPECT_EQ(input_from_text(loaded.workflow->inputs[2], "[1, 2]")->items().size(), 2U);
  EXPECT_FALSE(input_from_text(loaded.workflow->inputs[1], "1.5"));
}

}  // namespace
}  // namespace tidegate::workflow
