// What an attempt sends: the client's bytes with a rule's changes spliced in, or, where the
// provider does not speak the client's surface, the request written anew.
#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "gateway/attempt.h"
#include "gateway/outgoing.h"
#include "translation/bare_seals.h"
#include "translation/chat_repair.h"
#include "translation/messages_repair.h"
#include "translation/responses_request.h"
#include "translation/rules.h"
#include "translation/summary.h"

namespace tidegate::gateway {
namespace {

using protocol::Surface;

bool starts_with_word(std::string_view line, std::string_view lower) {
  return line.size() > lower.size() && equals_ignoring_case(line.substr(0, lower.size()), lower);
}

// Header lines that mean something to the client's surface alone stay here.
std::string without_surface_fields(std::string_view lines) {
  std::string kept;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size() - 1) + 1;
    const std::string_view line = lines.substr(0, end);
    if (!starts_with_word(line, "anthropic-") && !starts_with_word(line, "openai-")) kept += line;
    lines.remove_prefix(end);
  }
  return kept;
}

bool names_version(std::string_view lines) {
  while (!lines.empty()) {
    if (starts_with_word(lines, "anthropic-version:")) return true;
    lines.remove_prefix(std::min(lines.find('\n'), lines.size() - 1) + 1);
  }
  return false;
}

bool has_calls(const protocol::Conversation& conversation) {
  return std::ranges::any_of(conversation.recent_tool_calls,
                             [](std::uint16_t calls) { return calls != 0; });
}

// The places in a repaired body. What of a summary is not in the body itself is not asked for
// again.
Result<protocol::Conversation> read_again(Surface surface, std::string_view body) {
  if (surface == Surface::chat) return protocol::read_conversation(body);
  const Result<translation::Request> request = translation::codec(surface).read_request(body);
  if (!request) return std::unexpected(request.error());
  return translation::summarize(*request);
}

std::vector<std::string> tool_names(const Question& question, bool only_custom) {
  std::vector<std::string> names;
  const auto add = [&names, only_custom](const translation::Request& request) {
    for (const translation::Tool& tool : request.tools) {
      if (tool.custom || !only_custom) names.emplace_back(tool.name);
    }
  };
  if (question.request) {
    add(*question.request);
  } else if (const auto request =
                 translation::codec(Surface::chat).read_request(question.conversation.body)) {
    add(*request);
  }
  return names;
}

// OpenRouter passes on what the provider behind it demands (fact sheet of DeepSeek V4, section 4).
protocol::MustReturn must_return(const protocol::DialectTable& dialect, std::string_view model) {
  if (dialect.reasoning_details && model.starts_with("deepseek/")) {
    return protocol::MustReturn::every_turn;
  }
  return dialect.must_return;
}

}  // namespace

translation::Aim Attempt::aim() {
  const catalog::Model& model = *target_.model;
  const protocol::MustReturn demanded = must_return(*provider_.dialect, model.wire_name);
  return {.dialect = provider_.dialect,
          .surface = upstream_,
          .maker = walk_.snapshot->runtime(target_).maker,
          .wire_model = model.wire_name,
          .must_return = demanded,
          .can_think = model.thinking,
          // DeepSeek's models do, whatever name the configuration gives them.
          .thinks_by_default =
              model.thinking_by_default || demanded == protocol::MustReturn::every_turn,
          .thinking = target_.thinking,
          .max_tokens = target_.max_tokens,
          .max_output = model.max_output,
          .memory = walk_.worker.shared.reasoning.get(),
          .unknown = walk_.worker.shared.sharing != nullptr ? &unknown_ : nullptr};
}

// Whether the reasoning of the answer may be asked back by a provider while the client drops it:
// in tool work, unless the client's profile or its own history shows that it brings it back.
bool Attempt::keeps_reasoning(const translation::Aim& aim) const {
  const protocol::Conversation& conversation = walk_.understood.question->conversation;
  const config::Client* profile = walk_.understood.profile;
  const std::optional<bool> drops =
      profile != nullptr ? profile->drops_reasoning : std::optional<bool>();
  if (aim.memory == nullptr) return false;
  if (conversation.tools == 0 && !has_calls(conversation)) return false;
  if (aim.dialect->thought_signatures) return true;  // no client brings these back
  if (drops == false) return false;
  if (!aim.thinks(conversation.thinking, conversation.effort)) return false;
  if (drops == true) return true;
  if (conversation.assistant_steps != 0 && conversation.bare_steps == 0) {
    return walk_.surface != Surface::chat;  // only there such steps are told apart
  }
  return true;
}

bool Attempt::needs_usage() const {
  const config::Client* profile = walk_.understood.profile;
  return profile != nullptr && profile->needs_usage.value_or(false);
}

void Attempt::take_notes(const translation::Notes& notes) {
  for (const std::string& note : notes.all()) walk_.note(note);
}

// Whether the client's bytes need more than a splice or two, though the provider speaks its
// surface.
bool Attempt::must_repair(const translation::Aim& aim) const {
  const protocol::Conversation& conversation = walk_.understood.question->conversation;
  if (walk_.surface != upstream_) return false;
  if (upstream_ == Surface::chat) return translation::needs_repair(conversation, aim);
  const auto& request = walk_.understood.question->request;
  return upstream_ == Surface::messages && request != nullptr &&
         translation::needs_messages_repair(*request, aim);
}

// Our envelopes mean nothing to a provider, and one Claude refuses what is meant for another: where
// that cannot be cut out, the body is written anew.
bool Attempt::must_write_anew(const translation::Aim& aim) const {
  const protocol::Conversation& conversation = walk_.understood.question->conversation;
  const auto& request = walk_.understood.question->request;
  if (walk_.surface == upstream_ && request != nullptr) {
    if (upstream_ == Surface::messages) {
      return translation::is_for_another_claude(*request, aim.wire_model);
    }
    if (translation::has_foreign_seals(*request, aim)) return true;
  }
  const bool may_carry = upstream_ == Surface::responses || conversation.reasoning_details;
  return may_carry && conversation.body.find(translation::kEnvelopeMark) != std::string_view::npos;
}

bool Attempt::repairs_dsml() const {
  return upstream_ == Surface::chat && walk_.understood.question->conversation.tools != 0 &&
         walk_.snapshot->config.providers[target_.provider].repair_dsml;
}

// Whether the client may come back to the answer by its id.
bool Attempt::keeps_response() const {
  return walk_.surface == Surface::responses && walk_.worker.shared.responses != nullptr &&
         walk_.understood.question->request->store != "false";
}

// Who reads the answer beside the readers of chat, or in their place.
void Attempt::prepare_passes(const translation::Aim& aim, bool keeps) {
  const bool writes = walk_.surface != upstream_ || repairs_dsml();
  if (!writes && upstream_ == Surface::chat) {
    gatherer_ = std::make_unique<translation::AnswerPass>(upstream_, *provider_.dialect);
    gatherer_->collect(aim.maker, {.turn = keeps, .seals = aim.dialect->thought_signatures});
    return;
  }
  pass_ = std::make_unique<translation::AnswerPass>(upstream_, *provider_.dialect);
  pass_->collect(aim.maker, {.turn = keeps, .seals = walk_.surface == upstream_});
  if (!writes && keeps_response()) {
    pending_ = std::make_unique<PendingResponse>(
        PendingResponse{owner_, {}, {}, walk_.snapshot->config.providers[target_.provider].name});
  }
  if (!writes) return;
  const Question& question = *walk_.understood.question;
  translation::AnswerContext context;
  context.id.resize(RequestId::kTextSize);
  walk_.id.write(context.id.data());
  context.model = target_.model->id;
  context.created =
      std::chrono::duration_cast<std::chrono::seconds>(started_wall_.time_since_epoch()).count();
  context.estimated_prompt = walk_.understood.workload.context_tokens;
  context.include_usage = question.conversation.include_usage || needs_usage();
  if (question.request) {
    context.show_reasoning = !question.request->thinking.hide;
    context.want_proof = question.request->thinking.want_proof;
  }
  context.maker = aim.maker;
  if (walk_.surface != upstream_ && (question.request || question.conversation.other_tools)) {
    pass_->restore_custom_calls(tool_names(question, true));
  }
  if (repairs_dsml()) pass_->repair_dsml(tool_names(question, false), context.id);
  context.request = question.request.get();
  if (keeps_response()) {
    // What the client said is kept, whatever of it was left out for this provider.
    const Question& said = walk_.understood.whole ? *walk_.understood.whole : question;
    const bool goes_on = !said.previous.empty();
    pending_ = std::make_unique<PendingResponse>(
        PendingResponse{owner_,
                        said.previous,
                        goes_on ? said.own_items : translation::input_items(*said.request),
                        {}});
    pass_->record(walk_.surface, context);
  }
  pass_->write_for(walk_.surface, std::move(context));
}

std::unique_ptr<Attempt::Outgoing> Attempt::prepare() {
  const Question& question = *walk_.understood.question;
  auto out = std::make_unique<Outgoing>();
  translation::Aim aim = this->aim();
  const bool keeps = keeps_reasoning(aim);
  const bool decoded = upstream_ != Surface::chat && protocol::is_translatable(upstream_);
  const auto set_owner = [&] {
    owner_ = walk_.worker.memos.owners.of(walk_.caller, walk_.exchange.head().headers);
    aim.owner = owner_;
  };
  if (decoded || walk_.surface != upstream_ || keeps) set_owner();
  const bool repairs = must_repair(aim);
  const bool translated = walk_.surface != upstream_ || must_write_anew(aim);
  if (owner_.empty() && (repairs || translated)) set_owner();
  auto form = asked_form();
  if (!form) {
    fail_with(ledger::Outcome::provider_error, std::move(form.error()), {});
    return nullptr;
  }
  if (!(translated ? translate(*out, aim) : splice(*out, aim, repairs))) return nullptr;
  if (keeps || *form || decoded || walk_.surface != upstream_ || repairs_dsml()) {
    prepare_passes(aim, keeps);
    if (*form) (pass_ ? pass_ : gatherer_)->check(std::move(*form));
  }

  if (out->beta) {
    walk_.note("beta of the provider");
    out->add(provider_.beta_chat_head);
  } else {
    out->add(provider_.request_heads[static_cast<std::size_t>(upstream_)]);
  }
  if (walk_.surface != upstream_) {
    out->fields = without_surface_fields(question.forwarded);
    out->fields += provider_.dialect->headers;
    out->add(out->fields);
  } else {
    out->add(question.forwarded);
    // Which model answers is ours to say, so what only one provider asks for is not the client's.
    if (upstream_ == Surface::messages && !names_version(question.forwarded)) {
      out->add(provider_.dialect->headers);
    }
  }
  const std::size_t size = out->edits ? out->edits->size() : out->body.size();
  const auto length_end =
      fmt::format_to(out->length_line, FMT_COMPILE("Content-Length: {}\r\n\r\n"), size);
  out->add({out->length_line, static_cast<std::size_t>(length_end - out->length_line)});
  if (out->edits) {
    const protocol::Edits::Pieces body = out->edits->pieces();
    for (const std::string_view piece : body.all()) out->add(piece);
  } else {
    out->add(out->body);
  }
  return out;
}

// The client cannot know which model answers, and the wrong name is refused by OpenAI's models that
// think and ignored by others, who then write as much as they like.
bool Attempt::must_rename_max_tokens(const protocol::Conversation& conversation) const {
  const protocol::DialectTable& dialect = *provider_.dialect;
  if (!conversation.max_tokens || conversation.max_tokens_name == dialect.max_tokens_key)
    return false;
  if (&dialect == &protocol::kOpenAi) return target_.model->thinking;
  return &dialect != &protocol::kOpenAiCompatible;  // whoever that is may want either
}

// What this target needs changed, spliced into the client's bytes.
bool Attempt::splice(Outgoing& out, const translation::Aim& aim, bool repairs) {
  const Question& question = *walk_.understood.question;
  const protocol::Conversation* conversation = &question.conversation;
  const protocol::DialectTable& dialect = *provider_.dialect;
  if (repairs) {
    translation::Notes notes;
    auto cuts = upstream_ == Surface::chat
                    ? translation::repair_chat(*conversation, aim, notes)
                    : translation::repair_messages(conversation->body, aim, notes);
    if (cuts) {
      out.body = translation::apply(conversation->body, std::move(*cuts));
      Result<protocol::Conversation> repaired = read_again(upstream_, out.body);
      if (repaired) {
        out.conversation = *repaired;
      } else {
        cuts = std::unexpected(repaired.error());
      }
    }
    if (!cuts) {
      fail_with(ledger::Outcome::provider_error, cuts.error(), {});
      return false;
    }
    take_notes(notes);
    conversation = &*out.conversation;
  }
  protocol::Edits& edits = out.edits.emplace(*conversation);
  if (conversation->model != target_.model->wire_name) edits.set_model(target_.model->wire_name);
  const bool chat = upstream_ == Surface::chat;
  if (target_.max_tokens != 0) {
    edits.limit_max_tokens(chat ? dialect.max_tokens_key : protocol::max_tokens_name(upstream_),
                           target_.max_tokens);
  }
  if (chat && target_.max_tokens == 0 && must_rename_max_tokens(*conversation)) {
    edits.limit_max_tokens(dialect.max_tokens_key, *conversation->max_tokens);
  }
  if (dialect.include_usage && (chat || upstream_ == Surface::completions)) {
    hide_usage_ = edits.ensure_include_usage() && !needs_usage();
  }
  out.beta = chat && !dialect.beta.empty() && (conversation->strict_tools || conversation->prefix);
  if (chat && !conversation->has_thinking_field && !conversation->has_effort_field &&
      target_.model->thinking) {
    edits.add_members(protocol::thinking_members(dialect, target_.thinking));
  }
  if (edits.ok()) return true;
  fail_with(ledger::Outcome::provider_error,
            {ErrorCode::invalid, "the request's fields overlap in a way that cannot be edited", {}},
            {});
  return false;
}

// Whether all of the request is in it: what another provider keeps is not.
Result<void> Attempt::check_self_contained(const translation::Request& request) const {
  if (request.previous_response_id.empty()) return translation::check_self_contained(request);
  return std::unexpected(missing_previous(walk_.worker.shared.responses.get(), owner_,
                                          request.previous_response_id, target_.model->provider));
}

// The request in the words of the provider's surface.
bool Attempt::translate(Outgoing& out, const translation::Aim& aim) {
  const Question& question = *walk_.understood.question;
  // A copy, since another target may need other changes. Its views hold as long as the question.
  Result<translation::Request> request =
      question.request ? Result<translation::Request>(*question.request)
                       : translation::codec(walk_.surface).read_request(question.conversation.body);
  if (!request) {  // wrong in itself, wherever it goes
    fail_with(ledger::Outcome::provider_error, request.error(), {});
    return false;
  }
  translation::Notes notes;
  Result<void> written;
  if (!question.restored.empty()) request->previous_response_id = {};
  if (walk_.surface != upstream_) written = check_self_contained(*request);
  if (written) {
    // Without its encrypted items a model's reasoning could not come back.
    request->thinking.want_proof = request->thinking.want_proof || target_.model->thinking;
    if (walk_.surface == upstream_) translation::name_makers(*request, aim);
    translation::fit(*request, aim, notes);
    out.beta = upstream_ == Surface::chat && !provider_.dialect->beta.empty() &&
               translation::needs_beta(*request);
    written = translation::codec(upstream_).write_request(
        *request, *provider_.dialect, target_.model->wire_name, out.body, notes);
  }
  if (!written) {
    fail_with(ledger::Outcome::provider_error, written.error(),
              {.retryable = false, .provider_at_fault = false, .try_fallback = true});
    return false;
  }
  // Between chat and chat the usage chunk that we ask for is hidden as in any other case.
  hide_usage_ = walk_.surface == upstream_ && upstream_ == Surface::chat && request->stream &&
                !request->include_usage && !needs_usage();
  take_notes(request->dropped);
  take_notes(notes);
  return true;
}

}  // namespace tidegate::gateway
