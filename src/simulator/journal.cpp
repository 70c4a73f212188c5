#include "simulator/journal.h"

#include <algorithm>

#include "base/text.h"
#include "json/writer.h"
#include "simulator/reply_faults.h"

namespace tidegate::simulator {
namespace {

std::string without_secret(std::string_view name, std::string_view value) {
  if (name != "authorization" && name != "x-api-key" && name != "cookie") return std::string(value);
  return "..." + std::string(value.substr(value.size() - std::min<std::size_t>(4, value.size())));
}

}  // namespace

void Journal::add(const http::RequestHead& head, std::string_view body, WallTime received,
                  const Reply& reply) {
  if (max_entries_ == 0) return;
  Entry entry{.received = received,
              .method = std::string(head.method),
              .target = std::string(head.target),
              .headers = {},
              .body = {},
              .body_bytes = body.size(),
              .status = answers_nothing(reply.fault) ? 0 : reply.status,
              .reasoning = reply.reasoning};
  for (const http::Header& header : head.headers) {
    std::string name = to_lower(header.name);
    std::string value = without_secret(name, header.value());
    entry.headers.emplace_back(std::move(name), std::move(value));
  }
  if (body.size() <= max_bytes_) entry.body = body;

  const std::lock_guard lock(mutex_);
  bytes_ += entry.body.size();
  entries_.push_back(std::move(entry));
  while (entries_.size() > max_entries_ || bytes_ > max_bytes_) {
    bytes_ -= entries_.front().body.size();
    entries_.pop_front();
  }
}

std::string Journal::as_json() const {
  std::string out;
  json::Writer json(out);
  const std::lock_guard lock(mutex_);
  json.begin_object().key("requests").begin_array();
  for (const Entry& entry : entries_) {
    json.begin_object().member("received", format_rfc3339(entry.received));
    json.member("method", entry.method).member("target", entry.target);
    json.key("headers").begin_object();
    for (const auto& [name, value] : entry.headers) json.member(name, value);
    json.end_object();
    json.member("body", entry.body).member("body_bytes", entry.body_bytes);
    json.member("status", entry.status).key("reasoning").begin_array();
    for (const std::string& text : entry.reasoning) json.value(text);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return out;
}

void Journal::reset() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  bytes_ = 0;
}

}  // namespace tidegate::simulator
