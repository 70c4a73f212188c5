#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "json/escape.h"
#include "json/writer.h"
#include "ledger/number_text.h"
#include "ledger/segment.h"

namespace tidegate::ledger {
namespace {

std::int64_t micros(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

std::uint32_t flags_in(const UsageRecord& r) {
  return static_cast<std::uint32_t>(r.outcome) | static_cast<std::uint32_t>(r.usage_source) << 8 |
         static_cast<std::uint32_t>(r.stream) << 12 | static_cast<std::uint32_t>(r.peak) << 13 |
         static_cast<std::uint32_t>(r.last) << 14 | static_cast<std::uint32_t>(r.status) << 16;
}

// Gives `holds` the record's texts in the order of LabelKey's, until it says no.
template <class Holds>
bool all_texts(const UsageRecord& r, const Holds& holds) {
  return holds(0, r.route) && holds(1, r.provider) && holds(2, r.model) &&
         holds(3, r.price_epoch) && holds(4, r.requested_model) && holds(5, r.served_model) &&
         holds(6, r.finish_reason) && holds(7, r.client) && holds(8, r.key) && holds(9, r.role) &&
         holds(10, r.error) && holds(11, r.tenant);
}

LabelKey key_of(const UsageRecord& r, std::int64_t hour) {
  LabelKey key{{}, static_cast<std::uint32_t>(hour), flags_in(r)};
  all_texts(r, [&](std::size_t at, std::string_view text) {
    key.texts[at] = text;
    return true;
  });
  return key;
}

template <class Word>
bool same_word(const char* a, const char* b) {
  Word x;
  Word y;
  std::memcpy(&x, a, sizeof(x));
  std::memcpy(&y, b, sizeof(y));
  return x == y;
}

// memcmp() of texts of a few bytes, most of them equal: the calls alone took a tenth of add().
[[gnu::always_inline]] inline bool same_bytes(const char* a, const char* b, std::size_t size) {
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (!same_word<std::uint64_t>(a + at, b + at)) return false;
    }
    return same_word<std::uint64_t>(a + size - 8, b + size - 8);
  }
  if (size >= 4) {
    return same_word<std::uint32_t>(a, b) && same_word<std::uint32_t>(a + size - 4, b + size - 4);
  }
  return a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1];
}

// Whether key_of() would give this key. Each text is compared where it lies, in code of its own.
bool has_key(const UsageRecord& r, std::int64_t hour, const LabelKey& key) {
  if (key.hour != static_cast<std::uint32_t>(hour) || key.flags != flags_in(r)) return false;
  return all_texts(r, [&](std::size_t at, std::string_view text) __attribute__((always_inline)) {
    const std::string_view other = key.texts[at];
    return text.size() == other.size() &&
           (text.empty() || same_bytes(text.data(), other.data(), text.size()));
  });
}

// In one run of bytes: two records with equal keys share a label.
void write_key(const LabelKey& key, std::string& out) {
  out.clear();
  const auto number = [&](std::uint32_t value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  for (const std::string_view text : key.texts) number(static_cast<std::uint32_t>(text.size()));
  number(key.hour);
  number(key.flags);
  for (const std::string_view text : key.texts) out.append(text);
}

// The same key, of which the texts lie in what write_key() wrote.
LabelKey key_in(const LabelKey& key, std::string_view written) {
  LabelKey inside = key;
  const char* at = written.data() + (key.texts.size() + 2) * sizeof(std::uint32_t);
  for (std::string_view& text : inside.texts) {
    text = {at, text.size()};
    at += text.size();
  }
  return inside;
}

void write_label(const UsageRecord& r, std::string& out) {
  json::Writer json(out);
  json.begin_object();
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) json.member(name, value);
  };
  const auto flag = [&](std::string_view name, bool value) {
    if (value) json.member(name, 1);
  };
  text("route", r.route);
  text("provider", r.provider);
  text("model", r.model);
  text("price_epoch", r.price_epoch);
  text("requested_model", r.requested_model);
  text("served_model", r.served_model);
  text("finish_reason", r.finish_reason);
  text("client", r.client);
  text("key", r.key);
  text("tenant", r.tenant);
  text("role", r.role);
  text("error", r.error);
  text("outcome", name(r.outcome));
  text("usage_source", name(r.usage_source));
  if (r.status != 0) json.member("status", r.status);
  flag("stream", r.stream);
  flag("peak", r.peak);
  flag("last", r.last);
  json.end_object();
}

constexpr std::size_t kNumbers = 15;

// Tasks are mostly ids, which need no look at their UTF-8.
void append_text(std::string& out, std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) {
    return c != '"' && c != '\\' && static_cast<unsigned char>(c) - 0x20u < 0x5fu;
  });
  if (plain) {
    out += text;
  } else {
    json::append_escaped(out, text);
  }
}

}  // namespace

// Labels of two hours are two, so that each has a sum of its own.
std::int64_t SegmentBuilder::label_of(const UsageRecord& record, std::int64_t started_us) {
  if (started_us < hour_begin_us_ || started_us >= hour_begin_us_ + kMicrosPerHour) {
    hour_ = hour_of(started_us);
    hour_begin_us_ = hour_ * kMicrosPerHour;
  }
  if (last_label_ >= 0 && has_key(record, hour_, last_)) return last_label_;  // most often
  const LabelKey key = key_of(record, hour_);
  write_key(key, key_);
  const auto [found, added] = labels_.try_emplace(key_, std::ssize(labels_));
  if (added) {
    segment_.labels += segment_.labels.empty() ? '[' : ',';
    LabelTally& tally = segment_.tallies.emplace_back();
    tally.hour = hour_;
    tally.begin = static_cast<std::uint32_t>(segment_.labels.size());
    write_label(record, segment_.labels);
    tally.end = static_cast<std::uint32_t>(segment_.labels.size());
  }
  last_ = key_in(key, found->first);
  return last_label_ = found->second;
}

// As write_number().
char* SegmentBuilder::write_moment(char* at, std::int64_t us) {
  constexpr std::int64_t kSecond = 1'000'000;
  if (us < kSecond) return write_number(at, us);
  if (us / kSecond != second_) {
    second_ = us / kSecond;
    second_size_ =
        static_cast<std::size_t>(write_number(second_text_.data(), second_) - second_text_.data());
  }
  // The six digits behind the second, with their zeros: a comma and a 1 before them give way.
  char* const end = write_number(at + second_size_ - 2, kSecond + us % kSecond);
  std::memcpy(at, second_text_.data(), second_size_);
  return end;
}

void SegmentBuilder::add(const UsageRecord& record) {
  const std::int64_t started = micros(record.started.time_since_epoch());
  const std::int64_t label = label_of(record, started);
  segment_.tallies[static_cast<std::size_t>(label)].tally.add(
      record.usage, record.cost, record.saved_by_cache, record.saved_by_window);
  segment_.first_us = segment_.count == 0 ? started : std::min(segment_.first_us, started);
  segment_.last_us = segment_.count == 0 ? started : std::max(segment_.last_us, started);

  std::string& out = segment_.records;
  std::array<char, RequestId::kTextSize + 16 + kNumbers * kMostDigits> line;
  char* at = line.data();
  *at++ = segment_.count++ == 0 ? '[' : ',';
  *at++ = '[';
  *at++ = '"';
  record.request.write(at);
  at += RequestId::kTextSize;
  *at++ = '"';
  at = write_number(at, label);
  at = write_number(at, record.attempt);
  *at++ = ',';
  *at++ = '"';
  if (!record.task.empty()) {
    segment_.has_tasks = true;
    out.append(line.data(), static_cast<std::size_t>(at - line.data()));
    at = line.data();
    append_text(out, record.task);
  }
  *at++ = '"';
  at = write_moment(at, started);
  at = write_number(at, micros(record.first_byte));
  at = write_number(at, micros(record.total));
  at = write_number(at, record.usage.prompt);
  at = write_number(at, record.usage.cached);
  at = write_number(at, record.usage.cache_write);
  at = write_number(at, record.usage.completion);
  at = write_number(at, record.usage.reasoning);
  at = write_number(at, record.estimated_prompt);
  if (record.cost) {
    at = write_number(at, record.cost->value);
  } else {
    at = std::ranges::copy(std::string_view(",null"), at).out;
  }
  const std::int64_t by_window = record.saved_by_window.value;
  if (record.saved_by_cache.value != 0 || by_window != 0) {
    at = write_number(at, record.saved_by_cache.value);
  }
  if (by_window != 0) at = write_number(at, by_window);
  *at++ = ']';
  out.append(line.data(), static_cast<std::size_t>(at - line.data()));
}

Segment SegmentBuilder::finish(std::int64_t id, std::string room) {
  segment_.id = id;
  segment_.labels += ']';
  segment_.records += ']';
  labels_.clear();
  last_label_ = -1;
  const std::size_t size = segment_.records.size();
  Segment done = std::exchange(segment_, {});
  segment_.records = std::move(room);
  segment_.records.clear();
  segment_.records.reserve(size);  // the next one is likely of the same size
  return done;
}

}  // namespace tidegate::ledger
