// A request head that we accept, llhttp in strict mode accepts too, with the same framing: what
// stands behind us cannot see another request than we do. Also: a head that comes in pieces is
// incomplete until it is whole, and its headers can be walked.
#include <llhttp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "http/head.h"

using namespace tidegate::http;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

constexpr HeadLimits kLimits{.bytes = 4096, .headers = 16};

// Other methods mean something of their own to llhttp, or nothing.
bool compared(const RequestHead& head) {
  constexpr std::array<std::string_view, 7> kMethods = {"GET",    "HEAD",    "POST", "PUT",
                                                        "DELETE", "OPTIONS", "PATCH"};
  for (const Header& header : head.headers) {
    // Allowed by RFC 9110, 5.6.3, but llhttp knows only spaces behind a length.
    if (header.line.ends_with("\t\r\n") || header.line.find("\t ") != std::string_view::npos) {
      return false;
    }
  }
  const bool known = std::ranges::find(kMethods, head.method) != kMethods.end();
  // How an http URL's authority is written is for the one who opens it, not for framing.
  return known && (head.target.starts_with('/') || head.target == "*");
}

void compare(std::string_view bytes, const RequestHead& head) {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_headers_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &settings);
  const llhttp_errno_t result = llhttp_execute(&parser, bytes.data(), bytes.size());
  if (result != HPE_PAUSED) std::fprintf(stderr, "%s: ", llhttp_get_error_reason(&parser));
  require(result == HPE_PAUSED, "llhttp refuses what we accept");

  const bool chunked = (parser.flags & F_CHUNKED) != 0;
  require(chunked == (head.framing == Framing::chunked), "chunked for one, not for the other");
  const std::uint64_t length = (parser.flags & F_CONTENT_LENGTH) != 0 ? parser.content_length : 0;
  require(chunked || length == head.content_length, "another length");
  require(parser.http_minor == (head.http_1_0 ? 0 : 1), "another version");
  // It stops at the last byte of the head.
  const auto size = static_cast<std::size_t>(llhttp_get_error_pos(&parser) - bytes.data());
  require(size == head.size || size + 1 == head.size, "another end of the head");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A buffer of its own, so that a sanitizer sees reads past its end.
  const std::vector<char> buffer(data, data + size);
  const std::string_view bytes(buffer.data(), buffer.size());
  RequestHead head;
  const HeadResult result = parse_request_head(bytes, kLimits, head);
  require(result.state != HeadState::bad || !result.problem.empty(), "refused without a reason");
  ResponseHead response;
  const HeadResult answer = parse_response_head(bytes, kLimits, response);
  require(answer.state != HeadState::complete || response.size <= size, "an end behind the end");
  if (result.state != HeadState::complete) return 0;

  require(head.size <= size && head.size <= kLimits.bytes, "an end behind the end");
  int count = 0;
  std::size_t walked = 0;
  for (const Header& header : head.headers) {
    ++count;
    walked += header.line.size();
    require(!header.name.empty(), "a header without a name");
    require(header.value().find_first_of("\r\n") == std::string_view::npos, "a value of two lines");
  }
  require(count <= kLimits.headers && walked == head.headers.lines().size(), "headers got lost");
  for (std::size_t part = 0; part < head.size; ++part) {
    RequestHead ignored;
    const HeadResult early = parse_request_head(bytes.substr(0, part), kLimits, ignored);
    require(early.state == HeadState::incomplete, "decided before the head was whole");
  }
  if (compared(head)) compare(bytes, head);
  return 0;
}
