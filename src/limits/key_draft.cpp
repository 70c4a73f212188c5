#include "limits/key_draft.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "tidegate/rate_limiter.h"

namespace tidegate::limits {
namespace {

constexpr std::size_t kMostNamed = 64;      // models, routes, labels: each
constexpr std::size_t kLongest = 64;        // of a name
constexpr std::size_t kLongestValue = 256;  // of a label
constexpr Duration kLongestGrace = std::chrono::hours(24 * 90);

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongest &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

Result<void> check_name(std::string_view text, const char* field) {
  // Names are written into records and logs, where no key may be.
  if (is_name(text) && !text.contains(kKeyPrefix)) return {};
  return fail(
      ErrorCode::invalid,
      fmt::format("expected 1 to {} visible ASCII characters without spaces, and no key", kLongest),
      field);
}

Result<void> check_known(const std::string& wanted, const std::vector<std::string>& known,
                         std::string_view what, const char* field) {
  if (std::ranges::find(known, wanted) != known.end()) return {};
  return fail(ErrorCode::invalid,
              fmt::format("there is no {} \"{}\".{}", what, wanted.substr(0, kLongest),
                          wanted.size() <= kLongest ? did_you_mean(wanted, known) : ""),
              field);
}

Result<void> too_many(const char* field) {
  return fail(ErrorCode::invalid, fmt::format("expected at most {}", kMostNamed), field);
}

Result<void> check_allowed(const Allowed& allowed, const catalog::Catalog& catalog,
                           const config::Config& config) {
  if (allowed.models.size() > kMostNamed) return too_many("models");
  if (allowed.routes.size() > kMostNamed) return too_many("routes");
  const std::vector<std::string> models = catalog.names();
  for (const std::string& model : allowed.models) {
    if (auto good = check_known(model, models, "model", "models"); !good) return good;
  }
  std::vector<std::string> routes;
  for (const config::Route& route : config.routes) routes.push_back(route.name);
  for (const std::string& route : allowed.routes) {
    if (auto good = check_known(route, routes, "route", "routes"); !good) return good;
  }
  return {};
}

Result<void> check_own(const OwnBounds& own) {
  if (own.limited()) {
    const SystemClock clock;
    const auto limiter = RateLimiter::create(own.limits, clock);
    if (!limiter) return std::unexpected(limiter.error());
    const RateLimits nothing{.counted = own.limits.counted, .burst = own.limits.burst};
    if (own.limits == nothing) {
      return fail(ErrorCode::invalid, "it limits nothing without another bound", "burst");
    }
  }
  for (auto cap = own.caps.begin(); cap != own.caps.end(); ++cap) {
    const bool twice = std::any_of(own.caps.begin(), cap, [&](const config::SpendingCap& other) {
      return other.per == cap->per;
    });
    if (twice) {
      return fail(ErrorCode::invalid,
                  fmt::format("expected one for each period, {} has two", name(cap->per)),
                  "budgets");
    }
  }
  return {};
}

Result<void> check_labels(const KeyDraft& draft) {
  if (draft.labels.size() > kMostNamed) return too_many("labels");
  for (std::size_t i = 0; i < draft.labels.size(); ++i) {
    const auto& [label, value] = draft.labels[i];
    if (auto good = check_name(label, "labels"); !good) return good;
    if (value.size() > kLongestValue || !is_valid_utf8(value) || value.contains(kKeyPrefix)) {
      return fail(
          ErrorCode::invalid,
          fmt::format("{}: expected at most {} bytes of UTF-8, and no key", label, kLongestValue),
          "labels");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (draft.labels[j].first == label) {
        return fail(ErrorCode::invalid, label + " is given twice", "labels");
      }
    }
  }
  return {};
}

}  // namespace

Result<WallTime> parse_expiry(std::string_view text, WallTime now) {
  WallTime at;
  if (const auto lasts = parse_duration(text)) {
    // 200 years is more than a WallTime can be sure to hold from any `now`.
    if (*lasts > Duration{} && *lasts <= std::chrono::hours(24 * 365 * 100)) return now + *lasts;
  } else if (parse_rfc3339(text, at)) {
    if (at > now) return at;
    return fail(ErrorCode::invalid, fmt::format("{} has passed", text), "expires");
  }
  return fail(ErrorCode::invalid, "expected a duration like 30d or a time like 2026-12-01",
              "expires");
}

Result<Duration> parse_grace(std::string_view text) {
  const auto grace = parse_duration(text);
  if (grace && *grace <= kLongestGrace) return *grace;
  return fail(ErrorCode::invalid, "expected a duration from 0s to 90d, like 24h", "grace");
}

Result<config::SpendingCap> parse_cap(std::string_view text) {
  const auto cap = config::parse_spending_cap(text);
  if (cap) return *cap;
  return fail(ErrorCode::invalid,
              "expected USD and day, week, month or total, like 50/month or 0.25/day", "budgets");
}

Result<std::pair<std::string, std::string>> parse_label(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return fail(ErrorCode::invalid, "expected NAME=VALUE", "labels");
  }
  return std::pair{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

Result<void> check(const KeyDraft& draft, const catalog::Catalog& catalog,
                   const config::Config& config) {
  if (auto good = check_name(draft.name, "name"); !good) return good;
  if (draft.name.starts_with("key_")) {
    return fail(ErrorCode::invalid, "names that begin with key_ are ids", "name");
  }
  if (!draft.tenant.empty()) {
    if (auto good = check_name(draft.tenant, "tenant"); !good) return good;
  }
  if (auto good = check_allowed(draft.allowed, catalog, config); !good) return good;
  if (auto good = check_own(draft.own); !good) return good;
  return check_labels(draft);
}

}  // namespace tidegate::limits
