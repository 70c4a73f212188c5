#include "simulator/stored_responses.h"

#include <fmt/format.h>

namespace tidegate::simulator {
namespace {

Refusal not_found(std::string_view id) {
  return {.status = 404, .message = fmt::format("Response with id '{}' not found.", id)};
}

// In the order of the conversation, whatever page is asked for.
std::string list_of(const std::vector<std::string>& items) {
  return fmt::format(R"({{"object":"list","data":[{}],"has_more":false}})", fmt::join(items, ","));
}

}  // namespace

Reply answer_stored(const Call& call, const http::RequestHead& head, State& state) {
  if (auto reply = check_key(call)) return *reply;
  std::string_view path = head.path();
  const bool lists = path.ends_with("/input_items");
  if (lists) path.remove_suffix(sizeof "/input_items" - 1);
  const std::string_view id = path.substr(path.rfind('/') + 1);
  const auto stored = state.responses.find_response(id);
  if (!stored) return refuse(call, not_found(id));
  Reply reply = good_reply(call, false, 0);
  if (lists) {
    reply.body = list_of(stored->input);
  } else if (head.method == "DELETE") {
    state.responses.erase(id);
    reply.body = fmt::format(R"({{"id":"{}","object":"response","deleted":true}})", id);
  } else {
    reply.body = stored->body;
  }
  return reply;
}

}  // namespace tidegate::simulator
