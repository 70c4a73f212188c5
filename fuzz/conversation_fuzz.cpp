// Any bytes as a request of chat, and of the surfaces that are only passed on: read, measured and
// edited. What was accepted must be JSON to another reader, its places must lie in the body, and
// the edited body must be accepted with the new values.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "json/checked_text.h"
#include "json/reader.h"
#include "protocol/conversation.h"
#include "protocol/edits.h"
#include "workload/workload.h"

namespace {

using namespace tidegate;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_places(const protocol::Conversation& it, std::string_view body) {
  for (const protocol::Range& place :
       {it.model_value, it.stream_value, it.stream_options_value, it.include_usage_value,
        it.max_tokens_key, it.max_tokens_value, it.other_max_tokens_value}) {
    require(place.begin <= place.end && place.end <= body.size());
  }
  require(it.members_begin > 0 && body[it.members_begin - 1] == '{');
  require(it.model_value.size() == it.model.size() + 2);
  require(it.messages > 0);
}

void pass_on(protocol::Surface surface, std::string_view body) {
  protocol::ToolsMemo memo;
  const auto read = protocol::read_conversation(body, memo, surface);
  if (!read) {
    require(!read.error().message.empty() && read.error().code == ErrorCode::invalid);
    return;
  }
  require(workload::measure(*read, {}).context_tokens > 0);
  protocol::Edits edits(*read);
  edits.set_model("m2");
  edits.ensure_include_usage();
  require(edits.ok());
  const std::string out = edits.apply();
  const auto again = protocol::read_conversation(out, memo, surface);
  require(again && again->model == "m2" && again->token_ids == read->token_ids);
  require(again->text == read->text && (!again->stream || again->include_usage));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exact size, so that a read past the end is seen.
  const auto bytes = std::make_unique<char[]>(size);
  if (size > 0) std::memcpy(bytes.get(), data, size);
  const std::string_view body(bytes.get(), size);

  pass_on(protocol::Surface::embeddings, body);
  pass_on(protocol::Surface::completions, body);
  const auto read = protocol::read_conversation(body);
  if (!read) {
    require(!read.error().message.empty() && read.error().code == ErrorCode::invalid);
    return 0;
  }
  check_places(*read, body);
  const auto workload = workload::measure(*read, {});
  require(workload.context_tokens > 0);
  require(workload.planning_score >= 0 && workload.planning_score <= 1);

  protocol::Edits edits(*read);
  edits.set_model("other \"model\"");
  edits.ensure_include_usage();
  edits.limit_max_tokens("max_completion_tokens", 100);
  edits.set_member(read->response_format_value, "response_format", R"({"type":"text"})");
  require(edits.ok());
  const std::string edited = edits.apply();
  require(edited.size() == edits.size());

  protocol::Edits plain(*read);
  plain.set_model("m2");
  plain.ensure_include_usage();
  plain.set_max_tokens("max_tokens", 7);
  const std::string out = plain.apply();
  const auto again = protocol::read_conversation(out);
  require(again.has_value());
  require(again->model == "m2" && again->max_tokens == 7 && again->stream == read->stream);
  require(!again->stream || again->include_usage);
  require(again->messages == read->messages && again->fingerprint == read->fingerprint);
  // A name with escapes is refused as a model, but what was written must still be JSON.
  const auto checked = json::check_text(edited);
  require(checked.has_value());
  json::Reader reader(*checked);
  require(reader.skip() && reader.finish());
  return 0;
}
