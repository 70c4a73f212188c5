#include "limits/key_json.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

#include "json/reader.h"

namespace tidegate::limits {
namespace {

using json::Kind;
using json::Reader;

// Reads a string with its escapes undone. False: it is none.
bool read_text(Reader& reader, std::string& out) {
  std::string_view raw;
  if (reader.kind() != Kind::string || !reader.string(raw)) return false;
  out.clear();
  return json::append_unescaped(out, raw);
}

bool read_names(Reader& reader, std::vector<std::string>& out) {
  if (reader.kind() != Kind::array) return false;
  out.clear();
  return reader.array([&] { return read_text(reader, out.emplace_back()); });
}

bool read_labels(Reader& reader, Labels& out) {
  if (reader.kind() != Kind::object) return false;
  out.clear();
  return reader.object([&](std::string_view key) {
    std::string label, value;
    if (!json::append_unescaped(label, key) || !read_text(reader, value)) return false;
    out.emplace_back(std::move(label), std::move(value));
    return true;
  });
}

struct RateMember {
  std::string_view name;
  std::optional<double> RateLimits::* bound;
};
constexpr std::array kRates{RateMember{"requests_per_second", &RateLimits::requests_per_second},
                            RateMember{"requests_per_minute", &RateLimits::requests_per_minute},
                            RateMember{"tokens_per_minute", &RateLimits::tokens_per_minute},
                            RateMember{"tokens_per_day", &RateLimits::tokens_per_day}};

template <class Number>
bool read_number(Reader& reader, Number& out) {
  std::string_view raw;
  if (reader.kind() != Kind::number || !reader.scalar(raw)) return false;
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), out);
  return error == std::errc{} && end == raw.data() + raw.size();
}

bool read_limits(Reader& reader, RateLimits& out) {
  if (reader.kind() != Kind::object) return false;
  out = {};
  return reader.object([&](std::string_view key) {
    if (key == "burst") return read_number(reader, out.burst);
    if (key == "max_concurrent") return read_number(reader, out.max_concurrent.emplace());
    for (const auto& [name, bound] : kRates) {
      if (name == key) return read_number(reader, (out.*bound).emplace());
    }
    return false;
  });
}

bool read_caps(Reader& reader, std::vector<config::SpendingCap>& out) {
  std::vector<std::string> texts;
  if (!read_names(reader, texts)) return false;
  out.clear();
  for (const std::string& text : texts) {
    const auto cap = config::parse_spending_cap(text);
    if (!cap) return false;
    out.push_back(*cap);
  }
  return true;
}

void write_limits(json::Writer& json, const RateLimits& limits) {
  json.begin_object();
  for (const auto& [name, bound] : kRates) {
    if (limits.*bound) json.member(name, *(limits.*bound));
  }
  if (limits.max_concurrent) json.member("max_concurrent", *limits.max_concurrent);
  if (limits.burst != RateLimits{}.burst) json.member("burst", limits.burst);
  json.end_object();
}

void write_caps(json::Writer& json, const std::vector<config::SpendingCap>& caps) {
  json.begin_array();
  for (const config::SpendingCap& cap : caps) json.value(show(cap));
  json.end_array();
}

// Walks the members of a request's object. `on_member` says what it expected when it fails.
template <class OnMember>
Result<void> read_members(std::string_view body, OnMember on_member) {
  const auto text = json::check_text(body);
  if (!text) return std::unexpected(text.error());
  Reader reader(*text);
  Result<void> problem;
  const bool walked = reader.object([&](std::string_view key) {
    if (auto good = on_member(reader, key); !good) problem = std::unexpected(good.error());
    return problem.has_value();
  });
  if (reader.is_malformed()) return std::unexpected(reader.error());
  if (!problem) return problem;
  if (!walked || !reader.finish()) return std::unexpected(reader.error());
  return {};
}

Result<void> expect(bool good, const char* what, std::string_view field) {
  if (good) return {};
  return fail(ErrorCode::invalid, fmt::format("expected {}", what), std::string(field));
}

std::unexpected<Error> unknown(std::string_view key, const char* known) {
  // A key is raw, and as long as the client made it.
  return fail(ErrorCode::invalid, fmt::format("unknown member; expected {}", known),
              std::string(key.substr(0, 64)));
}

void write_time(json::Writer& json, std::string_view name, const std::optional<WallTime>& at) {
  if (at) json.member(name, format_rfc3339(*at));
}

void write_names(json::Writer& json, std::string_view name, const std::vector<std::string>& names) {
  json.key(name).begin_array();
  for (const std::string& one : names) json.value(one);
  json.end_array();
}

void write_labels(json::Writer& json, const Labels& labels) {
  json.begin_object();
  for (const auto& [label, value] : labels) json.member(label, value);
  json.end_object();
}

}  // namespace

void write_key(json::Writer& json, const Key& key, WallTime now, std::string_view text) {
  json.begin_object();
  if (!text.empty()) json.member("key", text);
  json.member("id", key.id.text()).member("name", key.name);
  if (!key.tenant.empty()) json.member("tenant", key.tenant);
  json.member("state", name(state_of(key, now))).member("last4", key.last4);
  write_names(json, "models", key.allowed.models);
  write_names(json, "routes", key.allowed.routes);
  json.key("limits");
  write_limits(json, key.own.limits);
  json.key("budgets");
  write_caps(json, key.own.caps);
  json.key("labels");
  write_labels(json, key.labels);
  json.member("created", format_rfc3339(key.created));
  write_time(json, "expires", key.expires);
  write_time(json, "revoked", key.revoked);
  write_time(json, "old_secret_until", key.old_until);
  json.end_object();
}

Result<KeyDraft> read_draft(std::string_view body, WallTime now) {
  KeyDraft draft;
  auto read = read_members(body, [&](Reader& reader, std::string_view key) -> Result<void> {
    if (key == "name") return expect(read_text(reader, draft.name), "a string", key);
    if (key == "tenant") return expect(read_text(reader, draft.tenant), "a string", key);
    if (key == "models") {
      return expect(read_names(reader, draft.allowed.models), "a list of strings", key);
    }
    if (key == "routes") {
      return expect(read_names(reader, draft.allowed.routes), "a list of strings", key);
    }
    if (key == "labels") {
      return expect(read_labels(reader, draft.labels), "an object of strings", key);
    }
    if (key == "limits") {
      return expect(read_limits(reader, draft.own.limits),
                    "an object of numbers: requests_per_second, requests_per_minute, "
                    "tokens_per_minute, tokens_per_day, max_concurrent, burst",
                    key);
    }
    if (key == "budgets") {
      return expect(read_caps(reader, draft.own.caps), "a list like [\"50/month\"]", key);
    }
    if (key != "expires") {
      return unknown(key, "name, tenant, models, routes, expires, labels, limits or budgets");
    }
    std::string text;
    if (auto good = expect(read_text(reader, text), "a string", key); !good) return good;
    auto expires = parse_expiry(text, now);
    if (!expires) return std::unexpected(expires.error());
    draft.expires = *expires;
    return {};
  });
  if (!read) return std::unexpected(read.error());
  return draft;
}

Result<Duration> read_grace(std::string_view body) {
  Duration grace{};
  if (body.empty()) return grace;
  auto read = read_members(body, [&](Reader& reader, std::string_view key) -> Result<void> {
    if (key != "grace") return unknown(key, "grace");
    std::string text;
    if (auto good = expect(read_text(reader, text), "a string", key); !good) return good;
    auto parsed = parse_grace(text);
    if (!parsed) return std::unexpected(parsed.error());
    grace = *parsed;
    return {};
  });
  if (!read) return std::unexpected(read.error());
  return grace;
}

std::string to_json(const std::vector<std::string>& names) {
  std::string out;
  json::Writer json(out);
  json.begin_array();
  for (const std::string& one : names) json.value(one);
  json.end_array();
  return out;
}

std::string to_json(const Labels& labels) {
  std::string out;
  json::Writer json(out);
  write_labels(json, labels);
  return out;
}

bool from_json(std::string_view text, std::vector<std::string>& names) {
  const auto checked = json::check_text(text);
  if (!checked) return false;
  Reader reader(*checked);
  return read_names(reader, names) && reader.finish();
}

bool from_json(std::string_view text, Labels& labels) {
  const auto checked = json::check_text(text);
  if (!checked) return false;
  Reader reader(*checked);
  return read_labels(reader, labels) && reader.finish();
}

std::string to_json(const RateLimits& limits) {
  std::string out;
  json::Writer json(out);
  write_limits(json, limits);
  return out;
}

std::string to_json(const std::vector<config::SpendingCap>& caps) {
  std::string out;
  json::Writer json(out);
  write_caps(json, caps);
  return out;
}

bool from_json(std::string_view text, RateLimits& limits) {
  const auto checked = json::check_text(text);
  if (!checked) return false;
  Reader reader(*checked);
  return read_limits(reader, limits) && reader.finish();
}

bool from_json(std::string_view text, std::vector<config::SpendingCap>& caps) {
  const auto checked = json::check_text(text);
  if (!checked) return false;
  Reader reader(*checked);
  return read_caps(reader, caps) && reader.finish();
}

}  // namespace tidegate::limits
