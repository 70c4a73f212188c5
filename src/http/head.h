// Strict HTTP/1.1 heads (RFC 9112), as views into the bytes they were read from.
//
// Refused, because two parsers could read them differently (request smuggling): bare LF or CR,
// obs-fold, control bytes, space before a colon, repeated or malformed Content-Length, any
// Transfer-Encoding but one `chunked`, both of the two, no or several Hosts, HTTP/1.0 with chunked,
// a target that is neither a path, `*` nor an http URL.
// Pure functions and plain values, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace tidegate::http {

struct HeadLimits {
  std::size_t bytes = 64 * 1024;
  int headers = 64;
};

struct Header {
  std::string_view name;  // as it was written
  std::string_view line;  // name and value as they stand in the head, with the CRLF
  [[nodiscard]] std::string_view value() const;  // without surrounding blanks
};

// The header lines of a head that has been checked by a parser below; iteration cannot fail.
class Headers {
 public:
  Headers() = default;
  explicit Headers(std::string_view lines) : lines_(lines) {}

  class Iterator {
   public:
    using value_type = Header;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(std::string_view rest) : rest_(rest) { read(); }
    const Header& operator*() const { return header_; }
    Iterator& operator++() {
      rest_.remove_prefix(header_.line.size());
      read();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return rest_.empty(); }

   private:
    void read();
    std::string_view rest_;
    Header header_;
  };
  [[nodiscard]] Iterator begin() const { return Iterator(lines_); }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

  // The value of the first header with this name, ignoring case; empty if there is none.
  [[nodiscard]] std::string_view find(std::string_view name) const;
  [[nodiscard]] std::string_view lines() const { return lines_; }

 private:
  std::string_view lines_;  // "Name: value\r\n" each
};

enum class Framing : std::uint8_t { none, length, chunked, until_close };

struct RequestHead {
  std::string_view method;
  std::string_view target;  // as sent: "/v1/models?limit=3"
  std::string_view host;
  Headers headers;
  std::size_t size = 0;  // bytes of the head, final CRLF included
  std::uint64_t content_length = 0;
  Framing framing = Framing::none;
  bool keep_alive = true;
  bool expect_continue = false;
  bool http_1_0 = false;
  // Not 0: the same for all heads of a worker that differ in the Content-Length's digits alone.
  std::uint32_t shape = 0;

  [[nodiscard]] std::string_view path() const { return target.substr(0, target.find('?')); }
  [[nodiscard]] std::string_view query() const;  // without the '?'
  // The same head where its bytes have been copied to.
  void rebase(const char* from, const char* to);
};

struct ResponseHead {
  int status = 0;
  std::string_view content_type;  // empty if there is none
  Headers headers;
  std::size_t size = 0;
  std::uint64_t content_length = 0;
  Framing framing = Framing::until_close;
  bool keep_alive = true;
};

enum class HeadState : std::uint8_t { complete, incomplete, bad };

struct HeadResult {
  HeadState state = HeadState::incomplete;
  int status = 400;               // bad: the status to answer with (400, 414, 417, 431, 505)
  std::string_view problem = {};  // bad: a sentence, static text
};

// Reads a head from the beginning of `bytes`. Up to one empty line before a request is skipped
// (RFC 9112, 2.2) and counts into `size`.
HeadResult parse_request_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head);
HeadResult parse_response_head(std::string_view bytes, const HeadLimits& limits,
                               ResponseHead& head);

}  // namespace tidegate::http
