#include "translation/responses_input.h"

#include <fmt/format.h>

#include <algorithm>

#include "translation/cargo.h"
#include "translation/responses_content.h"

namespace tidegate::translation {
namespace {

using json::Kind;

struct Item {
  std::string_view type, role, id, call_id, name, arguments, input, encrypted_content;
  std::string_view content, output, summary;  // JSON values
  std::string_view raw;
};

class InputReader {
 public:
  InputReader(Fields& fields, Request& out) : fields_(fields), out_(out) {}

  bool list() {
    place_.item = 0;
    return fields_.json.array([&] {
      if (!item()) return false;
      ++place_.item;
      return true;
    });
  }

  bool string() {
    std::string_view text;
    if (!fields_.json.string(text)) return false;
    add_text(text);
    add_turn(Role::user, out_.parts.size() - 1);
    return true;
  }

 private:
  auto at(std::string_view member) {
    return [this, member] { return fmt::format("input[{}]{}", place_.item, member); };
  }

  bool missing(std::string_view member) {
    const std::string path = at(member)();
    return fields_.refuse(fmt::format("{} is missing", path), path);
  }

  bool item() {
    if (fields_.json.kind() != Kind::object) return fields_.refuse_type(at(""), "an object");
    const std::uint32_t begin = fields_.json.offset();
    Item item;
    if (!fields_.json.object([&](std::string_view key) { return member(key, item); })) return false;
    item.raw = fields_.since(begin);
    if (item.type.empty()) {
      if (item.role.empty()) return missing(".type");
      return message(item);
    }
    if (item.type == "message") return message(item);
    if (item.type == "reasoning") return reasoning(item);
    if (item.type == "function_call") return call(item, false);
    if (item.type == "custom_tool_call") return call(item, true);
    if (item.type == "function_call_output") return output(item, false);
    if (item.type == "custom_tool_call_output") return output(item, true);
    return other(item);
  }

  // What a member means depends on the item's type, which may come after it: so types are checked
  // only where they are the same for all.
  bool member(std::string_view key, Item& item) {
    const auto text = [&](std::string_view& into, std::string_view name) {
      return fields_.text(into, at(name));
    };
    if (key == "type") return text(item.type, ".type");
    if (key == "role") return text(item.role, ".role");
    if (key == "content") return fields_.value(item.content);
    if (key == "output") return fields_.value(item.output);
    if (key == "summary") return fields_.value(item.summary);
    if (key == "call_id") return text(item.call_id, ".call_id");
    if (fields_.json.kind() != Kind::string) return fields_.json.skip();
    if (key == "id") return fields_.json.string(item.id);
    if (key == "name") return fields_.json.string(item.name);
    if (key == "arguments") return fields_.json.string(item.arguments);
    if (key == "input") return fields_.json.string(item.input);
    if (key == "encrypted_content") return fields_.json.string(item.encrypted_content);
    return fields_.json.skip();
  }

  bool message(const Item& item) {
    if (item.role.empty()) return missing(".role");
    if (item.content.empty()) return missing(".content");
    const std::size_t first = out_.parts.size();
    if (!content(item.content, "content", false)) return false;
    if (item.role == "assistant") return add_to_assistant(first);
    if (item.role == "user") return add_turn(Role::user, first);
    if (item.role == "system") return add_turn(Role::system, first);
    if (item.role == "developer") return add_turn(Role::developer, first);
    return fields_.refuse(
        fmt::format("input[{}].role must be user, assistant, system or developer", place_.item),
        at(".role")());
  }

  bool content(std::string_view json, std::string_view list, bool in_result) {
    json::Reader reader = reader_of(json);
    Fields inner(reader, json);
    return read_content(inner, out_, place_, list, in_result) || fields_.refuse(inner.error());
  }

  // An item without anything in it names what the provider keeps, and says nothing to others.
  bool reasoning(const Item& item) {
    std::string_view summary, text;
    if (!texts(item.summary, "summary", summary) || !texts(item.content, "content", text)) {
      return false;
    }
    Part part;
    part.kind = Part::Kind::reasoning;
    part.place = place_;
    part.id = item.id;
    part.text = text.empty() ? summary : text;
    if (auto cargo = unwrap(item.encrypted_content)) {
      part.seal = cargo->seal;
      part.proof = out_.keep(std::move(cargo->proof));
      part.maker = out_.keep(std::move(cargo->maker));
      part.id = out_.keep(std::move(cargo->id));
      part.text = out_.keep(std::move(cargo->text));
    } else if (!item.encrypted_content.empty() &&
               !item.encrypted_content.starts_with(kEnvelopeMark)) {
      part.seal = Seal::openai_encrypted;
      part.proof = item.encrypted_content;
      part.text = summary;
    }
    if (part.text.empty() && part.proof.empty()) {
      out_.dropped.add("a reasoning item without content dropped");
      return true;
    }
    out_.parts.push_back(part);
    return add_to_assistant(out_.parts.size() - 1);
  }

  // The texts of a reasoning item's list, paragraphs of one text.
  bool texts(std::string_view json, std::string_view list, std::string_view& out) {
    if (json.empty()) return true;
    json::Reader reader = reader_of(json);
    Fields inner(reader, json);
    std::string joined;
    std::uint32_t element = 0;
    const auto where = [&] { return fmt::format("input[{}].{}[{}]", place_.item, list, element); };
    const auto add = [&] {
      std::string_view text;
      if (reader.kind() != Kind::object) return inner.refuse_type(where, "an object");
      const bool good = reader.object([&](std::string_view key) {
        if (key != "text") return reader.skip();
        return inner.text(text, [&] { return where() + ".text"; });
      });
      if (!good) return false;
      if (element++ == 0) {
        out = text;
      } else {
        if (joined.empty()) joined = out;
        joined.append("\\n\\n").append(text);
      }
      return true;
    };
    const bool good =
        reader.kind() == Kind::array
            ? reader.array(add)
            : inner.refuse_type([&] { return fmt::format("input[{}].{}", place_.item, list); },
                                "an array");
    if (!good) return fields_.refuse(inner.error());
    if (!joined.empty()) out = out_.keep(std::move(joined));
    return true;
  }

  bool call(const Item& item, bool custom) {
    if (item.call_id.empty()) return missing(".call_id");
    if (item.name.empty()) return missing(".name");
    const std::string_view arguments = custom ? item.input : item.arguments;
    if (arguments.data() == nullptr) {
      const std::string path = at(custom ? ".input" : ".arguments")();
      return fields_.refuse(fmt::format("{} must be a string", path), path);
    }
    Part& part = out_.parts.emplace_back();
    part.kind = Part::Kind::tool_call;
    part.place = place_;
    part.id = item.call_id;
    part.name = item.name;
    part.arguments = arguments;
    part.arguments_escaped = true;
    part.custom = custom;
    return add_to_assistant(out_.parts.size() - 1);
  }

  bool output(const Item& item, bool custom) {
    if (item.call_id.empty()) return missing(".call_id");
    if (item.output.empty()) return missing(".output");
    const std::size_t first = out_.parts.size();
    Part& part = out_.parts.emplace_back();
    part.kind = Part::Kind::tool_result;
    part.place = place_;
    part.id = item.call_id;
    part.custom = custom;
    return content(item.output, "output", true) && add_turn(Role::tool, first);
  }

  // Calls of tools that the provider runs, references to what it keeps, and what we do not know.
  bool other(const Item& item) {
    Part& part = out_.parts.emplace_back();
    part.kind = Part::Kind::other;
    part.place = place_;
    part.name = item.type;
    part.id = item.type == "item_reference" ? item.id : item.call_id;
    part.raw = item.raw;
    const bool of_user = item.type.ends_with("_output") || item.type.ends_with("_response");
    const std::size_t first = out_.parts.size() - 1;
    return of_user ? add_turn(Role::user, first) : add_to_assistant(first);
  }

  void add_text(std::string_view text) {
    Part& part = out_.parts.emplace_back();
    part.text = text;
    part.place = place_;
  }

  // All parts from `first` on.
  bool add_turn(Role role, std::size_t first) {
    Turn& turn = out_.turns.emplace_back();
    turn.role = role;
    turn.first = static_cast<std::uint32_t>(first);
    turn.parts = static_cast<std::uint32_t>(out_.parts.size() - first);
    turn.place = place_;
    return true;
  }

  bool add_to_assistant(std::size_t first) {
    if (out_.turns.empty() || out_.turns.back().role != Role::assistant) {
      return add_turn(Role::assistant, first);
    }
    out_.turns.back().parts += static_cast<std::uint32_t>(out_.parts.size() - first);
    return true;
  }

  Fields& fields_;
  Request& out_;
  Place place_;
};

}  // namespace

bool read_instructions(Fields& fields, Request& out) {
  const auto where = [] { return std::string("instructions"); };
  if (fields.json.kind() == Kind::null) return fields.json.skip();
  if (fields.json.kind() != Kind::string) return fields.refuse_type(where, "a string");
  Part part;
  if (!fields.json.string(part.text)) return false;
  for (Turn& turn : out.turns) ++turn.first;
  out.parts.insert(out.parts.begin(), part);
  Turn turn;
  turn.role = Role::system;
  turn.parts = 1;
  out.turns.insert(out.turns.begin(), turn);
  return true;
}

bool read_input(Fields& fields, Request& out) {
  InputReader reader(fields, out);
  if (fields.json.kind() == Kind::string) return reader.string();
  if (fields.json.kind() == Kind::array) return reader.list();
  return fields.refuse_type([] { return std::string("input"); }, "a string or an array of items");
}

Result<void> check_calls(const Request& request) {
  struct Use {
    std::string_view id;
    std::uint32_t item;
    bool result;
  };
  std::vector<Use> uses;
  for (const Part& part : request.parts) {
    const bool result = part.kind == Part::Kind::tool_result;
    if (result || part.kind == Part::Kind::tool_call) {
      uses.push_back({part.id, part.place.item, result});
    }
  }
  std::ranges::sort(uses, [](const Use& a, const Use& b) {
    return a.id != b.id ? a.id < b.id : a.item < b.item;
  });
  const auto refuse = [](const Use& use, std::string_view what) -> Result<void> {
    const std::string path = fmt::format("input[{}].call_id", use.item);
    return fail(ErrorCode::invalid, fmt::format("{} \"{}\" {}", path, use.id.substr(0, 64), what),
                path);
  };
  bool open = false;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const bool known = i > 0 && uses[i - 1].id == uses[i].id;
    open = open && known;
    if (!uses[i].result && open) return refuse(uses[i], "is the id of another call, too");
    if (uses[i].result && !known) return refuse(uses[i], "names no call that came before");
    if (uses[i].result && !open) return refuse(uses[i], "names a call that has its output already");
    open = !uses[i].result;
  }
  return {};
}

}  // namespace tidegate::translation
