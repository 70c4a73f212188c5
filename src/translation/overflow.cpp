#include "translation/overflow.h"

#include <fmt/format.h>

#include <algorithm>

#include "translation/overflow_units.h"

namespace tidegate::translation {
namespace {

using protocol::Surface;
using Speaker = Outline::Speaker;

std::string marker_text(std::size_t messages) {
  return fmt::format("[{} earlier message{} left out]", messages,
                     messages == 1 ? " was" : "s were");
}

std::string marker(std::size_t messages) {
  return fmt::format(R"({{"role":"user","content":"{}"}})", marker_text(messages));
}

PromptSize size_of(const Outline& outline, const Unit& unit) {
  PromptSize size;
  for (std::uint32_t i = unit.first; i != unit.end; ++i) size += outline.items[i].size;
  return size;
}

// The units that may go, oldest first.
std::vector<Unit> removable(const std::vector<Unit>& units, Drop drop) {
  const auto is_user = [](const Unit& unit) { return unit.user; };
  const auto goes = [](const Unit& unit) { return !unit.kept; };
  const auto first_user = std::ranges::find_if(units, is_user);
  const auto last_user = std::find_if(units.rbegin(), units.rend(), is_user);
  std::vector<Unit> out;
  if (last_user == units.rend()) return out;
  const auto request = last_user.base() - 1;
  // The step that the model goes on from; the request itself where it has not begun.
  const auto last_step = std::find_if(units.rbegin(), last_user, goes);
  const auto end = last_step == last_user ? request : last_step.base() - 1;
  for (auto at = units.begin(); at != end; ++at) {
    const bool task = drop == Drop::middle && at == first_user;
    if (goes(*at) && at != request && !task) out.push_back(*at);
  }
  return out;
}

std::uint32_t calls_made(const Outline& outline, const Unit& unit) {
  std::uint32_t calls = 0;
  auto call = std::ranges::lower_bound(outline.calls, unit.first, {}, &Outline::Call::item);
  for (; call != outline.calls.end() && call->item < unit.end; ++call) calls += !call->answered;
  return calls;
}

// What is left of the prompt is at most this, so that it can grow for a while before the cut moves.
Tokens goal(Tokens before, Tokens limit) {
  const Tokens step = std::max<Tokens>(limit / 8, 1);
  return before - (before - limit + step - 1) / step * step;
}

// `gone` is ascending. An item that is left out goes together with the comma after it: the last
// item always stays.
std::vector<Cut> cuts_of(const Outline& outline, const std::vector<Unit>& gone,
                         std::size_t messages) {
  std::vector<Cut> cuts;
  for (const Unit& unit : gone) {
    const std::uint32_t begin = outline.items[unit.first].place.begin;
    const std::uint32_t end = outline.items[unit.end].place.begin;
    if (!cuts.empty() && cuts.back().place.end == begin) {
      cuts.back().place.end = end;
    } else {
      cuts.push_back({{begin, end}, ""});
    }
  }
  const auto after = std::ranges::find(outline.items, cuts.front().place.end,
                                       [](const Outline::Item& item) { return item.place.begin; });
  // Nothing may stand between a call and its results, not even where the call is stored elsewhere.
  if (after->speaker != Speaker::result) cuts.front().replacement = marker(messages) + ",";
  return cuts;
}

}  // namespace

std::string Truncation::note() const {
  const auto some = [](std::uint32_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
  };
  const std::string text = "truncated " + some(messages, "message");
  return calls == 0 ? text : fmt::format("{} ({})", text, some(calls, "tool call"));
}

Result<Truncation> truncate(Surface surface, std::string_view body, Drop drop, Tokens limit,
                            const Estimate& estimate) {
  const Result<Outline> outline = read_outline(surface, body);
  if (!outline) return std::unexpected(outline.error());
  Truncation out;
  out.before = out.after = estimate(outline->whole());
  if (out.before <= limit) return out;

  const std::vector<Unit> units = units_of(*outline);
  std::vector<Unit> gone = removable(units, drop);
  PromptSize left = outline->rest;
  auto next = gone.begin();
  for (const Unit& unit : units) {
    if (next != gone.end() && next->first == unit.first) {
      ++next;
    } else {
      left += size_of(*outline, unit);
    }
  }
  left.messages += 1;
  count_bytes(marker_text(outline->items.size()), left.text);

  // As many of the newest as there is room for.
  const Tokens most = goal(out.before, limit);
  while (gone.size() > 1) {
    PromptSize more = left;
    more += size_of(*outline, gone.back());
    if (estimate(more) > most) break;
    left = more;
    gone.pop_back();
  }
  if (!gone.empty()) out.after = estimate(left);
  if (out.after > limit) {
    Error error = too_long(out.before, limit);
    error.message += fmt::format(
        "; what must stay of it (system prompt, tools, the last turn) is "
        "about {} tokens",
        out.after);
    return std::unexpected(std::move(error));
  }
  for (const Unit& unit : gone) {
    out.messages += unit.end - unit.first;
    out.calls += calls_made(*outline, unit);
  }
  out.cuts = cuts_of(*outline, gone, out.messages);
  return out;
}

Tokens room_for_prompt(Tokens window, Tokens max_output) {
  return std::max(window - max_output, window / 4);
}

Error too_long(Tokens prompt, Tokens limit) {
  return {ErrorCode::too_large,
          fmt::format("the prompt is about {} tokens, expected at most {} beside the answer",
                      prompt, limit),
          "messages"};
}

}  // namespace tidegate::translation
