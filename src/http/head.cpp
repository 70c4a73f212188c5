#include "http/head.h"

#include <array>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/text.h"

namespace tidegate::http {
namespace {

// RFC 9110, 5.6.2.
constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

const char* skip_token(const char* at, const char* end) {
#if defined(__SSE2__)
  // Letters, digits and '-' are all that most names have; the table below judges the rest.
  const auto at_most = [](__m128i bytes, char most) {
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(most)), bytes);
  };
  while (end - at >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    const __m128i letter = at_most(_mm_sub_epi8(lower, _mm_set1_epi8('a')), 25);
    const __m128i digit = at_most(_mm_sub_epi8(bytes, _mm_set1_epi8('0')), 9);
    const __m128i dash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
    const int mask = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), dash));
    if (mask != 0xffff) {
      at += __builtin_ctz(~static_cast<unsigned>(mask));
      break;
    }
    at += 16;
  }
#endif
  while (at != end && kToken[static_cast<unsigned char>(*at)]) ++at;
  return at;
}

// The first `byte`, which must be there.
const char* find_byte(const char* at, [[maybe_unused]] const char* end, char byte) {
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi8(byte);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted));
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  while (*at != byte) ++at;
  return at;
}

// To the first control byte other than a tab.
const char* skip_text(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const __m128i stop = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), control),
                                      _mm_cmpeq_epi8(bytes, del));
    const int mask = _mm_movemask_epi8(stop);
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  while (at != end) {
    const auto c = static_cast<unsigned char>(*at);
    if ((c < 0x20 && c != '\t') || c == 0x7f) break;
    ++at;
  }
  return at;
}

// Without the blanks around it.
std::string_view trimmed(const char* begin, const char* end) {
  while (begin != end && (*begin == ' ' || *begin == '\t')) ++begin;
  while (begin != end && (end[-1] == ' ' || end[-1] == '\t')) --end;
  return {begin, static_cast<std::size_t>(end - begin)};
}

HeadResult bad(std::string_view problem, int status = 400) {
  return {HeadState::bad, status, problem};
}

// What the framing headers say, whatever the direction.
struct FramingHeaders {
  bool has_length = false;
  bool has_transfer_encoding = false;
  std::uint64_t length = 0;
  int hosts = 0;
  std::string_view host;
  std::string_view content_type;
  bool close = false;
  bool keep_alive = false;
  bool expect_continue = false;
  bool expect_other = false;
};

bool list_has(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (equals_ignoring_case(trim(list.substr(0, comma)), word)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

// Notes a header that decides about framing or the connection; what is malformed in it, or null.
const char* note(FramingHeaders& out, std::string_view name, const char* begin, const char* end) {
  const auto is = [name](std::string_view lower) { return equals_ignoring_case(name, lower); };
  const auto value = [begin, end] { return trimmed(begin, end); };
  switch (name.size()) {
    case 4:
      if (is("host")) {
        ++out.hosts;
        out.host = value();
      }
      break;
    case 6:
      if (is("expect")) {
        const bool go_on = equals_ignoring_case(value(), "100-continue");
        (go_on ? out.expect_continue : out.expect_other) = true;
      }
      break;
    case 10:
      if (is("connection")) {
        out.close = out.close || list_has(value(), "close");
        out.keep_alive = out.keep_alive || list_has(value(), "keep-alive");
      }
      break;
    case 12:
      if (out.content_type.empty() && is("content-type")) out.content_type = value();
      break;
    case 14:
      if (is("content-length")) {
        if (out.has_length) return "Content-Length is repeated";
        const auto length = value().size() <= 15 ? parse_u64(value()) : std::nullopt;
        if (!length) return "Content-Length is not a plain decimal number";
        out.has_length = true;
        out.length = *length;
      }
      break;
    case 17:
      if (is("transfer-encoding")) {
        if (out.has_transfer_encoding) return "Transfer-Encoding is repeated";
        if (!equals_ignoring_case(value(), "chunked")) {
          return "Transfer-Encoding is something other than \"chunked\"";
        }
        out.has_transfer_encoding = true;
      }
      break;
    default:
      break;
  }
  return nullptr;
}

// Reads header lines up to the empty one. `at` ends behind it.
HeadResult parse_lines(const char*& at, const char* end, int max_headers, FramingHeaders& out) {
  const char* p = at;
  for (int count = 0;; ++count) {
    if (p == end) return {};
    if (*p == '\r') {
      if (end - p < 2) return {};
      if (p[1] != '\n') return bad("the head contains a bare CR");
      if (out.has_length && out.has_transfer_encoding) {
        return bad("Content-Length and Transfer-Encoding are both there");
      }
      at = p + 2;
      return {HeadState::complete};
    }
    if (count == max_headers) return bad("the head has too many header lines", 431);
    const char* const name = p;
    p = skip_token(p, end);
    if (p == end) return {};
    if (*p != ':' || p == name) {
      if (*name == ' ' || *name == '\t')
        return bad("a header line is folded (starts with a blank)");
      return bad(*p == '\n' ? "a header line ends in a bare LF"
                            : "a header name is empty or contains a character that is not allowed");
    }
    const std::string_view name_text(name, static_cast<std::size_t>(p - name));
    const char* const value = ++p;
    p = skip_text(p, end);
    if (end - p < 2)
      return p == end || *p == '\r' ? HeadResult{} : bad("a header value contains a control byte");
    if (p[0] != '\r' || p[1] != '\n') {
      return bad(*p == '\n' ? "a header line ends in a bare LF"
                            : "a header value contains a control byte");
    }
    if (const char* const problem = note(out, name_text, value, p); problem != nullptr) {
      return bad(problem);
    }
    p += 2;
  }
}

}  // namespace

std::string_view Header::value() const {
  return trimmed(name.data() + name.size() + 1, line.data() + line.size() - 2);
}

void Headers::Iterator::read() {
  if (rest_.empty()) return;
  // The head was checked: there is a colon, and CRLF ends the line.
  const char* const begin = rest_.data();
  const char* const limit = begin + rest_.size();
  const char* const colon = find_byte(begin, limit, ':');
  const char* const end = find_byte(colon, limit, '\n');
  header_.name = {begin, static_cast<std::size_t>(colon - begin)};
  header_.line = {begin, static_cast<std::size_t>(end + 1 - begin)};
}

std::string_view Headers::find(std::string_view name) const {
  for (const Header& header : *this) {
    if (equals_ignoring_case(header.name, name)) return header.value();
  }
  return {};
}

std::string_view RequestHead::query() const {
  const auto mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

void RequestHead::rebase(const char* from, const char* to) {
  const auto move = [&](std::string_view text) {
    return std::string_view(to + (text.data() - from), text.size());
  };
  method = move(method);
  target = move(target);
  if (host.data() != nullptr) host = move(host);
  headers = Headers(move(headers.lines()));
}

HeadResult parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head) {
  const bool over = bytes.size() > limits.bytes;
  if (over) bytes = bytes.substr(0, limits.bytes);
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  const auto incomplete = [&] {
    return over ? bad("the head is larger than the limit", 431) : HeadResult{};
  };

  if (bytes == "\r") return incomplete();
  if (bytes.starts_with("\r\n")) p += 2;
  const char* const method = p;
  p = skip_token(p, end);
  if (p == end) return incomplete();
  if (*p != ' ' || p == method)
    return bad("the request line does not begin with a method and one space");
  head.method = {method, static_cast<std::size_t>(p - method)};

  const char* const target = ++p;
  while (p != end && static_cast<unsigned char>(*p) > 0x20 && static_cast<unsigned char>(*p) < 0x7f)
    ++p;
  if (p == end)
    return over ? bad("the request target is larger than the limit", 414) : HeadResult{};
  if (*p != ' ' || p == target)
    return bad("the request target is empty or contains a character that is not allowed");
  head.target = {target, static_cast<std::size_t>(p - target)};
  if (*target != '/' && head.target != "*" && !head.target.starts_with("http://") &&
      !head.target.starts_with("https://")) {
    return bad("the request target is neither a path nor an http URL");
  }
  ++p;

  if (end - p < 10) return incomplete();
  const std::string_view version(p, 8);
  const bool http_1_0 = version == "HTTP/1.0";
  if (version != "HTTP/1.1" && !http_1_0) {
    return version.starts_with("HTTP/") ? bad("the HTTP version is not 1.1", 505)
                                        : bad("the request line does not end with an HTTP version");
  }
  p += 8;
  if (p[0] != '\r' || p[1] != '\n') return bad("the request line does not end in CRLF");
  p += 2;

  const char* const lines = p;
  FramingHeaders found;
  const HeadResult result = parse_lines(p, end, limits.headers, found);
  if (result.state == HeadState::incomplete) return incomplete();
  if (result.state == HeadState::bad) return result;
  if (found.hosts > 1) return bad("the Host header is repeated");
  if (found.hosts == 0 && !http_1_0) return bad("the Host header is missing");
  if (http_1_0 && found.has_transfer_encoding)
    return bad("HTTP/1.0 does not know Transfer-Encoding");
  if (found.expect_other) return bad("the Expect header is something other than 100-continue", 417);

  head.host = found.host;
  head.headers = Headers({lines, static_cast<std::size_t>(p - 2 - lines)});
  head.size = static_cast<std::size_t>(p - bytes.data());
  head.content_length = found.length;
  head.framing = found.has_transfer_encoding             ? Framing::chunked
                 : found.has_length && found.length != 0 ? Framing::length
                                                         : Framing::none;
  head.keep_alive = !found.close && (!http_1_0 || found.keep_alive);
  head.expect_continue = found.expect_continue && !http_1_0;
  head.http_1_0 = http_1_0;
  head.shape = 0;
  return result;
}

HeadResult parse_response_head(std::string_view bytes, const HeadLimits& limits,
                               ResponseHead& head) {
  const bool over = bytes.size() > limits.bytes;
  if (over) bytes = bytes.substr(0, limits.bytes);
  const auto incomplete = [&] {
    return over ? bad("the head is larger than the limit") : HeadResult{};
  };
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  constexpr std::string_view kVersion = "HTTP/1.";
  if (bytes.size() < 14) {
    return kVersion.starts_with(bytes.substr(0, kVersion.size())) || bytes.starts_with(kVersion)
               ? incomplete()
               : bad("the answer does not begin with an HTTP/1.1 status line");
  }
  const auto digit = [&](int i) { return p[i] >= '0' && p[i] <= '9'; };
  if (!bytes.starts_with(kVersion) || (p[7] != '0' && p[7] != '1') || p[8] != ' ' || p[9] < '1' ||
      p[9] > '9' || !digit(10) || !digit(11) || (p[12] != ' ' && p[12] != '\r')) {
    return bad("the answer does not begin with an HTTP/1.1 status line");
  }
  const bool http_1_0 = p[7] == '0';
  head.status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0');
  p = skip_text(p + 12, end);
  if (end - p < 2) return incomplete();
  if (p[0] != '\r' || p[1] != '\n') return bad("the status line does not end in CRLF");
  p += 2;

  const char* const lines = p;
  FramingHeaders found;
  const HeadResult result = parse_lines(p, end, limits.headers, found);
  if (result.state == HeadState::incomplete) return incomplete();
  if (result.state == HeadState::bad) return result;

  head.content_type = found.content_type;
  head.headers = Headers({lines, static_cast<std::size_t>(p - 2 - lines)});
  head.size = static_cast<std::size_t>(p - bytes.data());
  head.content_length = found.length;
  const bool bodiless = head.status < 200 || head.status == 204 || head.status == 304;
  head.framing = bodiless                      ? Framing::none
                 : found.has_transfer_encoding ? Framing::chunked
                 : !found.has_length           ? Framing::until_close
                 : found.length != 0           ? Framing::length
                                               : Framing::none;
  head.keep_alive =
      !found.close && head.framing != Framing::until_close &&
      (!http_1_0 || (found.keep_alive && !found.has_transfer_encoding));  // RFC 9112, 6.1
  return result;
}

}  // namespace tidegate::http
