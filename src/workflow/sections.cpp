// The tables of a workflow's keys but for settings, which settings.cpp has.
#include "workflow/workflow_reader.h"

namespace tidegate::workflow {
namespace {

using Index = Tree::Index;

std::string reference(std::string_view definition) {
  return R"({"$ref":"#/$defs/)" + std::string(definition) + "\"}";
}
std::string map_of(std::string_view definition) {
  return R"({"type":"object","additionalProperties":)" + reference(definition) + "}";
}

const std::vector<std::pair<std::string_view, InputType>> kTypes{
    {"any", InputType::any},         {"string", InputType::string},   {"number", InputType::number},
    {"integer", InputType::integer}, {"boolean", InputType::boolean}, {"array", InputType::array},
    {"object", InputType::object}};

void read_from(Input& input, FileReader& reader, Index at) {
  const auto name = reader.text(at, "a file");
  if (!name) return;
  const auto text = reader.content(at, *name);
  if (!text) return;
  if (input.type == InputType::string) {
    input.fallback = Value(**text);
    return;
  }
  auto value = Value::parse(**text);
  if (!value) return reader.problem(at, value.error().message);
  input.fallback = std::move(*value);
}

void read_warnings(Budget& budget, FileReader& reader, Index at) {
  const auto add = [&](Index item) {
    const auto share = reader.number(item, 0.01, 1);
    if (!share) return;
    if (!budget.warn_at.empty() && *share <= budget.warn_at.back()) {
      return reader.problem(item, "not above the share before it; expected ascending shares");
    }
    budget.warn_at.push_back(*share);
  };
  if (reader.node(at).kind == NodeKind::list) {
    reader.tree().each(at, add);
  } else {
    add(at);
  }
}

}  // namespace

const Keys<Sections>& workflow_keys() {
  using S = Sections;
  static const Keys<S> keys{
      later_key<S>("version", &S::version, R"({"const":1})", "Of this format: 1."),
      later_key<S>("name", &S::name, kTextSchema, "The name of its runs in reports."),
      later_key<S>("description", &S::description, kTextSchema, "What it does."),
      later_key<S>(
          "inputs", &S::inputs,
          R"({"type":"object","additionalProperties":{"anyOf":[{"type":["string","null"]},)" +
              reference("input") + "]}}",
          "What a run is given."),
      later_key<S>("run", &S::run, reference("run"), "How a run goes."),
      later_key<S>("budget", &S::budget, reference("budget"), "What a run may cost."),
      later_key<S>("defaults", &S::defaults, reference("settings"), "Settings of all tasks."),
      later_key<S>("routes", &S::routes, map_of("route"), "Models by what they are for."),
      later_key<S>("mcp_servers", &S::mcp_servers, map_of("mcp_server"), "Servers of tools."),
      later_key<S>("roles", &S::roles, map_of("role"),
                   "Roles beside the built-in ones, or in their place."),
      later_key<S>("context", &S::context,
                   R"({"type":"array","items":{"anyOf":[{"type":"string"},{"type":"object",)"
                   R"("properties":{"file":{"type":"string"},"text":{"type":"string"}},)"
                   R"("additionalProperties":false,"minProperties":1,"maxProperties":1}]}})",
                   "What all tasks are told, behind their role: files and texts."),
      later_key<S>("tasks", &S::tasks,
                   R"({"anyOf":[)" + map_of("task") + R"(,{"type":"array","items":)" +
                       reference("task") + "}]}",
                   "The tasks, by id or as a list.")
          .required(),
      later_key<S>("outputs", &S::outputs, R"({"type":"object","additionalProperties":true})",
                   "What a run gives, by name."),
  };
  return keys;
}

const Keys<TaskEntry>& task_keys() {
  using T = TaskEntry;
  constexpr const char* kNeeds = "Tasks that must have ended before it begins.";
  static const Keys<T> keys{
      later_key<T>("id", &T::id, kTextSchema, "Its name, where tasks are a list."),
      later_key<T>("description", &T::description, kTextSchema, "What it does, for readers."),
      later_key<T>("role", &T::role, kTextSchema, "A built-in role or one of this file."),
      later_key<T>("priority", &T::priority, integer_schema(-1'000'000, 1'000'000),
                   "Higher runs first, unless run.priority_order says otherwise."),
      later_key<T>("needs", &T::needs, kTextsSchema, kNeeds),
      later_key<T>("dependencies", &T::needs, kTextsSchema, "The same as needs."),
      later_key<T>("depends_on", &T::needs, kTextsSchema, "The same as needs."),
      later_key<T>("context", &T::context, kTextsSchema,
                   "Needs whose outputs stand before the prompt."),
      later_key<T>("if", &T::condition, R"({"type":["string","boolean"]})",
                   "Whether it runs; without it: if all needs ended well."),
      later_key<T>("for_each", &T::for_each, R"({"anyOf":[{"type":"string"},{"type":"array"}]})",
                   "A list; the task runs once for each item."),
      later_key<T>("item_key", &T::item_key, kTextSchema,
                   "What an item is known by in later runs; without it the item itself."),
      later_key<T>("max_parallel", &T::max_parallel, integer_schema(1, 100'000),
                   "Items at the same time."),
      later_key<T>("prompt", &T::prompt, kTextSchema, "What the model is asked, or file:PATH."),
      later_key<T>("approval", &T::approval,
                   R"({"anyOf":[{"type":"string"},)" + reference("approval") + "]}",
                   "A question to a person."),
      later_key<T>("uses", &T::uses, kTextSchema,
                   "The file of a workflow that is run in its place."),
      later_key<T>("with", &T::with, R"({"type":"object"})", "Inputs of that workflow."),
  };
  return keys;
}

bool is_needs_alias(std::string_view key) {
  return key == "needs" || key == "dependencies" || key == "depends_on";
}

const Keys<Approval>& approval_keys() {
  using A = Approval;
  static const Keys<A> keys{
      template_key<A>("message", &A::message, "The question.").required(),
      duration_key<A>("timeout", &A::timeout, 1s, 90 * 24h,
                      "How long it waits; without it for ever."),
      word_key<A>(
          "default", &A::approve_by_default,
          std::vector<std::pair<std::string_view, bool>>{{"approve", true}, {"reject", false}},
          "The answer when the time is over."),
  };
  return keys;
}

const Keys<Input>& input_keys() {
  using I = Input;
  static const Keys<I> keys{
      word_key<I>("type", &I::type, kTypes, "What it must be."),
      word_key<I>("items", &I::items, kTypes, "What an array's items must be."),
      text_key<I>("description", &I::description, "What it is."),
      boolean_key<I>("required", &I::required, "Whether a run cannot do without."),
      boolean_key<I>("secret", &I::secret, "Whether journal and reports leave it out."),
      {{"default", "Its value where a run is given none.", kAnySchema},
       [](I& input, FileReader& reader, Index at) { input.fallback = reader.value(at); }},
      {{"from", "A JSON file with its value (a text file, for a string).", kTextSchema}, read_from},
  };
  return keys;
}

const Keys<RunSettings>& run_keys() {
  using R = RunSettings;
  static const Keys<R> keys{
      {{"deadline", "\"07:30 Europe/Berlin\", 2026-12-01T07:30:00Z or 6h after the start.",
        kTextSchema},
       [](R& run, FileReader& reader, Index at) {
         const auto text = reader.text(at, "a deadline");
         if (!text) return;
         auto deadline = Deadline::parse(*text);
         if (!deadline) return reader.problem(at, deadline.error().message);
         run.deadline = std::move(*deadline);
       }},
      word_key<R>("window", &R::window, kWindows,
                  "When requests may be sent, by the price calendar of their model."),
      integer_key<R>("max_parallel", &R::max_parallel, 1, 100'000, "Requests at the same time."),
      boolean_key<R>("fail_fast", &R::fail_fast, "Whether the first failure cancels the run."),
      word_key<R>("priority_order", &R::priority_order,
                  std::vector<std::pair<std::string_view, PriorityOrder>>{
                      {"higher_first", PriorityOrder::higher_first},
                      {"lower_first", PriorityOrder::lower_first}},
                  "Which priority runs first."),
      template_key<R>("idempotency_key", &R::idempotency_key,
                      "A second run with the same key is the first one."),
      boolean_key<R>("prime", &R::prime,
                     "Whether one item of a fan-out goes first and warms the prompt cache."),
  };
  return keys;
}

const Keys<BudgetEntry>& budget_keys() {
  using B = BudgetEntry;
  static const Keys<B> keys = [] {
    const Keys<Budget> own{
        {{"usd", "USD.", R"({"type":"number","minimum":0})"},
         [](Budget& budget, FileReader& reader, Index at) { budget.usd = reader.usd(at); }},
        word_key<Budget>("on_exceed", &Budget::on_exceed,
                         std::vector<std::pair<std::string_view, OnExceed>>{
                             {"pause", OnExceed::pause},
                             {"stop", OnExceed::stop},
                             {"finish_running", OnExceed::finish_running}},
                         "What happens when the next request does not fit."),
        {{"warn_at", "Shares of it at which the run says so.",
          R"({"type":"array","items":{"type":"number","minimum":0.01,"maximum":1}})"},
         read_warnings},
    };
    Keys<B> all;
    for (const auto& key : own) all.push_back(within(&B::budget, key));
    all.push_back(later_key<B>("per_role", &B::per_role,
                               R"({"type":"object","additionalProperties":{"anyOf":[)"
                               R"({"type":"number"},{"type":"object","properties":{"usd":)"
                               R"({"type":"number"}},"additionalProperties":false}]}})",
                               "USD for all tasks of a role."));
    return all;
  }();
  return keys;
}

const Keys<ServerEntry>& server_keys() {
  using S = ServerEntry;
  static const Keys<S> keys{
      {{"command", "A program that speaks MCP on its standard input, and its arguments.",
        kTextsSchema},
       [](S& entry, FileReader& reader, Index at) {
         if (reader.node(at).kind == NodeKind::list) {
           reader.tree().each(at, [&](Index item) {
             if (auto part = reader.text_template(item)) {
               entry.server.command.push_back(std::move(*part));
             }
           });
         } else if (auto part = reader.text_template(at)) {
           entry.server.command.push_back(std::move(*part));
         }
       }},
      {{"url", "Where it is reached by HTTP.", R"({"type":"string","pattern":"^https?://"})"},
       [](S& entry, FileReader& reader, Index at) {
         const auto text = reader.text(at, "a URL");
         if (!text) return;
         if (!text->starts_with("http://") && !text->starts_with("https://")) {
           return reader.invalid(at, "a URL, e.g. https://mcp.example.com/mcp");
         }
         entry.server.url = *text;
       }},
      {{"auth", "The environment variable that holds its token.",
        R"({"type":"object","properties":{"env":{"type":"string"}},"required":["env"],)"
        R"("additionalProperties":false})"},
       [](S& entry, FileReader& reader, Index at) {
         static const Keys<McpServer> auth{
             text_key<McpServer>("env", &McpServer::auth_env, "A variable.").required()};
         read_keys(auth, reader, at, entry.server);
       }},
      later_key<S>("env", &S::env, R"({"type":"object","additionalProperties":{"type":"string"}})",
                   "Environment of the program: its variables and ours that they come from."),
      {{"timeout", "Of one call.", kDurationSchema},
       [](S& entry, FileReader& reader, Index at) {
         if (const auto time = reader.duration(at, 1s, 24h)) entry.server.timeout = *time;
       }},
  };
  return keys;
}

}  // namespace tidegate::workflow
