#include "sharing/archive.h"

#include <gtest/gtest.h>

#include "redis/test_redis.h"
#include "sharing/sharing.h"
#include "sharing/test_sharing.h"

namespace tidegate::sharing {
namespace {

// Two gateways that keep texts for one another.
struct Archivists {
  Archivists() {
    one.start();
    two.start();
    EXPECT_TRUE(eventually([this] { return one.connected() && two.connected(); }));
  }
  ~Archivists() {
    one.stop();
    two.stop();
  }
  static std::vector<std::string> found(Sharing& by, std::vector<std::string> keys) {
    const auto search = by.archive().find(std::move(keys));
    if (search == nullptr) return {"away"};
    if (!eventually([&] { return search->done.load(); })) return {"never"};
    std::vector<std::string> texts;
    for (const auto& each : search->found) texts.push_back(each ? each->text : "-");
    return texts;
  }

  redis::TestRedis redis;
  SystemClock clock;
  std::unique_ptr<telemetry::Log> log = silent_log(clock);
  Sharing one{clock, {{.host = "127.0.0.1", .port = redis.port()}, "test", 1}, *log};
  Sharing two{clock, {{.host = "127.0.0.1", .port = redis.port()}, "test", 1}, *log};
  WallTime later = clock.wall() + 1h;
};

TEST(Archive, keeps_texts_for_the_others) {
  Archivists both;
  both.one.archive().keep("a", "what was thought, with spaces\n", both.later);
  both.one.archive().keep("b", "", both.later);
  both.one.archive().keep("long", std::string(Archive::kMostText + 1, 'x'), both.later);
  EXPECT_TRUE(eventually([&] { return both.found(both.two, {"b"}).front() == ""; }));
  EXPECT_EQ(both.found(both.two, {"a", "none", "b", "long"}),
            (std::vector<std::string>{"what was thought, with spaces\n", "-", "", "-"}));
  both.two.archive().keep("a", "another", both.later);
  EXPECT_TRUE(eventually([&] { return both.found(both.one, {"a"}).front() == "another"; }));
  const auto search = both.one.archive().find({"a"});
  ASSERT_NE(search, nullptr);
  ASSERT_TRUE(eventually([&] { return search->done.load(); }));
  EXPECT_LT(std::chrono::abs(search->found[0]->until - both.later), 1ms);
}

TEST(Archive, forgets_the_oldest_texts_and_those_whose_time_is_over) {
  redis::TestRedis redis;
  SystemClock clock;
  const auto log = silent_log(clock);
  Link link(clock, {.host = "127.0.0.1", .port = redis.port()}, *log);
  Archive archive("test", link, 1u << 20);
  link.add(archive);
  link.start();
  EXPECT_TRUE(eventually([&] { return link.connected(); }));
  const auto size_of = [&](const std::string& key) -> std::size_t {
    std::shared_ptr<const Archive::Search> search;
    EXPECT_TRUE(eventually([&] {  // a slow server is away at times
      const bool unheard = search == nullptr || (search->done && search->found.empty());
      if (unheard) search = archive.find({key});
      return search != nullptr && search->done && !search->found.empty();
    }));
    if (search == nullptr || search->found.empty() || !search->found[0]) return 0;
    return search->found[0]->text.size();
  };
  const WallTime now = clock.wall();
  archive.keep("over", "x", now - 1s);
  archive.keep("again", std::string(60'000, 'x'), now + 1min);
  archive.keep("again", "shorter", now + 2h);
  const std::string text(60'000, 'x');
  for (int i = 0; i < 40; ++i) archive.keep(std::to_string(i), text, now + 1h + i * 1s);
  EXPECT_TRUE(eventually([&] { return size_of("39") == text.size(); }));
  EXPECT_EQ(size_of("over"), 0u);
  EXPECT_EQ(size_of("again"), 7u);
  int kept = 0;
  for (int i = 0; i < 40; ++i) kept += size_of(std::to_string(i)) != 0 ? 1 : 0;
  EXPECT_EQ(kept, 17);  // of 60,200 bytes and more in 1 MiB
  EXPECT_NE(size_of("23"), 0u);
  EXPECT_EQ(size_of("22"), 0u);
  link.stop();
}

TEST(Archive, nobody_waits_for_texts_of_a_server_that_is_away) {
  Archivists both;
  both.redis.kill();
  const auto search = both.one.archive().find({"a"});
  if (search != nullptr) {
    EXPECT_TRUE(eventually([&] { return search->done.load(); }));
    EXPECT_TRUE(search->found.empty());
  }
  EXPECT_TRUE(eventually([&] { return !both.one.connected(); }));
  EXPECT_EQ(both.one.archive().find({"a"}), nullptr);
  both.one.archive().keep("a", "x", both.later);
}

}  // namespace
}  // namespace tidegate::sharing
