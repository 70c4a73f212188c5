#include "gateway/answer_headers.h"

#include <fmt/format.h>

namespace tidegate::gateway {
namespace {

void append_line(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string request_headers(const Walk& walk) {
  std::string out;
  out.reserve(768);
  const auto id = walk.id.text();
  append_line(out, "x-request-id", {id.data(), id.size()});
  append_line(out, "x-tidegate-notes", walk.notes);
  return out;
}

std::string decision_headers(const Walk& walk, const routing::Target& target) {
  std::string out = request_headers(walk);
  append_line(out, "x-tidegate-route", route_name(walk.understood.decision));
  append_line(out, "x-tidegate-model", target.model->id);
  append_line(out, "x-tidegate-provider", target.model->provider);
  append_line(out, "x-tidegate-reason", walk.understood.decision.reason.view());
  append_line(out, "x-tidegate-attempts", fmt::format_int(walk.attempts).c_str());
  return out;
}

}  // namespace tidegate::gateway
