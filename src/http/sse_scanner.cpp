#include "http/sse_scanner.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace tidegate::http {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kDataField = "data:";
constexpr std::size_t kNone = std::string_view::npos;
// An emptied tail of at most this size is kept for the next cut event, so that a stream whose
// events are cut all the time allocates once, while 10,000 silent streams hold little.
constexpr std::size_t kKeptTail = 512;

// Two memchr are faster than one loop over both: a line rarely has a \r, and never far from its \n.
std::size_t line_end(std::string_view text) {
  const char* begin = text.data();
  const auto* lf = static_cast<const char*>(std::memchr(begin, '\n', text.size()));
  const std::size_t size = lf ? static_cast<std::size_t>(lf - begin) : text.size();
  if (const auto* cr = static_cast<const char*>(std::memchr(begin, '\r', size)))
    return static_cast<std::size_t>(cr - begin);
  return lf ? size : kNone;
}

// `line` is "name", "name:value" or "name: value" of the field `name`.
bool read_field(std::string_view line, std::string_view name, std::string_view& value) {
  if (!line.starts_with(name)) return false;
  line.remove_prefix(name.size());
  if (!line.empty()) {
    if (line[0] != ':') return false;
    line.remove_prefix(1);
    if (!line.empty() && line[0] == ' ') line.remove_prefix(1);
  }
  value = line;
  return true;
}

}  // namespace

Result<bool> SseScanner::next(std::string_view& input, SseEvent& event) {
  if (delivered_) drop_delivered();
  if (take_plain(input, event)) return true;
  if (input.empty() && !failed_) return false;

  const std::size_t end = failed_ ? kNone : event_end(input);
  const std::size_t taken = end == kNone ? input.size() : end;
  if (failed_ || held() + taken > limit_) {
    failed_ = true;
    return fail(ErrorCode::too_large,
                fmt::format("an event of the stream is larger than {} bytes", limit_));
  }

  const std::string_view part = input.substr(0, taken);
  input.remove_prefix(taken);
  if (end == kNone) {
    hold(part);
    return false;
  }
  if (held() == 0) {
    deliver(part, event);
  } else {
    hold(part);
    deliver(owned_->tail, event);
    delivered_ = true;
  }
  return true;
}

// One `data` line and the blank line behind it, whole and ended by \n: what nearly every event of a
// provider is, found with two looks at its bytes instead of eight.
bool SseScanner::take_plain(std::string_view& input, SseEvent& event) {
  const bool at_start =
      mark_bytes_ > kByteOrderMark.size() && held() == 0 && !in_line_ && !after_cr_ && !failed_;
  if (!at_start || !input.starts_with(kDataField)) return false;
  const char* begin = input.data();
  const auto* lf = static_cast<const char*>(std::memchr(begin, '\n', input.size()));
  if (lf == nullptr || lf + 1 == begin + input.size() || lf[1] != '\n') return false;
  const auto line = static_cast<std::size_t>(lf - begin);
  if (line + 2 > limit_ || std::memchr(begin, '\r', line) != nullptr) return false;
  event.kind = SseEvent::Kind::data;
  event.offset = position_;
  event.bytes = input.substr(0, line + 2);
  const std::size_t skipped = kDataField.size() + (begin[kDataField.size()] == ' ' ? 1 : 0);
  event.data = input.substr(skipped, line - skipped);
  event.name = {};
  position_ += line + 2;
  input.remove_prefix(line + 2);
  return true;
}

bool SseScanner::finish(SseEvent& event) {
  if (delivered_) drop_delivered();
  if (held() == 0 || failed_) return false;
  deliver(owned_->tail, event);
  delivered_ = true;
  return true;
}

// How many bytes of the input belong to the current event, or kNone if it does not end in there.
std::size_t SseScanner::event_end(std::string_view input) {
  std::size_t at = mark_bytes_ <= kByteOrderMark.size() ? skip_byte_order_mark(input) : 0;
  while (at < input.size()) {
    if (after_cr_) {
      after_cr_ = false;
      if (input[at] == '\n') ++at;
      if (blank_line_) {
        blank_line_ = false;
        return at;
      }
      continue;
    }
    const std::size_t size = line_end(input.substr(at));
    if (size == kNone) {
      in_line_ = true;
      return kNone;
    }
    const bool blank = size == 0 && !in_line_;
    in_line_ = false;
    at += size + 1;
    if (input[at - 1] == '\r') {
      after_cr_ = true;
      blank_line_ = blank;
    } else if (blank) {
      return at;
    }
  }
  return kNone;
}

// A mark at the start of the stream is no part of the first line.
std::size_t SseScanner::skip_byte_order_mark(std::string_view input) {
  std::size_t at = 0;
  while (at < input.size() && mark_bytes_ < kByteOrderMark.size() &&
         input[at] == kByteOrderMark[mark_bytes_]) {
    ++at;
    ++mark_bytes_;
  }
  if (at < input.size()) {
    in_line_ = mark_bytes_ > 0 && mark_bytes_ < kByteOrderMark.size();
    mark_bytes_ = kByteOrderMark.size() + 1;
  }
  return at;
}

void SseScanner::hold(std::string_view part) {
  if (!owned_) owned_ = std::make_unique<Owned>();
  owned_->tail.append(part);
}

void SseScanner::drop_delivered() {
  delivered_ = false;
  if (owned_->tail.capacity() + owned_->joined.capacity() > kKeptTail)
    owned_.reset();
  else
    owned_->tail.clear();
}

void SseScanner::deliver(std::string_view bytes, SseEvent& event) {
  event = {};
  event.offset = position_;
  event.bytes = bytes;
  std::string_view rest = bytes;
  if (position_ == 0 && rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  position_ += bytes.size();

  bool has_data = false;
  bool has_comment = false;
  while (!rest.empty()) {
    const std::size_t size = std::min(line_end(rest), rest.size());
    const std::string_view line = rest.substr(0, size);
    rest.remove_prefix(std::min(size + 1, rest.size()));
    // Of \r\n only the \r is gone now; what follows it is an empty line, which says nothing here.
    std::string_view value;
    if (line.empty()) continue;
    if (line[0] == ':') {
      has_comment = true;
    } else if (read_field(line, "data", value)) {
      if (has_data)
        join(event.data, value);
      else
        event.data = value;
      has_data = true;
    } else if (read_field(line, "event", value)) {
      event.name = value;
    }
  }
  if (has_data)
    event.kind = SseEvent::Kind::data;
  else if (has_comment)
    event.kind = SseEvent::Kind::comment;
}

void SseScanner::join(std::string_view& data, std::string_view line) {
  if (!owned_) owned_ = std::make_unique<Owned>();
  delivered_ = true;
  std::string& joined = owned_->joined;
  if (data.data() != joined.data()) joined.assign(data);
  joined.append(1, '\n').append(line);
  data = joined;
}

}  // namespace tidegate::http
