#include "gateway/request_fields.h"

#include "base/text.h"

namespace tidegate::gateway {
namespace {

bool is(std::string_view name, std::string_view lower) { return equals_ignoring_case(name, lower); }

// Headers that end at this hop, in either direction.
bool is_hop_by_hop(std::string_view name) {
  switch (name.size()) {
    case 2:
      return is(name, "te");
    case 7:
      return is(name, "trailer") || is(name, "upgrade");
    case 10:
      return is(name, "connection") || is(name, "keep-alive");
    case 14:
      return is(name, "content-length");
    case 16:
      return is(name, "proxy-connection");
    case 17:
      return is(name, "transfer-encoding");
    case 18:
      return is(name, "proxy-authenticate");
    case 19:
      return is(name, "proxy-authorization");
    default:
      return false;
  }
}

bool is_ours_or_private(std::string_view name) {
  switch (name.size()) {
    case 4:
      return is(name, "host");
    case 6:
      return is(name, "expect") || is(name, "cookie");
    case 7:
      return is(name, "api-key");
    case 9:
      return is(name, "x-api-key") || is(name, "forwarded");
    case 13:
      return is(name, "authorization");
    // The answer is read as it passes, so it must not be compressed.
    case 15:
      return is(name, "accept-encoding") || is(name, "x-forwarded-for");
    case 16:
      return is(name, "x-forwarded-host");
    case 17:
      return is(name, "x-forwarded-proto");
    default:
      return false;
  }
}

constexpr std::string_view kOwnPrefix = "x-tidegate-";

bool has_own_prefix(std::string_view name) {
  return name.size() > kOwnPrefix.size() && is(name.substr(0, kOwnPrefix.size()), kOwnPrefix);
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

RequestFields read_request_fields(const http::Headers& headers, std::string& forwarded) {
  RequestFields fields;
  forwarded.reserve(forwarded.size() + headers.lines().size());
  for (const http::Header& header : headers) {
    if (has_own_prefix(header.name)) {
      const std::string_view rest = header.name.substr(kOwnPrefix.size());
      if (is(rest, "task")) fields.task = header.value;
      if (is(rest, "role")) fields.role = header.value;
      if (is(rest, "route")) fields.route = header.value;
      continue;
    }
    if (is(header.name, "user-agent")) fields.user_agent = header.value;
    if (is_hop_by_hop(header.name) || is_ours_or_private(header.name)) continue;
    append_line(forwarded, header.name, header.value);
  }
  return fields;
}

void append_answer_fields(std::string& out, const http::Headers& headers) {
  for (const http::Header& header : headers) {
    const std::string_view name = header.name;
    if (is_hop_by_hop(name) || is(name, "date") || is(name, "set-cookie") || is(name, "alt-svc") ||
        is(name, "strict-transport-security") || has_own_prefix(name)) {
      continue;
    }
    append_line(out, is(name, "x-request-id") ? "x-tidegate-upstream-request-id" : name,
                header.value);
  }
}

}  // namespace tidegate::gateway
