#include "translation/messages_turns.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "translation/messages_block.h"

namespace tidegate::translation::messages {
namespace {

using json::Kind;

std::string where(const Place& place) { return path(Surface::messages, place); }

}  // namespace

bool TurnReader::read_messages() {
  return walk_.array({}, "messages", [this] {
    if (!message()) return false;
    ++item_;
    return true;
  });
}

bool TurnReader::read_system() {
  system_first_ = static_cast<std::uint32_t>(request_.parts.size());
  if (walk_.kind() == Kind::null) return walk_.reader().skip();
  if (walk_.kind() == Kind::string) {
    Part part;
    if (!walk_.reader().string(part.text)) return false;
    if (!part.text.empty()) request_.parts.push_back(part);
  } else {
    Where at{.list = "system", .item = 0};
    const bool good = walk_.array({}, "system", [&] {
      Block block;
      if (!read_block(walk_, at, block)) return false;
      if (block.type != "text") return walk_.refuse(at, "type", "must be \"text\"");
      if (!add_block(walk_, at, block, request_)) return false;
      request_.parts.back().place = {Place::kNone, at.item};
      ++at.item;
      return true;
    });
    if (!good) return false;
  }
  system_parts_ = static_cast<std::uint32_t>(request_.parts.size()) - system_first_;
  has_system_ = system_parts_ != 0;
  return true;
}

bool TurnReader::message() {
  const Where at{.list = "messages", .item = item_};
  const auto first = static_cast<std::uint32_t>(request_.parts.size());
  std::string_view role;
  bool has_content = false, is_empty = false;
  const bool good = walk_.object(at, {}, [&](std::string_view key) {
    if (key == "role") return walk_.string(at, key, role);
    if (key != "content") return walk_.reader().skip();
    if (has_content) return walk_.refuse(at, key, "is given twice, send it once");
    has_content = true;
    return content(at, is_empty);
  });
  if (!good) return false;
  if (role.data() == nullptr) return walk_.refuse(at, "role", "is missing");
  const bool is_assistant = role == "assistant";
  if (!is_assistant && role != "user") {
    return walk_.refuse(at, "role",
                        role == "system"
                            ? "must be user or assistant: send the system prompt as the "
                              "top-level member system"
                            : "must be user or assistant");
  }
  if (!has_content) return walk_.refuse(at, "content", "is missing");
  // The last message may be the empty start of an answer.
  if (empty_ != Place::kNone || (is_empty && !is_assistant)) {
    const std::uint32_t item = empty_ != Place::kNone ? empty_ : item_;
    return walk_.refuse({.list = "messages", .item = item}, "content", "must not be empty");
  }
  if (is_empty) empty_ = item_;
  return is_assistant ? assistant(first) : user(first);
}

bool TurnReader::content(const Where& at, bool& is_empty) {
  const std::size_t before = request_.parts.size();
  if (walk_.kind() == Kind::string) {
    Part part;
    part.place.item = item_;
    if (!walk_.reader().string(part.text)) return false;
    if (!part.text.empty()) request_.parts.push_back(part);
  } else if (walk_.kind() == Kind::array) {
    Where block_at = at;
    block_at.element = 0;
    const bool good = walk_.reader().array([&] {
      Block block;
      if (!read_block(walk_, block_at, block) || !add_block(walk_, block_at, block, request_)) {
        return false;
      }
      ++block_at.element;
      return true;
    });
    if (!good) return false;
  } else {
    return walk_.wrong_type(at, "content", "a string or an array of blocks");
  }
  is_empty = request_.parts.size() == before;
  return true;
}

bool TurnReader::misplaced(const Part& part, std::string_view what) {
  const std::string path = where(part.place);
  return walk_.fault({ErrorCode::invalid, fmt::format("{} {}", path, what), path});
}

bool TurnReader::assistant(std::uint32_t first) {
  if (!in_assistant_) {  // messages of one speaker in a row count as one
    if (!all_answered()) return false;
    open_.clear();
  }
  in_assistant_ = true;
  attach_seals(first);
  for (std::uint32_t i = first; i < request_.parts.size(); ++i) {
    const Part& part = request_.parts[i];
    if (part.kind == Part::Kind::tool_result) {
      return misplaced(part, "is a tool_result, which only a user message may hold");
    }
    if (part.kind != Part::Kind::tool_call) continue;
    open_.push_back({part.id, part.place, false});
    ids_.emplace_back(hash_bytes(part.id), i);
  }
  add_turn(Role::assistant, first, request_.parts.size(), Place::kNone);
  return true;
}

// Gemini's signature of a tool call travels in a block of its own, as tool_use has no room for it.
void TurnReader::attach_seals(std::uint32_t first) {
  scratch_.clear();
  auto& parts = request_.parts;
  const auto is_seal = [](const Part& part) {
    return part.kind == Part::Kind::reasoning && part.seal == Seal::gemini_signature;
  };
  const auto begin = parts.begin() + first;
  if (std::none_of(begin, parts.end(), is_seal)) return;
  std::copy_if(begin, parts.end(), std::back_inserter(scratch_), is_seal);
  parts.erase(std::remove_if(begin, parts.end(), is_seal), parts.end());
  for (const Part& seal : scratch_) {
    for (auto part = parts.begin() + first; part != parts.end(); ++part) {
      if (part->kind != Part::Kind::tool_call || part->id != seal.id) continue;
      part->seal = seal.seal;
      part->proof = seal.proof;
      part->maker = seal.maker;
    }
  }
}

// Results become turns of their own, in front of what else the message says.
bool TurnReader::user(std::uint32_t first) {
  in_assistant_ = false;
  auto& parts = request_.parts;
  std::size_t results = 0;
  for (std::size_t i = first; i < parts.size(); ++i) {
    const Part& part = parts[i];
    if (part.kind == Part::Kind::tool_call || part.kind == Part::Kind::reasoning) {
      return misplaced(part, "is a block that only an assistant message may hold");
    }
    results += part.kind == Part::Kind::tool_result ? 1 : 0;
  }
  if (results == 0) {
    add_turn(Role::user, first, parts.size(), Place::kNone);
    return all_answered();  // what follows would come between a call and its result
  }
  const auto is_rest = [](const Part& part) {
    return part.kind != Part::Kind::tool_result && !part.in_result;
  };
  scratch_.clear();
  std::copy_if(parts.begin() + first, parts.end(), std::back_inserter(scratch_), is_rest);
  if (!scratch_.empty()) {
    parts.erase(std::remove_if(parts.begin() + first, parts.end(), is_rest), parts.end());
  }
  const std::size_t end = parts.size();
  for (std::size_t i = first; i < end;) {
    const std::size_t begin = i++;
    while (i < end && parts[i].kind != Part::Kind::tool_result) ++i;
    if (!answer(parts[begin])) return false;
    add_turn(Role::tool, static_cast<std::uint32_t>(begin), i, parts[begin].place.element);
    request_.turns.back().joined = begin != first;
  }
  if (!scratch_.empty()) {
    parts.insert(parts.end(), scratch_.begin(), scratch_.end());
    add_turn(Role::user, static_cast<std::uint32_t>(end), parts.size(), Place::kNone);
    request_.turns.back().joined = true;
    return all_answered();
  }
  return true;
}

bool TurnReader::answer(const Part& result) {
  const auto call = std::ranges::find(open_, result.id, &Call::id);
  const Where at{.list = "messages", .item = result.place.item, .element = result.place.element};
  if (call == open_.end()) {
    return walk_.refuse(
        at, "tool_use_id",
        fmt::format("is {}, which is no tool_use of the message before", result.id));
  }
  if (call->answered) {
    return walk_.refuse(at, "tool_use_id", fmt::format("answers {} a second time", result.id));
  }
  call->answered = true;
  return true;
}

bool TurnReader::all_answered() {
  const auto call = std::ranges::find(open_, false, &Call::answered);
  if (call == open_.end()) return true;
  const std::string path = where(call->place);
  return walk_.fault(
      {ErrorCode::invalid,
       fmt::format("{} is the tool_use {}, which needs its tool_result in the next message", path,
                   call->id),
       path});
}

// Within one message: Kimi numbers calls by what it sees of the conversation, so that after a
// prompt was shortened an id may come again in a later one.
bool TurnReader::unique_ids() {
  std::ranges::sort(ids_);  // those of one message are beside each other
  for (std::size_t i = 1; i < ids_.size(); ++i) {
    const Part& part = request_.parts[ids_[i - 1].second];
    const Part& other = request_.parts[ids_[i].second];
    if (part.id != other.id || part.place.item != other.place.item) continue;
    const Where at{.list = "messages", .item = other.place.item, .element = other.place.element};
    return walk_.refuse(at, "id", fmt::format("is {}, as that of another tool_use", other.id));
  }
  return true;
}

bool TurnReader::finish() {
  if (item_ == 0) return walk_.refuse({}, "messages", "must hold at least one message");
  if (!all_answered() || !unique_ids()) return false;
  if (in_assistant_) request_.turns.back().prefix = true;
  if (has_system_) {
    Turn turn;
    turn.role = Role::system;
    turn.first = system_first_;
    turn.parts = system_parts_;
    request_.turns.insert(request_.turns.begin(), turn);
  }
  return true;
}

void TurnReader::add_turn(Role role, std::uint32_t first, std::size_t end, std::uint32_t element) {
  Turn turn;
  turn.role = role;
  turn.first = first;
  turn.parts = static_cast<std::uint32_t>(end) - first;
  turn.place = {item_, element};
  request_.turns.push_back(turn);
}

}  // namespace tidegate::translation::messages
