#include "protocol/answer_reader.h"

#include <cstring>
#include <utility>

#include "json/checked_text.h"
#include "json/string_end.h"

namespace tidegate::protocol {
namespace {

// Where the whole number that begins at `at` ends; nullptr when the parser must decide.
const char* read_number(const char* at, const char* end, Tokens& number) {
  constexpr std::ptrdiff_t kMaxDigits = 15;  // as token_count()
  const char* const begin = at;
  number = 0;
  for (; at != end && *at >= '0' && *at <= '9'; ++at) {
    if (at - begin == kMaxDigits) return nullptr;
    number = number * 10 + (*at - '0');
  }
  const bool has_leading_zero = at - begin > 1 && *begin == '0';
  return at == begin || has_leading_zero ? nullptr : at;
}

std::string_view without_space_around(std::string_view body) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = body.find_first_not_of(kSpace);
  return begin == body.npos ? "" : body.substr(begin, body.find_last_not_of(kSpace) + 1 - begin);
}

}  // namespace

Result<Answer> AnswerReader::read(std::string_view body) {
  body = without_space_around(body);
  // Where nothing repeats, comparing costs as much as parsing.
  const bool compares = misses_ < kMostMisses || misses_ % kCompareEach == 0;
  for (std::size_t i = 0; compares && i < shapes_.size(); ++i) {
    UsageCounts counts;
    if (!matches(*shapes_[i], body, counts)) continue;
    if (!json::check_text(body)) break;  // strings that are not UTF-8
    Answer answer = shapes_[i]->answer;
    if (answer.usage) answer.usage = counts.usage();
    if (i > 0) std::swap(shapes_[i], shapes_[i - 1]);
    misses_ = 0;
    return answer;
  }
  ++misses_;

  const bool learns = shapes_.size() < kMaxShapes || ++unknown_ >= kLearnEach;
  std::vector<VaryingPart> varying;
  const Result<CompletionFields> fields = read_completion(body, learns ? &varying : nullptr);
  if (!fields || (!fields->has_choices && !fields->error))
    return fail(ErrorCode::invalid, "the provider sent something that is not a completion");
  Answer answer;
  merge(*fields, body, answer);
  // Errors are kept as they are, and tool calls have their names and ids in the answer.
  if (learns && !fields->error && answer.tool_calls == 0 && fields->usages <= 1)
    learn(body, varying, answer);
  return answer;
}

bool AnswerReader::matches(const Shape& shape, std::string_view body, UsageCounts& counts) {
  const char* at = body.data();
  const char* const end = at + body.size();
  const char* fixed = shape.fixed.data();
  const char* const fixed_end = fixed + shape.fixed.size();
  for (const Shape::Part& part : shape.parts) {
    if (static_cast<std::size_t>(end - at) < part.before ||
        std::memcmp(at, fixed, part.before) != 0)
      return false;
    at += part.before;
    fixed += part.before;
    if (part.kind == VaryingPart::Kind::number) {
      Tokens number = 0;
      at = read_number(at, end, number);
      if (at == nullptr) return false;
      counts.add(part.count, number);
    } else {
      // What follows is fixed and begins with the quote, so nothing else can end the string.
      const char* const quote = json::string_end(at, end);
      if (quote == at && part.kind == VaryingPart::Kind::text) return false;
      at = quote;
    }
  }
  return std::string_view(at, end) == std::string_view(fixed, fixed_end);
}

void AnswerReader::learn(std::string_view body, const std::vector<VaryingPart>& varying,
                         const Answer& answer) {
  auto shape = std::make_unique<Shape>();
  const char* at = body.data();
  for (const VaryingPart& part : varying) {
    shape->parts.push_back({static_cast<std::size_t>(part.raw.data() - at), part.kind, part.count});
    shape->fixed.append(at, part.raw.data());
    at = part.raw.data() + part.raw.size();
  }
  shape->fixed.append(at, body.data() + body.size());
  if (shape->fixed.size() > kMaxFixedBytes) return;
  shape->answer = answer;
  if (shapes_.size() == kMaxShapes) shapes_.pop_back();
  shapes_.push_back(std::move(shape));
  unknown_ = 0;
}

}  // namespace tidegate::protocol
