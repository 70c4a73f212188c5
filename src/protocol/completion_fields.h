// CompletionFields: one pass over a JSON object of the chat.completion family, a stream's chunk or
// a whole answer, or over a list of embeddings. The common ground of stream.cpp, answer_reader.cpp
// and embeddings.cpp, for nobody else. Plain value.
#pragma once

#include <array>
#include <vector>

#include "base/error.h"
#include "protocol/answer.h"

namespace tidegate::protocol {

// What a number in a usage object counts.
enum class UsageCount : std::uint8_t {
  nothing,
  prompt,
  completion,
  total,
  cached,
  cache_miss,
  cache_write,
  reasoning,
};

// The numbers of one usage object in their order, and what they amount to.
class UsageCounts {
 public:
  void add(UsageCount what, Tokens tokens);
  [[nodiscard]] Usage usage() const;

 private:
  [[nodiscard]] Tokens of(UsageCount what) const { return tokens_[static_cast<std::size_t>(what)]; }
  std::array<Tokens, 8> tokens_{};  // by UsageCount
};

// A value that differs between answers which are otherwise the same.
struct VaryingPart {
  enum class Kind : std::uint8_t {
    name,    // a string that nothing is made of
    text,    // a string of which only matters that it is not empty
    number,  // counts `count`
  };
  std::string_view raw;  // of strings without their quotes
  Kind kind = Kind::name;
  UsageCount count = UsageCount::nothing;
};

// Views are raw JSON strings without quotes and point into the text that was read.
struct CompletionFields {
  std::string_view model;
  std::optional<Usage> usage;
  FinishReason finish = FinishReason::none;
  std::uint32_t usages = 0;   // usage objects; the last one counts
  bool has_choices = false;   // `choices` is an array
  std::uint32_t choices = 0;  // its elements
  std::uint32_t vectors = 0;  // elements of `data`
  bool role = false;
  bool content = false;  // non-empty, as the next one
  bool reasoning = false;
  bool error = false;  // an error object, or one of the shapes of an error without `choices`
  std::uint32_t tool_calls = 0;  // highest index + 1
  std::uint32_t tool_call_ids = 0;
  std::array<std::string_view, Answer::kMaxToolCallIds> tool_call_id;

  std::uint32_t texts = 0;       // non-empty content, reasoning and tool arguments
  std::string_view text;         // the last of them
  std::string_view obfuscation;  // OpenAI's random padding of chunks; null data() when absent
};

// Error invalid: malformed, or not an object. Appends to `varying`, where there is one, the parts
// that may be others in the next answer, front to back.
Result<CompletionFields> read_completion(std::string_view text,
                                         std::vector<VaryingPart>* varying = nullptr);

// Adds what a chunk or an answer says to what was known before.
void merge(const CompletionFields& fields, std::string_view text, Answer& answer);

}  // namespace tidegate::protocol
