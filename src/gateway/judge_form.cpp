// How an attempt holds its answer against the form that the client asked for, where the provider
// was asked for it in words only. docs/dialects.md, "Structured output".
#include <fmt/format.h>

#include <algorithm>

#include "gateway/attempt.h"
#include "translation/error_answer.h"

namespace tidegate::gateway {
namespace {

// Paths come from clients and models; headers take what is plain.
std::string plain(std::string_view text) {
  constexpr std::size_t kMost = 120;
  std::string out(text.substr(0, kMost));
  std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
  std::ranges::replace(out, ',', ';');  // which stands between notes
  return out;
}

}  // namespace

// Null: the provider is asked for no form, or sees to it. Error invalid: the schema is none.
Result<std::shared_ptr<const translation::AskedForm>> Attempt::asked_form() {
  Understanding& understood = walk_.understood;
  const Question& question = *understood.question;
  const std::string_view chat_format =
      question.conversation.response_format_value.in(question.conversation.body);
  const bool rewritten = walk_.surface != upstream_ || upstream_ == protocol::Surface::chat;
  if (!rewritten || (!question.request && chat_format.empty())) return nullptr;
  const Result<translation::ResponseFormat> format =
      question.request ? question.request->format : translation::read_response_format(chat_format);
  // What this surface's reader refuses is the provider's to refuse where it passes as it is.
  if (!format) return nullptr;
  if (!translation::is_asked_in_words(*format, upstream_, *provider_.dialect,
                                      target_.model->wire_name)) {
    return nullptr;
  }
  if (understood.form == nullptr) {
    auto form = translation::read_asked_form(*format, walk_.surface);
    if (!form) return std::unexpected(std::move(form.error()));
    understood.form = std::move(*form);
  }
  for (const std::string& pointer : understood.form->schema.unchecked()) {
    walk_.note(fmt::format("schema not checked at {}", plain(pointer)));
  }
  return understood.form;
}

const translation::AnswerCheck* Attempt::checked() const {
  if (pass_ && pass_->checked()) return pass_->checked();
  return gatherer_ ? gatherer_->checked() : nullptr;
}

// Whether a stream must not end as if it were good.
bool Attempt::refuses_form() {
  const translation::AnswerCheck* check = checked();
  if (check == nullptr) return false;
  note_form(*check);
  if (!check->refuses()) return false;
  fail_with(ledger::Outcome::failed_in_answer, unfit(*check), {});
  return true;
}

Error Attempt::unfit(const translation::AnswerCheck& check) const {
  return {ErrorCode::bad_answer,
          fmt::format("the answer of {} does not fit the schema in {}: {}", target_.model->id,
                      check.form().member, check.fault()),
          std::string(check.form().member)};
}

void Attempt::note_form(const translation::AnswerCheck& check) {
  if (!check.fenced().empty()) walk_.note("code fence removed");
  if (!check.undecided().empty()) {
    walk_.note(fmt::format("schema not checked: {}", plain(check.undecided())));
  }
}

// A whole answer that does not fit fails, as it may yet be replaced by a better one.
void Attempt::judge_form() {
  const translation::AnswerCheck* check = checked();
  if (check == nullptr) return;
  note_form(*check);
  if (check->fault().empty()) return;
  fail_with(ledger::Outcome::failed_in_answer, unfit(*check),
            {.retryable = true, .provider_at_fault = false, .try_fallback = true});
}

// What the client may get of an answer that does not fit, if nothing better comes: it as it is, or
// an error that its SDK does not send again, as we have tried.
void Attempt::hold_unfit(std::string fields, std::string body) {
  const translation::AnswerCheck& check = *checked();
  if (check.refuses()) {
    const Error& error = end_.failure->error;
    end_.failure->held = HeldAnswer{translation::error_status(walk_.surface, error),
                                    &target_,
                                    "Content-Type: application/json\r\nx-should-retry: false\r\n",
                                    translation::error_body(walk_.surface, error),
                                    {}};
  } else if (!walk_.spare) {
    walk_.spare =
        HeldAnswer{200, &target_, std::move(fields), std::move(body),
                   fmt::format("the answer does not fit the schema {}", plain(check.fault()))};
  }
}

// The body without the fence, where it would pass as it came.
std::optional<std::string> Attempt::without_fence(std::string_view body) const {
  const translation::AnswerCheck* check = checked();
  if (check == nullptr || check->fenced().empty() || translates()) return std::nullopt;
  const std::string_view fenced = check->fenced(), inner = check->in_fence();
  std::string out(body.data(), fenced.data());
  out += inner;
  out.append(fenced.data() + fenced.size(), body.data() + body.size());
  return out;
}

}  // namespace tidegate::gateway
