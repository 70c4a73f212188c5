#include "gateway/answer_headers.h"

#include <fmt/format.h>

#include "gateway/limit_headers.h"

namespace tidegate::gateway {

std::string request_headers(const Walk& walk) {
  constexpr std::string_view kId = "x-request-id: ";
  std::string out;
  out.reserve(768);
  out.append(kId).append(RequestId::kTextSize, ' ').append("\r\n");
  walk.id.write(out.data() + kId.size());
  if (!walk.notes.empty()) out.append("x-tidegate-notes: ").append(walk.notes).append("\r\n");
  if (walk.limited != nullptr) {
    const Loop& loop = walk.worker.loop;
    append_limit_headers(out, *walk.limited, walk.surface, loop.now(), loop.wall());
  }
  return out;
}

std::string decision_headers(const Walk& walk, const routing::Target& target) {
  std::string out = request_headers(walk);
  out.append(walk.snapshot->runtime(target).header_lines);
  const fmt::format_int attempts(walk.attempts);
  out.append("x-tidegate-reason: ").append(walk.understood.decision.reason.view());
  out.append("\r\nx-tidegate-attempts: ").append(attempts.data(), attempts.size()).append("\r\n");
  return out;
}

}  // namespace tidegate::gateway
