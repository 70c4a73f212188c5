// AnswerReader: reads answers that are not streams, and spares most of them the JSON parser by
// recognising what the latest ones looked like. Used by the gateway. One per worker, never shared.
//
// Answers of one model differ in their ids, their time, their text and their token counts; all
// other bytes are the same. Why comparing those is sound: the earlier answer was parsed whole, so
// the bytes around its varying parts are known JSON. If a next answer has the same bytes around one
// string or one whole number in the place of each, the two have the same grammar, the same keys and
// the same other values. What the parser would refuse within a string does not match, and neither
// does anything that would be understood in another way.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "protocol/answer.h"
#include "protocol/completion_fields.h"

namespace tidegate::protocol {

class AnswerReader {
 public:
  // Blank lines before the answer are allowed (DeepSeek sends them while a request queues), and so
  // is any content type: the bytes decide. Error invalid: this is not a completion.
  // Budget: 2500 instructions for an answer of 1.95 KB that looks like one of the latest
  // (protocol_bench, BM_AnswerReader).
  Result<Answer> read(std::string_view body);

 private:
  static constexpr std::size_t kMaxShapes = 4;         // more than one model's endings and tools
  static constexpr std::size_t kMaxFixedBytes = 4096;  // of a shape
  static constexpr unsigned kLearnEach = 16;           // unknown answer, once the shapes are full
  static constexpr unsigned kMostMisses = 64;   // answers in a row that look like none before:
  static constexpr unsigned kCompareEach = 16;  // from then on only so many are compared

  // What an answer is apart from its varying parts.
  struct Shape {
    struct Part {
      std::size_t before;  // fixed bytes between the part before it and this one
      VaryingPart::Kind kind;
      UsageCount count;
    };
    std::string fixed;  // the bytes around the parts, joined
    std::vector<Part> parts;
    Answer answer;  // right but for its usage
  };

  static bool matches(const Shape& shape, std::string_view body, UsageCounts& counts);
  void learn(std::string_view body, const std::vector<VaryingPart>& varying, const Answer& answer);

  std::vector<std::unique_ptr<Shape>> shapes_;  // those that matched lately first
  unsigned unknown_ = 0;                        // answers since the last that was learned
  unsigned misses_ = 0;                         // answers in a row that looked like no shape
};

}  // namespace tidegate::protocol
