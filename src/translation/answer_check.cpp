#include "translation/answer_check.h"

#include "json/escape.h"
#include "translation/fence.h"

namespace tidegate::translation {
namespace {

// 393,216 tokens, the longest answer of any model in the catalogue, are about 2 MB.
constexpr std::size_t kMaxText = 8u << 20;

}  // namespace

std::string_view AnswerCheck::unwrap(std::string_view raw) {
  const auto inner = within_fence(raw);
  if (!inner) return raw;
  fenced_ = raw;
  in_fence_ = *inner;
  return *inner;
}

void AnswerCheck::take(const Event& event) {
  switch (event.kind) {
    case Event::Kind::text:
      if (text_.size() + event.text.size() > kMaxText) {
        too_long_ = true;
      } else if (!json::append_unescaped(text_, event.text)) {
        broken_ = true;
      }
      return;
    case Event::Kind::refusal:
    case Event::Kind::tool_call:
      other_ = true;
      return;
    case Event::Kind::finish:
      other_ = other_ || event.finish != protocol::FinishReason::stop;
      return;
    default:
      return;
  }
}

void AnswerCheck::judge() {
  if (other_ || text_.empty()) return;  // an empty answer is judged as such
  if (too_long_) {
    undecided_ = "the answer is too long";
  } else if (broken_) {
    fault_ = "expected JSON, found half a character";
  } else if (const auto violations = form_->schema.validate(text_); !violations) {
    undecided_ = violations.error().message;
  } else if (!violations->empty()) {
    fault_ = describe(violations->front());
  }
  text_ = {};
}

}  // namespace tidegate::translation
