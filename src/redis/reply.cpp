#include "redis/reply.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace tidegate::redis {
namespace {

enum class Read : std::uint8_t { done, more, bad };

// One pass over what has come so far. It begins anew when more comes: replies are small, and the
// text of a long one is skipped, not read.
class Parser {
 public:
  explicit Parser(std::string_view bytes) : bytes_(bytes) {}

  Read read(Reply& out, int depth = 0);
  [[nodiscard]] std::size_t used() const { return at_; }
  [[nodiscard]] bool pushed() const { return pushed_; }

 private:
  Read line(std::string_view& out);
  Read counted_text(std::string_view size_line, Reply& out, bool verbatim);
  Read items(std::string_view count_line, std::size_t factor, Reply& out, int depth);
  Read attributes(std::string_view count_line, Reply& out, int depth);

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool pushed_ = false;
};

std::optional<std::int64_t> integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A number of bytes or of items.
std::optional<std::size_t> size(std::string_view text) {
  const auto value = integer(text);
  if (!value || *value < 0 || text.starts_with('+') ||
      *value > static_cast<std::int64_t>(ReplyReader::kMaxBytes)) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(*value);
}

std::optional<double> real(std::string_view text) {
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  if (text == "nan" || text == "-nan") return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Read Parser::line(std::string_view& out) {
  const std::size_t end = bytes_.find('\r', at_);
  if (bytes_.substr(at_, end - at_).contains('\n')) return Read::bad;
  if (end == std::string_view::npos || end + 1 == bytes_.size()) return Read::more;
  if (bytes_[end + 1] != '\n') return Read::bad;
  out = bytes_.substr(at_, end - at_);
  at_ = end + 2;
  return Read::done;
}

Read Parser::counted_text(std::string_view size_line, Reply& out, bool verbatim) {
  const auto bytes = size(size_line);
  if (!bytes || (verbatim && *bytes < 4)) return Read::bad;
  if (bytes_.size() - at_ < *bytes + 2) return Read::more;
  if (bytes_.substr(at_ + *bytes, 2) != "\r\n") return Read::bad;
  const std::string_view text = bytes_.substr(at_, *bytes);
  if (verbatim && text[3] != ':') return Read::bad;
  out.text = verbatim ? text.substr(4) : text;
  at_ += *bytes + 2;
  return Read::done;
}

Read Parser::items(std::string_view count_line, std::size_t factor, Reply& out, int depth) {
  const auto count = size(count_line);
  if (!count) return Read::bad;
  for (std::size_t i = 0; i < *count * factor; ++i) {
    const Read read = this->read(out.items.emplace_back(), depth + 1);
    if (read != Read::done) return read;
  }
  return Read::done;
}

// What a server says about the reply that follows; nobody asked.
Read Parser::attributes(std::string_view count_line, Reply& out, int depth) {
  Reply ignored;
  const Read read = items(count_line, 2, ignored, depth);
  return read == Read::done ? this->read(out, depth + 1) : read;
}

Read Parser::read(Reply& out, int depth) {
  if (depth >= ReplyReader::kMaxDepth) return Read::bad;
  if (at_ == bytes_.size()) return Read::more;
  const char type = bytes_[at_++];
  std::string_view rest;
  if (const Read read = line(rest); read != Read::done) return read;
  switch (type) {
    case '+':
    case '(':
      out.kind = Reply::Kind::text;
      out.text = rest;
      return Read::done;
    case '-':
      out.kind = Reply::Kind::error;
      out.text = rest;
      return Read::done;
    case ':': {
      const auto value = integer(rest);
      if (!value) return Read::bad;
      out.kind = Reply::Kind::integer;
      out.integer = *value;
      return Read::done;
    }
    case ',': {
      const auto value = real(rest);
      if (!value) return Read::bad;
      out.kind = Reply::Kind::real;
      out.real = *value;
      return Read::done;
    }
    case '#':
      if (rest != "t" && rest != "f") return Read::bad;
      out.kind = Reply::Kind::boolean;
      out.integer = rest == "t" ? 1 : 0;
      return Read::done;
    case '_':
      return rest.empty() ? Read::done : Read::bad;
    case '$':
      if (rest == "-1") return Read::done;
      out.kind = Reply::Kind::text;
      return counted_text(rest, out, false);
    case '=':
      out.kind = Reply::Kind::text;
      return counted_text(rest, out, true);
    case '!':
      out.kind = Reply::Kind::error;
      return counted_text(rest, out, false);
    case '*':
      if (rest == "-1") return Read::done;
      [[fallthrough]];
    case '~':
      out.kind = Reply::Kind::list;
      return items(rest, 1, out, depth);
    case '>':
      if (depth != 0) return Read::bad;
      pushed_ = true;
      return items(rest, 1, out, depth);
    case '%':
      out.kind = Reply::Kind::map;
      return items(rest, 2, out, depth);
    case '|':
      return attributes(rest, out, depth);
    default:
      return Read::bad;
  }
}

}  // namespace

std::optional<std::int64_t> Reply::number() const {
  if (kind == Kind::integer) return integer;
  return kind == Kind::text ? redis::integer(text) : std::nullopt;
}

const Reply* Reply::at(std::size_t index) const {
  return kind == Kind::list && index < items.size() ? &items[index] : nullptr;
}

const Reply* Reply::find(std::string_view key) const {
  // Where RESP3 has a map, RESP2 has a list of the same items.
  if (kind != Kind::map && kind != Kind::list) return nullptr;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i].kind == Kind::text && items[i].text == key) return &items[i + 1];
  }
  return nullptr;
}

void ReplyReader::feed(std::string_view bytes) {
  buffer_.erase(0, std::exchange(at_, 0));
  buffer_ += bytes;
}

Result<std::optional<Reply>> ReplyReader::next() {
  for (;;) {
    Parser parser(std::string_view(buffer_).substr(at_));
    Reply reply;
    switch (parser.read(reply)) {
      case Read::more:
        if (buffer_.size() - at_ > kMaxBytes) {
          return fail(ErrorCode::too_large, "the server's reply is longer than 4 MiB");
        }
        return std::nullopt;
      case Read::bad:
        return fail(ErrorCode::bad_answer,
                    "the server's reply is not of the Redis protocol (is it a Redis server? with "
                    "TLS it is rediss://)");
      case Read::done:
        break;
    }
    at_ += parser.used();
    if (!parser.pushed()) return reply;
  }
}

}  // namespace tidegate::redis
