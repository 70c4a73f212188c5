#include "budgets/alert.h"

#include <fmt/format.h>

#include "json/writer.h"

namespace tidegate::budgets {
namespace {

using config::BudgetPer;

// "2026-11-30 17:00 UTC": forecasts are no better than to the hour.
std::string to_the_hour(WallTime at) {
  const std::string text =
      format_rfc3339(std::chrono::floor<std::chrono::hours>(at + std::chrono::minutes(30)));
  return fmt::format("{} {} UTC", text.substr(0, 10), text.substr(11, 5));
}

std::string budget(const Alert& alert) {
  std::string text = fmt::format("{}", config::name(alert.scope));
  if (!alert.name.empty()) text += " " + alert.name;
  return text + (alert.per == BudgetPer::total ? " in total"
                                               : fmt::format(" per {}", config::name(alert.per)));
}

std::string json_body(const Alert& alert) {
  std::string body;
  json::Writer json(body);
  json.begin_object().member("id", id_of(alert)).member("type", "budget_alert");
  json.member("text", sentence(alert)).member("at", format_rfc3339(alert.at));
  json.member("scope", config::name(alert.scope));
  json.key("name");
  alert.name.empty() ? json.null() : json.value(alert.name);
  json.member("per", config::name(alert.per)).member("time_zone", alert.time_zone);
  json.key("period").begin_object().member("begin", format_rfc3339(alert.period.begin));
  json.key("end");
  alert.period.has_end() ? json.value(format_rfc3339(alert.period.end)) : json.null();
  json.end_object();
  json.member("threshold", alert.share / 10'000.0);
  json.member("limit_usd", format_usd(alert.limit).substr(1));
  json.member("spent_usd", format_usd(alert.spent).substr(1));
  json.member("limit_nanodollars", alert.limit.value);
  json.member("spent_nanodollars", alert.spent.value);
  json.member("turned_away", alert.turned_away);
  json.member("on_exhausted", config::name(alert.on_exhausted));
  json.key("runs_out");
  alert.runs_out ? json.value(format_rfc3339(*alert.runs_out)) : json.null();
  json.end_object();
  return body;
}

// Slack shows & < > only as entities.
std::string slack_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string show_share(int share) {
  std::string text = fmt::format("{:.2f}", share / 100.0);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + '%';
}

std::string key_of(const config::Budget& budget) {
  return fmt::format("{}/{}/{}", config::name(budget.scope), budget.name, config::name(budget.per));
}

std::string id_of(const Alert& alert) {
  return fmt::format(
      "{}/{}/{}/{}/{}/{}", config::name(alert.scope), alert.name, config::name(alert.per),
      alert.per == BudgetPer::total ? std::string("all") : format_rfc3339(alert.period.begin),
      format_usd(alert.limit).substr(1), show_share(alert.share));
}

std::string sentence(const Alert& alert) {
  std::string text = fmt::format("Budget {}: ", budget(alert));
  if (alert.turned_away) {
    text += fmt::format(
        "{} of {} is spent, and a request that might cost more than the rest was {}.",
        format_usd(alert.spent), format_usd(alert.limit),
        alert.on_exhausted == config::OnExhausted::downgrade ? "sent elsewhere" : "refused");
  } else {
    text += fmt::format("{} of {} is spent ({} was set to be told of).", format_usd(alert.spent),
                        format_usd(alert.limit), show_share(alert.share));
  }
  if (alert.runs_out && alert.spent < alert.limit) {
    text += fmt::format(" At the rate of the last hour it runs out at {}.",
                        to_the_hour(*alert.runs_out));
  }
  if (alert.period.has_end()) {
    text += fmt::format(" The {} ends at {}.", config::name(alert.per),
                        format_rfc3339(alert.period.end));
  }
  return text;
}

std::string body_of(const Alert& alert) {
  if (alert.format == config::WebhookFormat::json) return json_body(alert);
  std::string body;
  json::Writer json(body);
  json.begin_object().member("text", slack_text(sentence(alert))).end_object();
  return body;
}

}  // namespace tidegate::budgets
