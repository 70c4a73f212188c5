#include "http/head_memo.h"

#include <cstring>

#include "base/text.h"

namespace tidegate::http {

bool HeadMemo::recall(std::string_view bytes, RequestHead& head) const {
  for (const Entry& entry : entries_) {
    const std::size_t size = entry.bytes.size();
    if (size == 0 || bytes.size() < size) continue;
    const char* const known = entry.bytes.data();
    if (std::memcmp(bytes.data(), known, entry.digits_begin) != 0 ||
        std::memcmp(bytes.data() + entry.digits_end, known + entry.digits_end,
                    size - entry.digits_end) != 0) {
      continue;
    }
    std::uint64_t length = 0;
    if (entry.digits_begin != entry.digits_end) {
      const auto digits =
          parse_u64(bytes.substr(entry.digits_begin, entry.digits_end - entry.digits_begin));
      if (!digits) continue;
      length = *digits;
    }
    head = entry.head;
    head.rebase(known, bytes.data());
    head.content_length = length;
    if (head.framing != Framing::chunked) {
      head.framing = length != 0 ? Framing::length : Framing::none;
    }
    return true;
  }
  return false;
}

void HeadMemo::remember(std::string_view bytes, const RequestHead& head) {
  if (head.size > kMostBytes || asked_++ % kEach != 0) return;
  if (made_ == UINT32_MAX) return;  // no shape comes twice, as a shape stands for who asks
  Entry& entry = entries_[made_++ % kEntries];
  const std::string_view digits = head.headers.find("content-length");
  entry.digits_begin = entry.digits_end = head.size;
  if (!digits.empty()) {
    entry.digits_begin = static_cast<std::size_t>(digits.data() - bytes.data());
    entry.digits_end = entry.digits_begin + digits.size();
  }
  entry.bytes.assign(bytes.substr(0, head.size));
  entry.head = head;
  entry.head.rebase(bytes.data(), entry.bytes.data());
  entry.head.shape = made_;
}

}  // namespace tidegate::http
