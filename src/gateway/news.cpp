#include "gateway/news.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace tidegate::gateway {
namespace {

constexpr std::string_view kBreaker = "breaker", kRoute = "route";
// Clocks of gateways differ, and what comes from elsewhere is not believed for ever.
constexpr Duration kLongestRest = 1h;

// "NAME NUMBER"
struct Pair {
  std::string_view name;
  std::uint64_t number;
};

std::optional<Pair> read_pair(std::string_view text) {
  const std::size_t space = text.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto number = parse_u64(text.substr(space + 1));
  if (!number) return std::nullopt;
  return Pair{text.substr(0, space), *number};
}

}  // namespace

void tell_of_breaker(sharing::Sharing& sharing, std::string_view breaker, WallTime open_until) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(open_until.time_since_epoch()).count();
  sharing.bulletin().post(kBreaker, fmt::format("{} {}", breaker, ms));
}

void tell_of_route(sharing::Sharing& sharing, std::uint64_t task, std::uint16_t route) {
  sharing.bulletin().post(kRoute, fmt::format("{} {}", task, route));
}

void NewsReader::hear(std::string_view kind, std::string_view text) const {
  if (kind == kBreaker) hear_of_breaker(text);
  if (kind == kRoute) hear_of_route(text);
}

void NewsReader::hear_of_breaker(std::string_view text) const {
  const std::optional<Pair> news = read_pair(text);
  if (!news) return;
  const WallTime until{std::chrono::milliseconds(
      static_cast<std::int64_t>(std::min<std::uint64_t>(news->number, 10'000'000'000'000)))};
  const Duration rest = std::min<Duration>(until - clock_.wall(), kLongestRest);
  if (rest <= Duration{}) return;
  const std::shared_ptr<const Snapshot> snapshot = snapshot_.load();
  const auto& pairs = snapshot->table.breakers;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::string& provider = snapshot->config.providers[pairs[i].provider].name;
    if (news->name != provider + "/" + pairs[i].model->id) continue;
    snapshot->breakers[i]->open_until(clock_.now() + rest);
  }
}

void NewsReader::hear_of_route(std::string_view text) const {
  const std::optional<Pair> news = read_pair(text);
  const auto task = news ? parse_u64(news->name) : std::nullopt;
  if (!task || *task == 0 || news->number == 0 || news->number > 0xFFFF) return;
  shared_.affinity.remember(*task, static_cast<std::uint16_t>(news->number), clock_.now());
}

}  // namespace tidegate::gateway
