#include "gateway/understand.h"

#include <algorithm>

#include "base/text.h"
#include "gateway/offers.h"
#include "gateway/response_state.h"
#include "json/writer.h"
#include "translation/codec.h"
#include "translation/messages_count.h"
#include "translation/responses_request.h"
#include "translation/summary.h"

namespace tidegate::gateway {
namespace {

// Labels of requests that become record fields.
constexpr std::size_t kMaxLabel = 128;

// What is written into records and logs, where no key may be.
Result<void> check_no_key(std::string_view value, const char* field) {
  if (!value.contains(limits::kKeyPrefix)) return {};
  return fail(ErrorCode::invalid, "this is an API key, or holds one; send it as Authorization",
              field);
}

Result<std::string> label(std::string_view value, const char* header) {
  if (value.empty()) return std::string();
  if (auto good = check_no_key(value, header); !good) return std::unexpected(good.error());
  if (value.size() > kMaxLabel || !is_valid_utf8(value)) {
    return fail(ErrorCode::invalid, "expected at most 128 bytes of UTF-8", header);
  }
  return std::string(value);
}

// Of which there is no other reading than that of its bytes.
bool is_read_in_place(protocol::Surface surface) {
  return surface == protocol::Surface::chat || !protocol::is_translatable(surface);
}

Result<Priority> read_priority(std::string_view header) {
  if (header == "batch") return Priority::batch;
  if (header == "interactive") return Priority::interactive;
  return fail(ErrorCode::invalid, "expected interactive or batch", "x-tidegate-priority");
}

void take(translation::Request request, Question& question) {
  question.request = std::make_unique<translation::Request>(std::move(request));
  question.conversation = translation::summarize(*question.request);
}

// Reads a request of Responses or Messages, which may refer to responses that we keep.
Result<void> read_request(SharedState& shared, Memos& memos, const Asked& asked,
                          Question& question) {
  const translation::Codec& codec = translation::codec(asked.surface);
  Result<translation::Request> read =
      asked.counts ? translation::read_messages_count(asked.body) : codec.read_request(asked.body);
  if (read && asked.surface == protocol::Surface::responses && shared.responses != nullptr) {
    auto restored =
        restore_state(*shared.responses, memos.owners.of(asked.caller, asked.headers), *read);
    if (restored) {
      question.previous = read->previous_response_id;
      if (!question.previous.empty()) question.own_items = translation::input_items(*read);
      question.restored = std::move(*restored);
      read = codec.read_request(question.restored);
      if (read) read->previous_response_id = question.previous;  // the answer says it again
    }
  }
  if (!read) return std::unexpected(read.error());
  take(std::move(*read), question);
  return {};
}

// The error of a request that shows what no model may be shown names where that stands.
Error located(Error error, const Asked& asked, const Question& question) {
  const auto kind = std::ranges::find(kMediaNames, std::string_view(error.field),
                                      &std::pair<std::string_view, Media>::first);
  if (error.code != ErrorCode::invalid || kind == kMediaNames.end()) return error;
  const auto from = [&](const translation::Request& request) {
    const auto shown = std::ranges::find(request.parts, kind->second, &translation::media_of);
    if (shown != request.parts.end()) error.field = translation::path(asked.surface, shown->place);
  };
  if (question.request) {
    from(*question.request);
  } else if (const auto read = translation::codec(asked.surface).read_request(asked.body)) {
    from(*read);
  } else {
    error.field = "messages";
  }
  error.message = error.field + ": " + error.message;
  return error;
}

}  // namespace

Result<void> read_question(protocol::Surface surface, std::string_view body, Memos& memos,
                           Question& question) {
  if (is_read_in_place(surface)) {
    Result<protocol::Conversation> read = protocol::read_conversation(body, memos.tools, surface);
    if (!read) return std::unexpected(read.error());
    question.conversation = *read;
  } else {
    Result<translation::Request> read = translation::codec(surface).read_request(body);
    if (!read) return std::unexpected(read.error());
    take(std::move(*read), question);
  }
  return {};
}

Result<void> understand(const Snapshot& snapshot, SharedState& shared, Memos& memos,
                        const Asked& asked, Understanding& out) {
  out.question = std::make_unique<Question>();
  Question& question = *out.question;
  const RequestFields& fields =
      memos.fields.read(asked.headers, asked.head_shape, question.forwarded);
  const Result<void> read = is_read_in_place(asked.surface)
                                ? read_question(asked.surface, asked.body, memos, question)
                                : read_request(shared, memos, asked, question);
  if (!read) return read;
  const protocol::Conversation& conversation = question.conversation;

  Result<std::string> task = label(fields.task, "x-tidegate-task");
  if (!task) return std::unexpected(task.error());
  Result<std::string> role = label(fields.role, "x-tidegate-role");
  if (!role) return std::unexpected(role.error());
  if (asked.caller.key != nullptr) {
    if (auto good = check_no_key(conversation.model, "model"); !good) return good;
    if (auto good = check_no_key(fields.user_agent, "user-agent"); !good) return good;
    if (auto good = check_no_key(fields.route, "x-tidegate-route"); !good) return good;
  }
  out.task = std::move(*task);
  out.role = std::move(*role);
  shared.affinity.expect(routing::task_hash(out.task, out.role, conversation.fingerprint));
  std::string_view key_digest;
  if (snapshot.profiles.by_key()) key_digest = memos.owners.key_digest(asked.headers);
  out.profile = memos.profile.find(snapshot.profiles, fields.user_agent, key_digest);
  out.client = out.profile != nullptr ? std::string_view(out.profile->name)
                                      : routing::product(fields.user_agent).substr(0, kMaxLabel);
  if (out.profile != nullptr) out.priority = out.profile->priority.value_or(out.priority);
  if (!fields.priority.empty()) {
    const Result<Priority> priority = read_priority(fields.priority);
    if (!priority) return std::unexpected(priority.error());
    out.priority = *priority;
  }
  out.requested_model = conversation.model.substr(0, kMaxLabel);
  out.stream = conversation.stream;
  out.workload = workload::measure(conversation, shared.any_model.weights());
  if (asked.counts) out.workload.media = 0;  // nothing is shown to a model

  const bool translatable = protocol::is_translatable(asked.surface);
  if (!translatable) {
    Result<void> named = check_names_model(asked.surface, conversation.model, fields.route);
    if (!named) return named;
  }
  routing::Query query{.workload = out.workload,
                       .model = conversation.model,
                       .forced_route = fields.route,
                       .task = out.task,
                       .role = out.role,
                       .user_agent = fields.user_agent,
                       .fingerprint = conversation.fingerprint,
                       .now = asked.now,
                       .wall = asked.received,
                       .permit = asked.caller.permit()};
  // A model's context bounds each text that it embeds, not all of them together.
  if (asked.surface == protocol::Surface::embeddings) query.workload.context_tokens = 0;
  Result<routing::Decision> decision = routing::decide(snapshot.table, &shared.affinity, query);
  if (!decision) return std::unexpected(located(std::move(decision.error()), asked, question));
  out.decision = std::move(*decision);
  if (!translatable) return keep_offers(snapshot, asked.surface, out.decision);
  return {};
}

std::string explain(const Snapshot& snapshot, const Understanding& understanding) {
  const workload::Workload& workload = understanding.workload;
  const routing::Decision& decision = understanding.decision;
  std::string out;
  json::Writer json(out);
  json.begin_object();
  json.member("route", route_name(decision));
  json.member("reason", decision.reason.view());
  json.key("targets").begin_array();
  for (const routing::Target* target : decision.targets()) {
    json.begin_object();
    json.member("model", target->model->id);
    json.member("provider", target->model->provider);
    json.member("wire_name", target->model->wire_name);
    if (target->max_tokens != 0) json.member("max_tokens", target->max_tokens);
    json.end_object();
  }
  json.end_array();
  json.key("workload").begin_object();
  json.member("context_tokens", workload.context_tokens);
  json.member("tool_density", workload.tool_density);
  json.member("planning_score", static_cast<double>(workload.planning_score));
  json.member("messages", workload.messages);
  json.member("tools", workload.tools);
  json.member("images", workload.images);
  json.member("assistant_steps", workload.assistant_steps);
  json.member("max_tokens", workload.max_tokens);
  json.member("stream", workload.stream);
  json.end_object();
  if (snapshot.config.simulated) json.member("simulated", true);
  json.end_object();
  return out;
}

}  // namespace tidegate::gateway
