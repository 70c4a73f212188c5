#include "translation/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "json/escape.h"
#include "translation/messages_model.h"
#include "translation/missing_reasoning.h"

namespace tidegate::translation {
namespace {

using protocol::MustReturn;

// The route's word counts where the client said nothing.
void settle_thinking(Request& request, const Aim& aim) {
  Thinking& thinking = request.thinking;
  if (!aim.can_think) {
    thinking.toggle = Toggle::unset;
    thinking.effort = Effort::unset;
    return;
  }
  if (thinking.toggle != Toggle::unset || thinking.effort != Effort::unset) return;
  switch (aim.thinking) {
    case config::Thinking::unset:
      return;
    case config::Thinking::off:
      thinking.toggle = Toggle::off;
      return;
    case config::Thinking::low:
      thinking.effort = Effort::low;
      break;
    case config::Thinking::medium:
      thinking.effort = Effort::medium;
      break;
    case config::Thinking::high:
      thinking.effort = Effort::high;
      break;
    case config::Thinking::max:
      thinking.effort = Effort::max;
      break;
  }
  thinking.toggle = Toggle::on;
}

void stop_thinking(Request& request, std::string_view why, Notes& notes) {
  request.thinking.toggle = Toggle::off;
  request.thinking.effort = Effort::unset;
  request.thinking.budget.reset();
  notes.add(fmt::format("thinking off: {}", why));
}

// A forced tool is what the client's program relies on, thinking only makes it better: so thinking
// goes, unless the client asked for both.
void settle_tool_choice(Request& request, const Aim& aim, bool client_asked, Notes& notes) {
  const ToolChoice::Kind kind = request.tool_choice.kind;
  if (kind != ToolChoice::Kind::required && kind != ToolChoice::Kind::named) return;
  if (aim.dialect->forced_tool_when_thinking) return;
  if (!aim.thinks(request.thinking.toggle, request.thinking.effort)) return;
  if (client_asked) {
    request.tool_choice = {ToolChoice::Kind::automatic, {}, {}};
    notes.add("tool_choice -> auto");
  } else {
    stop_thinking(request, "tool_choice", notes);
  }
}

bool takes_prefix(const Aim& aim) {
  if (aim.surface == Surface::messages) return messages::model_rules(aim.wire_model).prefill;
  return aim.surface == Surface::chat && aim.dialect->prefix.known();
}

// What the answer goes on from stands before it in the client's program, so nothing may be thought
// in between. Claude and llama.cpp refuse it; DeepSeek may go on from a turn's own reasoning.
void settle_prefix(Request& request, const Aim& aim, Notes& notes) {
  if (request.turns.empty() || !request.turns.back().prefix || !takes_prefix(aim)) return;
  if (!aim.thinks(request.thinking.toggle, request.thinking.effort)) return;
  const Turn& last = request.turns.back();
  const bool thought = aim.dialect->prefix.thinks_on &&
                       std::any_of(request.begin(last), request.end(last), [](const Part& part) {
                         return part.kind == Part::Kind::reasoning && !part.text.empty();
                       });
  if (!thought) stop_thinking(request, "prefix of the answer", notes);
}

// DeepSeek wants all functions to be strict, or none.
void settle_strict(Request& request, const Aim& aim, Notes& notes) {
  if (aim.dialect->beta.empty()) return;
  const auto is_strict = [](const Tool& tool) { return tool.strict.value_or(false); };
  if (std::ranges::none_of(request.tools, is_strict)) return;
  if (std::ranges::all_of(request.tools, is_strict)) return;
  for (Tool& tool : request.tools) tool.strict.reset();
  notes.add("strict dropped: not every tool is strict");
}

// One turn's reasoning, as it may go to the aim.
class Crossing {
 public:
  Crossing(Request& request, const Aim& aim, Notes& notes)
      : request_(request), aim_(aim), notes_(notes), missing_(aim) {}

  void run() {
    thinks_ = aim_.thinks(request_.thinking.toggle, request_.thinking.effort);
    demanded_ = demanded();
    std::vector<Part> parts;
    parts.reserve(request_.parts.size() + request_.turns.size());
    std::uint32_t number = 0;
    for (Turn& turn : request_.turns) {
      const auto first = static_cast<std::uint32_t>(parts.size());
      if (turn.role == Role::assistant) {
        cross(turn, number++, parts);
      } else {
        parts.insert(parts.end(), request_.begin(turn), request_.end(turn));
      }
      turn.first = first;
      turn.parts = static_cast<std::uint32_t>(parts.size()) - first;
    }
    request_.parts = std::move(parts);
    missing_.note(notes_);
  }

 private:
  // Which turns must come back with reasoning or are refused.
  [[nodiscard]] MustReturn demanded() const {
    if (!thinks_) return MustReturn::nothing;
    if (aim_.must_return != MustReturn::every_turn) return aim_.must_return;
    const bool tools =
        !request_.tools.empty() || std::ranges::any_of(request_.parts, [](const Part& part) {
          return part.kind == Part::Kind::tool_call;
        });
    return tools ? MustReturn::every_turn : MustReturn::nothing;
  }

  // Both name the same provider and model; what names nobody is from the client's own surface, and
  // its word that the proof fits is taken.
  [[nodiscard]] bool made_here(const Part& part) const {
    return part.maker.empty() || part.maker == aim_.maker;
  }

  [[nodiscard]] bool takes_plain() const {
    return aim_.surface == Surface::chat &&
           (!aim_.dialect->reasoning_field.empty() || aim_.dialect->reasoning_details);
  }

  [[nodiscard]] bool may_keep_seal(const Part& part) const {
    switch (part.seal) {
      case Seal::none:
        return false;
      case Seal::anthropic_signature:
      case Seal::anthropic_redacted:
        return aim_.surface == Surface::messages && made_here(part);
      case Seal::openai_encrypted:
        return aim_.surface == Surface::responses && made_here(part);
      case Seal::gemini_signature:
        return aim_.dialect->thought_signatures && made_here(part);
      case Seal::openrouter_details:
        return aim_.dialect->reasoning_details && made_here(part);
    }
    return false;
  }

  // Adds what of a part may cross. False: nothing of it.
  bool add(Part part, std::vector<Part>& parts) {
    if (may_keep_seal(part)) {
      parts.push_back(part);
      return true;
    }
    if (part.seal != Seal::none) {
      notes_.add(part.maker.empty() ? "sealed reasoning opened"
                                    : fmt::format("reasoning of {} unsealed", part.maker));
    }
    part.seal = Seal::none;
    part.proof = {};
    if (!takes_plain() || json::is_blank(part.text)) return false;
    parts.push_back(part);
    return true;
  }

  void cross(const Turn& turn, std::uint32_t number, std::vector<Part>& parts) {
    ReasoningMemory::Turn key;
    bool has_reasoning = false, kept = false;
    const std::size_t begin = parts.size();
    for (const Part* part = request_.begin(turn); part != request_.end(turn); ++part) {
      if (part->kind == Part::Kind::reasoning) {
        has_reasoning = true;
        kept = add(*part, parts) || kept;
      } else if (part->kind == Part::Kind::tool_call) {
        key.calls.emplace_back(part->id);
      } else if (part->kind == Part::Kind::text) {
        key.text.add(part->text);
      }
    }
    if (!kept) kept = restore(key, turn, parts);
    if (aim_.wants_details() && !key.calls.empty()) {
      kept = demand_details(key, std::span(parts).subspan(begin), turn, parts) || kept;
    }
    if (!kept && is_demanded(key) && !turn.prefix) {
      stand_in(key, number, turn, parts);
    } else if (has_reasoning && !kept) {
      notes_.add("reasoning left out");
    }
    const std::size_t first = parts.size();
    for (const Part* part = request_.begin(turn); part != request_.end(turn); ++part) {
      if (part->kind == Part::Kind::reasoning) continue;
      parts.push_back(*part);
      if (part->kind == Part::Kind::tool_call) settle_call(key, parts.back());
    }
    if (aim_.dialect->thought_signatures) demand_signature(std::span(parts).subspan(first));
  }

  // False: the step, as far as it is in `parts`, has reasoning_details already.
  bool demand_details(const ReasoningMemory::Turn& key, std::span<const Part> step,
                      const Turn& turn, std::vector<Part>& parts) {
    if (std::ranges::find(step, Seal::openrouter_details, &Part::seal) != step.end()) return false;
    Part part;
    part.kind = Part::Kind::reasoning;
    part.place = turn.place;
    part.seal = Seal::openrouter_details;
    part.proof = request_.keep(missing_.details_stand_in(key.calls.front()));
    parts.push_back(part);
    return true;
  }

  // Gemini refuses a step whose first call has no signature, whoever made the call.
  void demand_signature(std::span<Part> step) {
    const auto call = std::ranges::find(step, Part::Kind::tool_call, &Part::kind);
    if (call == step.end() || call->seal != Seal::none) return;
    call->seal = Seal::gemini_signature;
    call->proof = missing_.signature_stand_in();
  }

  // A call's own seal: kept where it can be read, restored where the client dropped it.
  void settle_call(const ReasoningMemory::Turn& key, Part& call) {
    if (call.seal != Seal::none && !may_keep_seal(call)) {
      call.seal = Seal::none;
      call.proof = {};
    }
    if (!aim_.dialect->thought_signatures || call.seal != Seal::none) return;
    for (Cargo& cargo : missing_.recall(key)) {
      if (cargo.seal != Seal::gemini_signature || cargo.id != call.id) continue;
      if (cargo.maker != aim_.maker) continue;
      call.seal = cargo.seal;
      call.proof = request_.keep(std::move(cargo.proof));
      missing_.count_restored();
    }
  }

  [[nodiscard]] bool is_demanded(const ReasoningMemory::Turn& key) const {
    return demanded_ == MustReturn::every_turn ||
           (demanded_ == MustReturn::tool_turns && !key.calls.empty());
  }

  bool restore(const ReasoningMemory::Turn& key, const Turn& turn, std::vector<Part>& parts) {
    if (!thinks_) return false;
    bool kept = false;
    for (Cargo& cargo : missing_.recall(key)) {
      if (cargo.seal == Seal::gemini_signature) continue;  // it belongs to a call
      Part part;
      part.kind = Part::Kind::reasoning;
      part.place = turn.place;
      part.seal = cargo.seal;
      part.maker = request_.keep(std::move(cargo.maker));
      part.id = request_.keep(std::move(cargo.id));
      part.proof = request_.keep(std::move(cargo.proof));
      part.text = request_.keep(std::move(cargo.text));
      kept = add(part, parts) || kept;
    }
    if (kept) missing_.count_restored();
    return kept;
  }

  void stand_in(const ReasoningMemory::Turn& key, std::uint32_t number, const Turn& turn,
                std::vector<Part>& parts) {
    Part part;
    part.kind = Part::Kind::reasoning;
    part.place = turn.place;
    part.text = request_.keep(missing_.stand_in(number, key));
    parts.push_back(part);
  }

  Request& request_;
  const Aim& aim_;
  Notes& notes_;
  MissingReasoning missing_;
  bool thinks_ = false;
  MustReturn demanded_ = MustReturn::nothing;
};

// Anthropic refuses to think in the middle of a tool loop whose last turn does not begin with a
// thinking block of its own (fact sheet, section 4). Without thinking the same request is valid.
void settle_open_tool_loop(Request& request, const Aim& aim, Notes& notes) {
  if (aim.surface != Surface::messages) return;
  if (!aim.thinks(request.thinking.toggle, request.thinking.effort)) return;
  const auto last =
      std::ranges::find(request.turns.rbegin(), request.turns.rend(), Role::assistant, &Turn::role);
  if (last == request.turns.rend() || last == request.turns.rbegin()) return;
  if (std::prev(last)->role != Role::tool) return;
  const Part* first = request.begin(*last);
  if (last->parts != 0 && first->kind == Part::Kind::reasoning) return;
  stop_thinking(request, "the open tool loop has no reasoning of this model", notes);
}

// OpenAI's models that think refuse to be told how to sample.
void settle_sampling(Request& request, const Aim& aim, Notes& notes) {
  if (aim.surface != Surface::responses || !aim.can_think) return;
  const auto drop = [&](std::string_view& value, std::string_view name) {
    if (value.empty()) return;
    value = {};
    notes.add(fmt::format("{} dropped", name));
  };
  drop(request.temperature, "temperature");
  drop(request.top_p, "top_p");
}

void settle_max_tokens(Request& request, const Aim& aim, Notes& notes) {
  Tokens most = aim.dialect->max_tokens_limit;
  if (aim.max_output != 0 && (most == 0 || most > aim.max_output)) most = aim.max_output;
  if (aim.max_tokens != 0 && (!request.max_tokens || *request.max_tokens > aim.max_tokens)) {
    request.max_tokens = aim.max_tokens;
  }
  if (most != 0 && request.max_tokens && *request.max_tokens > most) {
    request.max_tokens = most;
    notes.add(fmt::format("max_tokens -> {}", most));
  }
}

}  // namespace

void fit(Request& request, const Aim& aim, Notes& notes) {
  const bool client_asked =
      request.thinking.toggle == Toggle::on ||
      (request.thinking.effort != Effort::unset && request.thinking.effort != Effort::none);
  settle_thinking(request, aim);
  settle_tool_choice(request, aim, client_asked, notes);
  settle_prefix(request, aim, notes);
  settle_strict(request, aim, notes);
  Crossing(request, aim, notes).run();
  settle_open_tool_loop(request, aim, notes);
  settle_sampling(request, aim, notes);
  settle_max_tokens(request, aim, notes);
}

bool needs_beta(const Request& request) {
  const bool prefix = !request.turns.empty() && request.turns.back().prefix;
  return prefix || std::ranges::any_of(
                       request.tools, [](const Tool& tool) { return tool.strict.value_or(false); });
}

}  // namespace tidegate::translation
