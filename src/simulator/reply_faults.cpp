#include "simulator/reply_faults.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace tidegate::simulator {
namespace {

constexpr std::string_view kGarbage = "<html><body>502 Bad Gateway</body></html>\n{\"choices\":[{";

}  // namespace

bool answers_nothing(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::hang:
    case FaultKind::close:
    case FaultKind::cut_head:
      return true;
    case FaultKind::reset:
      return fault.number == 0;
    default:
      return false;
  }
}

std::string retry_after_line(const Fault& fault, WallTime now) {
  switch (fault.retry_after) {
    case Fault::RetryAfter::none:
      return {};
    case Fault::RetryAfter::seconds:
      return fmt::format("Retry-After: {}\r\n", fault.number);
    case Fault::RetryAfter::date:
      break;
  }
  const auto at = std::chrono::ceil<std::chrono::seconds>(now) + std::chrono::seconds(fault.number);
  const std::time_t seconds = at.time_since_epoch().count();
  return fmt::format("Retry-After: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", fmt::gmtime(seconds));
}

void spoil(Reply& reply) {
  const auto at = std::min(reply.events.size(), static_cast<std::size_t>(reply.fault.number));
  switch (reply.fault.kind) {
    case FaultKind::garbage:
      reply.events.clear();
      reply.body = kGarbage;
      break;
    case FaultKind::garbage_stream:
      if (reply.events.empty()) {
        reply.body = kGarbage;
      } else {
        reply.events = {"data: {\"choices\":[{\n\n", "data: this is no JSON\n\n",
                        "data: [DONE]\n\n"};
      }
      break;
    case FaultKind::error_event:
      if (reply.events.empty()) break;
      reply.events.resize(at);
      reply.events.push_back(reply.error_event);
      break;
    case FaultKind::slow_chunks:
      reply.per_event = std::chrono::milliseconds(reply.fault.number);
      break;
    default:
      break;
  }
}

}  // namespace tidegate::simulator
