#include "translation/summary.h"

#include <algorithm>
#include <limits>

#include "protocol/byte_classes.h"
#include "protocol/tool_names.h"

namespace tidegate::translation {
namespace {

using protocol::Conversation;
using protocol::count_bytes;

bool is_media(Part::Kind kind) {
  return kind == Part::Kind::image || kind == Part::Kind::document || kind == Part::Kind::audio;
}

void add_turn(const Request& request, const Turn& turn, Conversation& out) {
  std::string_view first, last;
  std::uint32_t calls = 0;
  for (const Part* part = request.begin(turn); part != request.end(turn); ++part) {
    count_bytes(part->text, out.text);
    if (is_media(part->kind)) ++out.images;
    add(out.media, media_of(*part));
    if (part->kind == Part::Kind::tool_call) {
      ++calls;
      count_bytes(part->name, out.text);
      count_bytes(part->arguments, out.text);
    }
    if (part->kind == Part::Kind::other) count_bytes(part->raw, out.text);
    if (part->kind != Part::Kind::text) continue;
    if (first.data() == nullptr) first = part->text;
    last = part->text;
  }
  switch (turn.role) {
    case Role::user:
      if (out.first_user_text.data() == nullptr) out.first_user_text = first;
      out.last_user_text = last;
      break;
    case Role::assistant:
      out.recent_tool_calls[out.assistant_steps++ % out.recent_tool_calls.size()] =
          static_cast<std::uint16_t>(
              std::min<std::uint32_t>(calls, std::numeric_limits<std::uint16_t>::max()));
      break;
    case Role::system:
    case Role::developer:
      if (out.system_text.data() == nullptr) out.system_text = first;
      break;
    case Role::tool:
      break;
  }
}

}  // namespace

Conversation summarize(const Request& request) {
  Conversation out;
  out.body = request.body;
  out.members_begin = request.members_begin;
  out.model_value = request.model_value;
  out.model = request.model;
  out.stream = request.stream;
  out.stream_value = request.stream_value;
  out.max_tokens = request.max_tokens;
  out.max_tokens_value = request.max_tokens_value;
  out.max_tokens_name = protocol::max_tokens_name(request.surface);
  out.thinking = request.thinking.toggle;
  out.effort = request.thinking.effort;
  out.has_thinking_field = request.thinking.toggle != Toggle::unset;
  out.has_effort_field = request.thinking.effort != Effort::unset;
  out.messages = static_cast<std::uint32_t>(request.turns.size());
  for (const Turn& turn : request.turns) add_turn(request, turn, out);
  out.tools = static_cast<std::uint32_t>(request.tools.size());
  for (const Tool& tool : request.tools) {
    out.edit_tools = out.edit_tools || protocol::edits_files(tool.name);
    out.shell_tools = out.shell_tools || protocol::runs_commands(tool.name);
    count_bytes(tool.raw, out.text);
  }
  out.fingerprint = protocol::fingerprint(out.system_text, out.first_user_text);
  return out;
}

}  // namespace tidegate::translation
