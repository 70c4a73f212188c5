// Limits: how much may be sent, by whom and to whom.
#include "config/kinds.h"
#include "config/options.h"

namespace tidegate::config {
namespace {

constexpr std::pair<std::string_view, LimitScope> kScopes[] = {
    {"tenant", LimitScope::tenant},     {"key", LimitScope::key},
    {"client", LimitScope::client},     {"route", LimitScope::route},
    {"provider", LimitScope::provider}, {"model", LimitScope::model}};

constexpr std::pair<std::string_view, Counted> kCounted[] = {
    {"input", Counted::input}, {"output", Counted::output}, {"both", Counted::both}};

// Their largest values times the largest burst are what a token bucket can hold.
const Section<RateLimits>& bound_options() {
  using B = RateLimits;
  static const Section<B> options{
      option("requests_per_second", &B::requests_per_second, Amount{0.001, 1e6}, "100",
             "Requests, on average and with the burst."),
      option("requests_per_minute", &B::requests_per_minute, Amount{0.01, 1e8}, "600",
             "The same for longer bursts."),
      option("tokens_per_minute", &B::tokens_per_minute, Amount{1, 1e11}, "1000000",
             "Tokens, estimated before a request is sent and settled when it has ended."),
      option("tokens_per_day", &B::tokens_per_day, Amount{1, 1e13}, "50000000",
             "Tokens of any 24 hours."),
      option("max_concurrent", &B::max_concurrent, CountBetween{1, 1'000'000}, "500",
             "Requests at the same time."),
      option("counted", &B::counted, OneOf<Counted>{kCounted}, "output",
             "Which tokens the bounds of tokens count."),
      option("burst", &B::burst, Amount{0.001, 100}, "2.0",
             "What may come at once after a pause, in parts of what the bound allows in its "
             "second, minute or day. In any time t at most rate x t + burst is admitted, and no "
             "single request may need more than the burst."),
  };
  return options;
}

template <class Target>
void append_bounds(Section<Target>& section, RateLimits Target::* member) {
  for (const Option<RateLimits>& bound : bound_options()) section.push_back(within(member, bound));
}

void read_scopes(Limits& limits, const Node& node, const std::string& path, Reader& reader) {
  if (!reader.expect(node, Node::Kind::list, path)) return;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    Limit limit;
    limit.at = reader.at(node.items[i]);
    read_section(limit_options(), node.items[i], fmt::format("{}[{}]", path, i + 1), limit, reader);
    limits.scopes.push_back(std::move(limit));
  }
}

}  // namespace

std::string_view name(LimitScope scope) {
  for (const auto& [word, value] : kScopes) {
    if (value == scope) return word;
  }
  return "global";
}

const Section<Limit>& limit_options() {
  static const Section<Limit> options = [] {
    Section<Limit> all;
    all.push_back(option("scope", &Limit::scope, OneOf<LimitScope>{kScopes}, "key",
                         "Whose requests are counted together; client is a client profile.")
                      .required());
    all.push_back(option("name", &Limit::name, Name{}, "deepseek",
                         "Which one; it then has these limits in place of those for each. Left "
                         "out: each by itself."));
    append_bounds(all, &Limit::bounds);
    return all;
  }();
  return options;
}

const Section<Limits>& limits_options() {
  using L = Limits;
  static const Section<L> options = [] {
    Section<L> all;
    append_bounds(all, &L::global);
    all.push_back(option("queue_time", &L::queue_time, DurationBetween{0s, 1h}, "2s",
                         "How long a request waits for its turn before it is answered 429; 0s: "
                         "not at all."));
    all.push_back(option("queue_length", &L::queue_length, IntegerBetween{1, 1'000'000}, "100",
                         "Requests that may wait for one limit; further ones are answered 429."));
    all.push_back(option("adaptive", &L::adaptive, Boolean{}, "false",
                         "Finds the limit of a provider that answers 429 and stays under it: "
                         "fewer requests at a time after each, one more with every round that "
                         "goes well."));
    all.push_back({{"scopes", "Limits of a tenant, a key, a client, a route, a provider, a model.",
                    "[ { scope: key, requests_per_minute: 60 } ]", "a list, see below", ""},
                   read_scopes});
    return all;
  }();
  return options;
}

Option<Config> limits_option() {
  return {{"limits",
           "How much may be sent; the bounds here are for all requests together. Left out: "
           "nothing is limited.",
           "{ requests_per_second: 100, tokens_per_minute: 1000000, burst: 2.0 }",
           "a map, see below", ""},
          [](Config& config, const Node& node, const std::string& path, Reader& reader) {
            read_section(limits_options(), node, path, config.limits.emplace(), reader);
          }};
}

}  // namespace tidegate::config
