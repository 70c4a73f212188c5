#include "translation/messages_repair.h"

#include <algorithm>

#include "translation/bare_seals.h"
#include "translation/cargo.h"
#include "translation/messages_block.h"
#include "translation/messages_ids.h"
#include "translation/messages_model.h"

namespace tidegate::translation {
namespace {

using json::Kind;
using messages::Block;
using messages::Walk;
using messages::Where;

constexpr std::string_view kEmptied =
    R"json({"type":"text","text":"(reasoning of another model)"})json";

class Repair {
 public:
  Repair(std::string_view body, const Aim& aim, Notes& notes)
      : body_(body), walk_(body), aim_(aim), notes_(notes) {}

  Result<std::vector<Cut>> run() {
    const bool good = walk_.object({}, {}, [this](std::string_view key) {
      if (key == "messages" && walk_.kind() == Kind::array) {
        return walk_.reader().array([this] { return message(); });
      }
      if (key == "thinking") return walk_.place(thinking_);
      if (key == "context_management") return walk_.place(context_management_);
      return walk_.reader().skip();
    });
    if (!good || !walk_.reader().finish()) return std::unexpected(walk_.error());
    if (lost_in_loop_) turn_thinking_off();
    return std::move(cuts_);
  }

 private:
  struct Element {
    Range place;
    bool goes = false;
  };

  bool message() {
    Where at{.list = "messages", .item = item_++};
    bool is_assistant = false, has_result = false, thinks_first = false, lost = false;
    const bool good = walk_.object(at, {}, [&](std::string_view key) {
      if (key == "role" && walk_.kind() == Kind::string) {
        std::string_view role;
        if (!walk_.reader().string(role)) return false;
        is_assistant = role == "assistant";
        return true;
      }
      if (key != "content" || walk_.kind() != Kind::array) return walk_.reader().skip();
      elements_.clear();
      at.element = 0;
      const bool read = walk_.reader().array([&] {
        Block block;
        Element element;
        element.place.begin = walk_.reader().offset();
        if (!read_block(walk_, at, block)) return false;
        element.place.end = walk_.reader().last_end();
        element.goes = is_foreign(block);
        if (!element.goes && !has_kept()) {
          thinks_first = block.type == "thinking" || block.type == "redacted_thinking";
        }
        lost = lost || element.goes;
        has_result = has_result || block.type == "tool_result";
        if (block.type == "tool_use") repair_id(block.id);
        if (block.type == "tool_result") repair_id(block.tool_use_id);
        elements_.push_back(element);
        ++at.element;
        return true;
      });
      if (read) cut_elements();
      return read;
    });
    if (!good) return false;
    if (is_assistant) {
      lost_since_ = lost_since_ || (lost && !thinks_first);
      lost_in_loop_ = false;
    } else {
      // A tool loop lasts for as long as the user only answers calls.
      if (!has_result) lost_since_ = false;
      lost_in_loop_ = lost_since_;
    }
    return true;
  }

  [[nodiscard]] bool is_foreign(const Block& block) const {
    const std::string_view proof = block.type == "thinking"            ? block.signature
                                   : block.type == "redacted_thinking" ? block.data
                                                                       : std::string_view();
    return proof.starts_with(kEnvelopeMark) || !foreign_maker(aim_, proof).empty();
  }

  [[nodiscard]] bool has_kept() const {
    for (const Element& element : elements_) {
      if (!element.goes) return true;
    }
    return false;
  }

  // Runs of blocks that go take the comma with them that they no longer need.
  void cut_elements() {
    for (std::size_t i = 0; i < elements_.size();) {
      const std::size_t first = i;
      while (i < elements_.size() && elements_[i].goes) ++i;
      if (i == first) {
        ++i;
        continue;
      }
      notes_.add("reasoning of another model left out");
      Cut cut{{elements_[first].place.begin, elements_[i - 1].place.end}, {}};
      if (i < elements_.size()) {
        cut.place.end = elements_[i].place.begin;
      } else if (first > 0) {
        cut.place.begin = elements_[first - 1].place.end;
      } else {
        cut.replacement = kEmptied;
      }
      cuts_.push_back(std::move(cut));
    }
  }

  void repair_id(std::string_view id) {
    if (messages::is_wire_id(id) || id.starts_with(messages::kIdMark) || id.empty()) return;
    const auto begin = static_cast<std::uint32_t>(id.data() - body_.data());
    Cut cut{{begin, begin + static_cast<std::uint32_t>(id.size())}, {}};
    messages::append_wire_id(cut.replacement, id);
    cuts_.push_back(std::move(cut));
    notes_.add("tool ids encoded");
  }

  // Anthropic demands that a tool loop begins with thinking where a budget for it is given (fact
  // sheet, section 4); what it would need is another model's. Adaptive thinking has no such rule.
  void turn_thinking_off() {
    if (thinking_.empty()) return;
    Walk walk(thinking_.in(body_));
    std::string_view type;
    const bool good = walk.object({}, "thinking", [&](std::string_view key) {
      return key == "type" ? walk.string({}, "thinking.type", type) : walk.reader().skip();
    });
    if (!good || type != "enabled") return;
    cuts_.push_back({thinking_, R"({"type":"disabled"})"});
    notes_.add("thinking off: the open tool loop has no reasoning of this model");
    // Clearing thinking out of the context is refused without thinking.
    if (context_management_.in(body_).contains("clear_thinking")) {
      cuts_.push_back({context_management_, R"({"edits":[]})"});
    }
  }

  std::string_view body_;
  Walk walk_;
  const Aim& aim_;
  Notes& notes_;
  std::vector<Cut> cuts_;
  std::vector<Element> elements_;  // of the message being read
  std::uint32_t item_ = 0;
  Range thinking_, context_management_;
  bool lost_since_ = false;  // since the user last spoke, a message lost the thinking it began with
  bool lost_in_loop_ = false;  // and the conversation ends with answers to its calls
};

bool repeats_ids(const Request& request) {
  std::vector<std::string_view> ids;
  for (const Part& part : request.parts) {
    if (part.kind == Part::Kind::tool_call) ids.push_back(part.id);
  }
  std::ranges::sort(ids);
  return std::ranges::adjacent_find(ids) != ids.end();
}

}  // namespace

bool needs_messages_repair(const Request& request, const Aim& aim) {
  const auto is_foreign = [](const Part& part) {
    const bool has_id = part.kind == Part::Kind::tool_call || part.kind == Part::Kind::tool_result;
    return has_id && !messages::is_wire_id(part.id);
  };
  return std::ranges::any_of(request.parts, is_foreign) || request.body.contains(kEnvelopeMark) ||
         has_foreign_seals(request, aim);
}

bool is_for_another_claude(const Request& request, std::string_view wire_model) {
  using messages::ModelRules;
  const ModelRules rules = messages::model_rules(wire_model);
  const Thinking& thinking = request.thinking;
  const bool is_adaptive = rules.thinking == ModelRules::Thinking::adaptive;
  if (thinking.adaptive && !is_adaptive) return true;
  // From 4.7 on: 4.6 takes a budget still.
  if (thinking.toggle == Toggle::on && thinking.budget && is_adaptive && !rules.sampling)
    return true;
  const bool samples = (!request.temperature.empty() && request.temperature != "1") ||
                       !request.top_p.empty() || !request.top_k.empty();
  return (samples && !rules.sampling) || repeats_ids(request);
}

Result<std::vector<Cut>> repair_messages(std::string_view body, const Aim& aim, Notes& notes) {
  const auto checked = json::check_text(body);
  if (!checked) return std::unexpected(checked.error());
  return Repair(body, aim, notes).run();
}

}  // namespace tidegate::translation
