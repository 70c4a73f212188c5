#include "translation/fault.h"

#include <fmt/format.h>

#include "json/escape.h"
#include "translation/codec.h"
#include "translation/responses_request.h"

namespace tidegate::translation {
namespace {

bool is_whole(std::string_view raw) { return json::unescape(raw).has_value(); }

bool has_half_a_character(const Part& part) {
  return !is_whole(part.text) || !is_whole(part.name) || !is_whole(part.id) ||
         (part.arguments_escaped && !is_whole(part.arguments));
}

std::string where(const Request& request, const Part& part) {
  if (request.surface == Surface::chat && part.kind == Part::Kind::tool_call) {
    return fmt::format("messages[{}].tool_calls[{}]", part.place.item, part.place.element);
  }
  return path(request.surface, part.place);
}

}  // namespace

std::optional<Error> find_fault(Surface surface, std::string_view body) {
  if (!protocol::is_translatable(surface)) return std::nullopt;
  const Result<Request> request = codec(surface).read_request(body);
  if (!request) {
    return request.error().field.empty() ? std::nullopt : std::optional(request.error());
  }
  if (request->previous_response_id.empty()) {
    if (const auto whole = check_self_contained(*request); !whole) return whole.error();
  }
  for (const Part& part : request->parts) {
    const std::string place = where(*request, part);
    if (has_half_a_character(part)) {
      return Error{ErrorCode::invalid,
                   fmt::format("{} holds half of a character, an escape from \\ud800 to \\udfff "
                               "without the other half",
                               place),
                   place};
    }
    if (part.kind == Part::Kind::other) {
      return Error{
          ErrorCode::invalid,
          fmt::format("{} is of the type {}, which not every provider knows", place, part.name),
          place};
    }
  }
  return std::nullopt;
}

Error with_fault(Error said, const Error& fault) {
  said.message += fmt::format(" ({})", fault.message);
  said.field = fault.field;
  return said;
}

}  // namespace tidegate::translation
