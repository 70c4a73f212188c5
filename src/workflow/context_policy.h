// What happens to outputs of tasks that do not fit into a model's context: a plan, never a silent
// cut. Used by the engine between render() and the request; the calls that a plan asks for are the
// engine's. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "workflow/definition.h"
#include "workflow/render.h"

namespace tidegate::workflow {

// A part of one piece of a prompt that a call of its own is made for.
struct Part {
  std::uint32_t piece = 0;  // index into Prompt::user
  std::size_t begin = 0,
              end = 0;  // bytes of its text; whole characters, at a line's end if one is near
};

struct ContextPlan {
  enum class Kind : std::uint8_t {
    as_is,      // `prompt` is the one that was given
    cut,        // `prompt` is shorter, and says so where it was cut
    summarise,  // ask for a summary of each of `parts`, then call with_parts() and plan again
    map         // ask the task's prompt once for each of `parts` alone, then call reduce_prompt()
  };
  Kind kind = Kind::as_is;
  Prompt prompt;
  std::vector<Part> parts;
  std::string note;  // for the report: "output of scan: 12,000 of 250,000 tokens kept (tail)"
};

// `room`: tokens that a prompt of this task may have. Error too_large: it does not fit and the
// policy is `full`, or what may not be shortened is too large alone.
[[nodiscard]] Result<ContextPlan> plan_context(const Prompt& prompt, ContextPolicy policy,
                                               Tokens room);

// The prompt that asks for a summary of `part` in at most `tokens`.
[[nodiscard]] Prompt summary_prompt(const Prompt& prompt, const Part& part, Tokens tokens);
// The prompt with texts in the place of parts (answers[i] for parts[i]).
[[nodiscard]] Prompt with_parts(const Prompt& prompt, const std::vector<Part>& parts,
                                const std::vector<std::string>& answers);
// map: the task's prompt with `part` alone in the place of its piece.
[[nodiscard]] Prompt map_prompt(const Prompt& prompt, const std::vector<Part>& parts,
                                std::size_t index);
// map: the task's prompt with the answers to its parts in the place of the piece; plan again, they
// may be too long for one request too.
[[nodiscard]] Prompt reduce_prompt(const Prompt& prompt, const std::vector<Part>& parts,
                                   const std::vector<std::string>& answers);

}  // namespace tidegate::workflow
