#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "json/escape.h"
#include "json/writer.h"
#include "ledger/segment.h"

namespace tidegate::ledger {
namespace {

std::int64_t micros(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

// Everything of a label set in one run of bytes: two records with equal keys share one.
void write_key(const UsageRecord& r, std::string& key) {
  const std::array<std::string_view, 12> texts{
      r.route,         r.provider, r.model, r.price_epoch, r.requested_model, r.served_model,
      r.finish_reason, r.client,   r.key,   r.role,        r.error,           r.tenant};
  std::array<std::uint32_t, texts.size() + 2> sizes{};
  std::size_t total = sizeof(sizes);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    sizes[i] = static_cast<std::uint32_t>(texts[i].size());
    total += texts[i].size();
  }
  sizes[texts.size()] = r.status;
  sizes[texts.size() + 1] =
      static_cast<std::uint32_t>(r.outcome) | static_cast<std::uint32_t>(r.usage_source) << 8 |
      static_cast<std::uint32_t>(r.stream) << 16 | static_cast<std::uint32_t>(r.peak) << 17 |
      static_cast<std::uint32_t>(r.last) << 18;
  key.resize(total);
  char* out = key.data();
  std::memcpy(out, sizes.data(), sizeof(sizes));
  out += sizeof(sizes);
  for (const std::string_view text : texts) {
    if (text.empty()) continue;
    std::memcpy(out, text.data(), text.size());
    out += text.size();
  }
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

constexpr std::size_t kMostDigits = 21;  // of a number and the comma before it
constexpr std::size_t kNumbers = 13;

constexpr auto kPairs = [] {
  std::array<std::array<char, 2>, 100> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  }
  return pairs;
}();

constexpr auto kPowersOfTen = [] {
  std::array<std::uint64_t, 20> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

std::size_t count_digits(std::uint64_t number) {
  // 1233 / 4096 is the logarithm of 2.
  const std::size_t least = static_cast<std::size_t>(std::bit_width(number)) * 1233 >> 12;
  return least + (number >= kPowersOfTen[least] ? 1 : 0);
}

// A third of the steps of std::to_chars(): records are mostly numbers.
char* write_number(char* at, std::int64_t number) {
  *at++ = ',';
  if (number < 0) *at++ = '-';
  auto left = static_cast<std::uint64_t>(number);
  if (number < 0) left = 0 - left;
  if (left <= 9) {  // half of a usual record's numbers
    *at++ = static_cast<char>('0' + left);
    return at;
  }
  char* const end = at + count_digits(left);
  at = end;
  for (; left > 9; left /= 100) std::memcpy(at -= 2, kPairs[left % 100].data(), 2);
  if (left > 0) *--at = static_cast<char>('0' + left);
  return end;
}

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

std::int64_t SegmentBuilder::label_of(const UsageRecord& record) {
  write_key(record, key_);
  if (key_ == last_key_) return last_label_;  // most often
  const auto [found, added] = labels_.try_emplace(key_, std::ssize(labels_));
  if (added) {
    segment_.labels += segment_.labels.empty() ? '[' : ',';
    write_label(record, segment_.labels);
  }
  last_key_ = key_;
  return last_label_ = found->second;
}

void SegmentBuilder::add(const UsageRecord& record) {
  const std::int64_t label = label_of(record);
  const std::int64_t started = micros(record.started.time_since_epoch());
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
    out.append(line.data(), static_cast<std::size_t>(at - line.data()));
    at = line.data();
    append_text(out, record.task);
  }
  *at++ = '"';
  at = write_number(at, started);
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
  *at++ = ']';
  out.append(line.data(), static_cast<std::size_t>(at - line.data()));
}

Segment SegmentBuilder::finish(std::int64_t id) {
  segment_.id = id;
  segment_.labels += ']';
  segment_.records += ']';
  labels_.clear();
  last_key_.clear();
  const std::size_t size = segment_.records.size();
  Segment done = std::exchange(segment_, {});
  segment_.records.reserve(size);  // the next one is likely of the same size
  return done;
}

}  // namespace tidegate::ledger
