#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "json/escape.h"
#include "translation/responses_fields.h"
#include "translation/responses_members.h"
#include "translation/responses_request.h"

namespace tidegate::translation {
namespace {

// Calls `member(key, raw_key, value)` for the members of a body that was read before.
template <class OnMember>
void each_member(std::string_view body, OnMember&& member) {
  json::Reader reader = reader_of(body);
  Fields fields(reader, body);
  const bool read = reader.object([&](std::string_view key) {
    const std::uint32_t begin = reader.offset();
    if (!reader.skip()) return false;
    const std::string_view value = fields.since(begin);
    if (key.find('\\') == std::string_view::npos) {
      member(key, key, value);
    } else {
      member(json::unescape(key).value_or(std::string(key)), key, value);
    }
    return true;
  });
  static_cast<void>(read);  // what was malformed there was refused before
}

// The elements of an input value: of a list what stands in its brackets.
void append_elements(std::string_view input, std::string& out) {
  if (input.starts_with('"')) {
    out.append(R"({"type":"message","role":"user","content":)").append(input).append("}");
    return;
  }
  if (!input.starts_with('[')) return;
  input = input.substr(1, input.size() - 2);
  while (!input.empty() && static_cast<unsigned char>(input.front()) <= ' ') input.remove_prefix(1);
  while (!input.empty() && static_cast<unsigned char>(input.back()) <= ' ') input.remove_suffix(1);
  out += input;
}

// OpenAI refuses what misses here in its own words; to others it would go as nonsense. An id may
// come again once its call has its output, so the last that has it must be an output.
Result<void> check_answered(const Request& request) {
  std::vector<const Part*> uses;
  for (const Part& part : request.parts) {
    if (part.kind == Part::Kind::tool_call || part.kind == Part::Kind::tool_result) {
      uses.push_back(&part);
    }
  }
  std::ranges::stable_sort(uses, {}, &Part::id);
  const Part* open = nullptr;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const bool last = i + 1 == uses.size() || uses[i + 1]->id != uses[i]->id;
    if (!last || uses[i]->kind != Part::Kind::tool_call) continue;
    if (open == nullptr || uses[i] < open) open = uses[i];
  }
  if (open == nullptr) return {};
  const std::string where = path(request.surface, open->place);
  return fail(ErrorCode::invalid,
              fmt::format("{}: the call {} has no output, send one for it", where, open->id),
              where);
}

}  // namespace

Result<void> check_self_contained(const Request& request) {
  const auto refuse = [](std::string_view what, std::string field) -> Result<void> {
    return fail(ErrorCode::invalid,
                fmt::format("{}: {} is kept by one provider only, and this request goes to another",
                            field, what),
                field);
  };
  if (request.surface != Surface::responses) return {};
  for (const Part& part : request.parts) {
    if (part.kind == Part::Kind::other && part.name == "item_reference") {
      return refuse("the item; send it whole", path(request.surface, part.place));
    }
  }
  for (const Member& member : request.others) {
    if (member.name == "conversation") return refuse("the conversation", "conversation");
    if (member.name == "prompt") return refuse("the prompt", "prompt");
  }
  return check_answered(request);
}

std::string splice_previous(std::string_view body, const Request& request, std::string_view items) {
  std::string out;
  out.reserve(body.size() + items.size() + 64);
  Members members(out);
  std::string own = input_items(request);
  members.key("input") += '[';
  out += items;
  if (!items.empty() && !own.empty()) out += ',';
  out.append(own).append("]");
  each_member(body, [&](std::string_view key, std::string_view raw, std::string_view value) {
    if (key != "input" && key != "previous_response_id") members.value(raw, value);
  });
  members.end();
  return out;
}

std::string input_items(const Request& request) {
  std::string items;
  each_member(request.body, [&](std::string_view key, std::string_view, std::string_view value) {
    if (key == "input") append_elements(value, items);
  });
  return items;
}

}  // namespace tidegate::translation
