#include "workflow/json_schema.h"

#include "json/writer.h"
#include "workflow/output_form.h"
#include "workflow/roles.h"
#include "workflow/workflow_reader.h"

namespace tidegate::workflow {
namespace {

// One member a line, so that a change of the format is a change of few lines.
class Schema {
 public:
  void begin(std::string_view name) {
    text_ += first_ ? "\n    " : ",\n    ";
    first_ = false;
    text_ += quoted(name) + ": ";
  }

  void object(const std::vector<const Form*>& forms, std::string_view indent) {
    const std::string inner = std::string(indent) + "  ";
    text_ +=
        "{\n" + inner + "\"type\": \"object\",\n" + inner + "\"additionalProperties\": false,\n";
    std::string required;
    for (const Form* form : forms) {
      if (form->required) required += (required.empty() ? "" : ", ") + quoted(form->name);
    }
    if (!required.empty()) text_ += inner + "\"required\": [" + required + "],\n";
    text_ += inner + "\"properties\": {";
    bool first = true;
    for (const Form* form : forms) {
      text_ += (first ? "\n" : ",\n") + inner + "  " + quoted(form->name) + ": " + member(*form);
      first = false;
    }
    text_ += "\n" + inner + "}\n" + std::string(indent) + "}";
  }

  std::string text_;

 private:
  static std::string quoted(std::string_view text) {
    std::string out;
    json::Writer(out).value(text);
    return out;
  }

  // The form's schema with its sentence in front.
  static std::string member(const Form& form) {
    std::string out = R"({"description": )" + quoted(form.sentence);
    if (form.schema.starts_with("{") && form.schema.size() > 2)
      out += ", " + form.schema.substr(1);
    else
      out += "}";
    return out;
  }

  bool first_ = true;
};

}  // namespace

std::string json_schema() {
  Schema schema;
  schema.text_ =
      "{\n"
      "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
      "  \"title\": \"Tidegate workflow\",\n"
      "  \"$ref\": \"#/$defs/workflow\",\n"
      "  \"$defs\": {";
  const auto define = [&](std::string_view name, const std::vector<const Form*>& all) {
    schema.begin(name);
    schema.object(all, "    ");
  };
  auto task = forms(task_keys());
  for (const Form* form : forms(settings_keys())) task.push_back(form);
  define("workflow", forms(workflow_keys()));
  define("input", forms(input_keys()));
  define("run", forms(run_keys()));
  define("budget", forms(budget_keys()));
  define("settings", forms(settings_keys()));
  define("route", forms(choice_keys()));
  define("mcp_server", forms(server_keys()));
  define("role", forms(role_keys()));
  define("task", task);
  define("approval", forms(approval_keys()));
  define("output", forms(output_keys()));
  define("retry", forms(retry_keys()));
  define("timeout", forms(timeout_keys()));
  define("limits", forms(guard_keys()));
  return schema.text_ + "\n  }\n}\n";
}

}  // namespace tidegate::workflow
