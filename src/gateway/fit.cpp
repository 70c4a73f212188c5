#include "gateway/fit.h"

#include "gateway/known.h"
#include "translation/overflow.h"

namespace tidegate::gateway {
namespace {

using config::OnOverflow;

// The most that a prompt may be; zero: nobody knows.
Tokens limit_of(const config::Client& profile, const routing::Target& target, Tokens asked) {
  const catalog::Model& model = *target.model;
  const Tokens window = smaller_known(profile.context_window.value_or(0), model.context);
  const Tokens answer = smaller_known(asked, target.max_tokens);
  return smaller_known(window == 0 ? 0 : translation::room_for_prompt(window, answer),
                       model.max_input);
}

workload::TokenSample sample_of(const translation::PromptSize& size) {
  return {size.text, size.messages, size.tools, size.images};
}

// What the provider will report is of the prompt as it is sent.
void measure_again(Understanding& understood, const workload::TokenWeights& weights) {
  understood.workload.plain = workload::sample_of(understood.question->conversation);
  understood.workload.context_tokens =
      workload::estimate_tokens(understood.workload.plain, weights);
}

Result<void> shorten(Walk& walk, Tokens limit, const workload::TokenWeights& weights) {
  Understanding& understood = walk.understood;
  const Question& whole = *understood.question;
  const bool oldest = understood.profile->on_overflow == OnOverflow::truncate_oldest;
  auto truncation =
      translation::truncate(walk.surface, whole.conversation.body,
                            oldest ? translation::Drop::oldest : translation::Drop::middle, limit,
                            [&weights](const translation::PromptSize& size) {
                              return workload::estimate_tokens(sample_of(size), weights);
                            });
  if (!truncation) return std::unexpected(std::move(truncation.error()));
  if (truncation->cuts.empty()) return {};
  auto question = std::make_unique<Question>();
  question->forwarded = whole.forwarded;
  question->body = translation::apply(whole.conversation.body, std::move(truncation->cuts));
  Result<void> read = read_question(walk.surface, question->body, walk.worker.memos, *question);
  if (!read) return read;
  walk.note(truncation->note());
  understood.whole = std::move(understood.question);
  understood.question = std::move(question);
  measure_again(understood, weights);
  return {};
}

}  // namespace

Result<void> fit(Walk& walk, const routing::Target& target) {
  Understanding& understood = walk.understood;
  const config::Client* profile = understood.profile;
  if (profile == nullptr || !profile->on_overflow) return {};
  if (!protocol::is_translatable(walk.surface)) return {};
  const workload::TokenWeights weights = walk.snapshot->runtime(target).calibration->weights();
  if (understood.whole != nullptr) {
    understood.question = std::move(understood.whole);  // another target, another limit
    measure_again(understood, weights);
  }
  const Tokens limit = limit_of(*profile, target, understood.workload.max_tokens);
  const Tokens prompt = workload::estimate_tokens(understood.workload.plain, weights);
  if (limit == 0 || prompt <= limit) return {};
  if (profile->on_overflow == OnOverflow::reject || profile->on_overflow == OnOverflow::fallback) {
    return std::unexpected(translation::too_long(prompt, limit));
  }
  return shorten(walk, limit, weights);
}

bool may_fit_elsewhere(const Walk& walk) {
  return walk.understood.profile->on_overflow != OnOverflow::reject;
}

}  // namespace tidegate::gateway
