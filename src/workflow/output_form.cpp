#include "workflow/output_form.h"

#include <fmt/format.h>

namespace tidegate::workflow {
namespace {

using Index = Tree::Index;

// The file that the schema is in: { $ref: FILE } or "file:FILE"; empty: it stands here.
std::string_view file_of(FileReader& reader, Index at) {
  const TreeNode& node = reader.node(at);
  if (node.kind == NodeKind::scalar && node.text.starts_with("file:")) return node.text.substr(5);
  if (node.kind != NodeKind::map || node.size != 1) return {};
  const TreeNode& only = reader.node(at + 1);
  if (only.key != "$ref" || only.text.empty() || only.text.front() == '#') return {};
  return only.text;
}

}  // namespace

const Keys<OutputLayer>& output_keys() {
  using O = OutputLayer;
  static const Keys<O> keys{
      later_key<O>("schema", &O::schema,
                   R"({"anyOf":[{"type":"object"},{"type":"string","pattern":"^file:"}]})",
                   "A JSON Schema: in place, { $ref: FILE } or file:FILE.")
          .required(),
      integer_key<O>("repair", &O::repair, 0, 10,
                     "Times that the model is shown what is wrong with its answer."),
  };
  return keys;
}

std::shared_ptr<const OutputForm> read_output_form(FileReader& reader, Index at) {
  OutputLayer layer;
  read_keys(output_keys(), reader, at, layer);
  if (layer.schema == 0) return nullptr;
  const FileReader::Inside inside(reader, "schema");
  const std::string_view file = file_of(reader, layer.schema);
  std::string text;
  if (!file.empty()) {
    const auto content = reader.content(layer.schema, file);
    if (!content) return nullptr;
    const auto value = Value::parse(**content);
    if (!value) {
      reader.problem(layer.schema, fmt::format("{}: {}", file, value.error().message));
      return nullptr;
    }
    text = value->json();
  } else {
    if (!reader.expect(layer.schema, NodeKind::map)) return nullptr;
    text = reader.value(layer.schema).json();
  }
  auto& known = reader.library().schemas[fmt::format("{} {}", layer.repair, text)];
  if (known != nullptr) return known;
  auto compiled = schema::Schema::compile(text);
  if (!compiled) {
    const std::string& pointer = compiled.error().field;
    reader.problem(layer.schema,
                   fmt::format("not a JSON Schema{}{}: {}", pointer.empty() ? "" : " at ", pointer,
                               compiled.error().message));
    return nullptr;
  }
  for (const std::string& pointer : compiled->unchecked()) {
    reader.warning(layer.schema, fmt::format("{} is not checked", pointer));
  }
  auto form = std::make_shared<OutputForm>();
  form->schema = std::move(text);
  form->validator = std::make_shared<const schema::Schema>(std::move(*compiled));
  form->repair = layer.repair;
  known = std::move(form);
  return known;
}

}  // namespace tidegate::workflow
