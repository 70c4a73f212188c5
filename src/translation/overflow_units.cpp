#include "translation/overflow_units.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace tidegate::translation {
namespace {

using Speaker = Outline::Speaker;

class Steps {
 public:
  explicit Steps(const Outline& outline) : outline_(outline) {}

  std::vector<Unit> run() {
    auto call = outline_.calls.begin();
    for (std::uint32_t i = 0; i < outline_.items.size(); ++i) {
      const auto first = call;
      while (call != outline_.calls.end() && call->item == i) ++call;
      add(i, {first, call});
    }
    return std::move(units_);
  }

 private:
  using Calls = std::ranges::subrange<std::vector<Outline::Call>::const_iterator>;

  void add(std::uint32_t i, Calls calls) {
    const Outline::Item& item = outline_.items[i];
    Unit unit{.first = i, .end = i + 1, .sealed = item.sealed};
    unit.user = item.speaker == Speaker::user;
    unit.assistant = item.speaker == Speaker::assistant;
    unit.results = item.speaker == Speaker::result;
    unit.kept = item.speaker == Speaker::kept;
    const bool after_assistant = !units_.empty() && units_.back().assistant && !units_.back().user;
    bool goes_on = unit.assistant && after_assistant && !units_.back().results;
    if (unit.results && !answers_known(calls)) {
      // Its call is named in another way, or stored by the provider.
      goes_on = after_assistant && (calls.empty() || units_.back().sealed);
      unit.kept = !goes_on;
    }
    if (goes_on) {
      units_.back().take(unit);
    } else {
      units_.push_back(unit);
    }
    for (const Outline::Call& call : calls) {
      if (!call.answered) continue;
      const auto maker = makers_.find(call.id);
      if (maker != makers_.end()) join_from(maker->second);
    }
    // Some providers give the same ids again in each answer: the latest counts.
    for (const Outline::Call& call : calls) {
      if (!call.answered) makers_[call.id] = i;
    }
  }

  [[nodiscard]] bool answers_known(Calls calls) const {
    return std::ranges::any_of(calls, [this](const Outline::Call& call) {
      return call.answered && makers_.contains(call.id);
    });
  }

  void join_from(std::uint32_t item) {
    while (units_.back().first > item) {
      const Unit last = units_.back();
      units_.pop_back();
      units_.back().take(last);
    }
  }

  const Outline& outline_;
  std::vector<Unit> units_;
  std::unordered_map<std::string_view, std::uint32_t> makers_;  // by id
};

}  // namespace

void Unit::take(const Unit& next) {
  end = next.end;
  user = user || next.user;
  assistant = assistant || next.assistant;
  results = results || next.results;
  kept = kept || next.kept;
  sealed = sealed || next.sealed;
}

std::vector<Unit> units_of(const Outline& outline) {
  const std::vector<Unit> steps = Steps(outline).run();
  std::vector<Unit> out;
  for (auto at = steps.begin(); at != steps.end();) {
    if (at->user || at->kept) {
      out.push_back(*at++);
      continue;
    }
    // The assistant's turn: all that it did until the next user message.
    const auto turn_end = std::find_if(at, steps.end(), [](const Unit& unit) { return unit.user; });
    const bool sealed = std::any_of(at, turn_end, [](const Unit& unit) { return unit.sealed; });
    if (!sealed || turn_end == steps.end()) {
      out.insert(out.end(), at, turn_end);
    } else {
      Unit turn = *at;
      std::for_each(at + 1, turn_end, [&turn](const Unit& unit) { turn.take(unit); });
      out.push_back(turn);
    }
    at = turn_end;
  }
  return out;
}

}  // namespace tidegate::translation
