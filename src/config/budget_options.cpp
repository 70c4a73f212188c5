// Budgets: how much may be spent, by whom and on what.
#include <algorithm>

#include "config/kinds.h"
#include "config/options.h"

namespace tidegate::config {
namespace {

constexpr std::pair<std::string_view, BudgetScope> kScopes[] = {
    {"global", BudgetScope::global}, {"tenant", BudgetScope::tenant},
    {"key", BudgetScope::key},       {"client", BudgetScope::client},
    {"route", BudgetScope::route},   {"provider", BudgetScope::provider},
    {"model", BudgetScope::model},   {"task", BudgetScope::task}};

constexpr std::pair<std::string_view, BudgetPer> kPers[] = {{"day", BudgetPer::day},
                                                            {"week", BudgetPer::week},
                                                            {"month", BudgetPer::month},
                                                            {"total", BudgetPer::total}};

constexpr std::pair<std::string_view, OnExhausted> kOnExhausted[] = {
    {"reject", OnExhausted::reject}, {"alert_only", OnExhausted::alert_only}};

constexpr std::pair<std::string_view, UnknownPrice> kUnknownPrice[] = {
    {"reject", UnknownPrice::reject}, {"allow", UnknownPrice::allow}};

constexpr std::pair<std::string_view, WebhookFormat> kFormats[] = {{"json", WebhookFormat::json},
                                                                   {"slack", WebhookFormat::slack}};

constexpr std::size_t kMostAlerts = 16;
constexpr std::size_t kMostBudgets = 64;

template <class Enum, std::size_t n>
std::string_view word_of(const std::pair<std::string_view, Enum> (&words)[n], Enum wanted) {
  for (const auto& [word, value] : words) {
    if (value == wanted) return word;
  }
  return {};
}

void read_alerts(Budget& budget, const Node& node, const std::string& path, Reader& reader) {
  if (!reader.expect(node, Node::Kind::list, path)) return;
  const Amount share{0.01, 10};
  for (const Node& item : node.items) {
    const auto text = reader.scalar(item, path);
    if (!text) continue;
    const auto value = share.parse(*text);
    if (value) {
      budget.alert_at.push_back(*value);
    } else {
      reader.problem(reader.at(item),
                     fmt::format("{}: \"{}\" is not valid; expected a share of the budget from "
                                 "0.01 to 10, e.g. 0.8",
                                 path, item.text));
    }
  }
  if (budget.alert_at.size() > kMostAlerts) {
    reader.problem(reader.at(node), fmt::format("{}: expected at most {}", path, kMostAlerts));
  }
  std::ranges::sort(budget.alert_at);
  const auto twice = std::ranges::unique(budget.alert_at);
  budget.alert_at.erase(twice.begin(), twice.end());
}

// A word, or { downgrade: ROUTE }.
void read_on_exhausted(Budget& budget, const Node& node, const std::string& path, Reader& reader) {
  static const Section<Budget> downgrade{
      option("downgrade", &Budget::downgrade_to, Name{}, "cheap", "The route.").required()};
  if (node.kind == Node::Kind::map) {
    budget.on_exhausted = OnExhausted::downgrade;
    read_section(downgrade, node, path, budget, reader);
    return;
  }
  const auto text = reader.scalar(node, path);
  if (!text) return;
  const OneOf<OnExhausted> words{kOnExhausted};
  if (const auto value = words.parse(*text)) {
    budget.on_exhausted = *value;
    return;
  }
  reader.problem(
      reader.at(node),
      fmt::format("{}: \"{}\" is not valid; expected reject, alert_only or {{ downgrade: "
                  "ROUTE }}",
                  path, node.text));
}

void read_budgets(Config& config, const Node& node, const std::string& path, Reader& reader) {
  if (!reader.expect(node, Node::Kind::list, path)) return;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    Budget budget;
    budget.at = reader.at(node.items[i]);
    read_section(budget_options(), node.items[i], fmt::format("{}[{}]", path, i + 1), budget,
                 reader);
    config.budgets.push_back(std::move(budget));
  }
  if (config.budgets.size() > kMostBudgets) {
    reader.problem(reader.at(node), fmt::format("{}: expected at most {}", path, kMostBudgets));
  }
}

}  // namespace

std::string_view name(BudgetScope scope) { return word_of(kScopes, scope); }
std::string_view name(BudgetPer per) { return word_of(kPers, per); }
std::string_view name(OnExhausted what) {
  return what == OnExhausted::downgrade ? "downgrade" : word_of(kOnExhausted, what);
}

std::optional<SpendingCap> parse_spending_cap(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto amount = Usd::parse(text.substr(0, slash));
  const auto per = OneOf<BudgetPer>{kPers}.parse(text.substr(slash + 1));
  return amount && per ? std::optional(SpendingCap{*amount, *per}) : std::nullopt;
}

std::string show(const SpendingCap& cap) {
  return fmt::format("{}/{}", Usd::show(cap.amount), name(cap.per));
}

const Section<Budget>& budget_options() {
  using B = Budget;
  static const Section<B> options = [] {
    Section<B> all;
    all.push_back(option("scope", &B::scope, OneOf<BudgetScope>{kScopes}, "tenant",
                         "Whose money is counted together; client is a client profile, task what "
                         "x-tidegate-task names.")
                      .required());
    all.push_back(option("name", &B::name, Name{}, "search",
                         "Which one; it then has this budget in place of those for each. Left out: "
                         "each by itself."));
    all.push_back(option("usd", &B::amount, Usd{}, "1000",
                         "How much may be spent in each period, exact to a nano-dollar.")
                      .required());
    all.push_back(
        option("per", &B::per, OneOf<BudgetPer>{kPers}, "day",
               "How long the money has to last: weeks begin on Monday, total is all that the "
               "ledger knows.")
            .required());
    all.push_back(option("time_zone", &B::time_zone, ZoneName{}, "Europe/Berlin",
                         "Whose midnight begins a day, week or month."));
    all.push_back(
        {{"alert_at", "At which shares of the budget an alert is given, each once per period.",
          "[0.5, 0.8, 1.0]", "a list, each a number from 0.01 to 10", "[0.8, 1.0]"},
         read_alerts});
    all.push_back(option("webhook", &B::webhook, WebhookUrl{}, "${ALERT_URL}",
                         "Where alerts are posted to, until they are taken. Left out: they are "
                         "logged and counted only."));
    all.push_back(option("webhook_format", &B::webhook_format, OneOf<WebhookFormat>{kFormats},
                         "slack", "The form of what is posted."));
    all.push_back({{"on_exhausted",
                    "What happens to a request that may cost more than is left: it is answered "
                    "429, or goes to another route, or passes all the same.",
                    "{ downgrade: cheap }", "reject, alert_only or { downgrade: ROUTE }", "reject"},
                   read_on_exhausted});
    all.push_back(option("unknown_price", &B::unknown_price, OneOf<UnknownPrice>{kUnknownPrice},
                         "allow",
                         "What happens to a request whose price nobody knows: it is refused, or "
                         "passes and counts as nothing."));
    return all;
  }();
  return options;
}

Option<Config> budgets_option() {
  return {{"budgets", "How much may be spent; see budgets.md. Left out: as much as is asked for.",
           "[ { scope: global, usd: 1000, per: day } ]", "a list, see below", ""},
          read_budgets};
}

}  // namespace tidegate::config
