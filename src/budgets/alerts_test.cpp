// Alerts on their way to a webhook that is there, away, or comes back after a restart.
#include "budgets/alerts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <semaphore>
#include <thread>

#include "base/scratch_dir.h"
#include "http/test_call.h"

namespace tidegate::budgets {
namespace {

using http::RawPeer;
using http::Script;
using http::ScriptedProvider;

WallTime at(std::string_view text) {
  WallTime time;
  EXPECT_TRUE(parse_rfc3339(text, time)) << text;
  return time;
}

Alert alert(int share = 8000) {
  Alert made;
  made.budget = "tenant//day";
  made.scope = config::BudgetScope::tenant;
  made.name = "a<b";
  made.per = config::BudgetPer::day;
  made.time_zone = "UTC";
  made.period = {at("2026-11-30T00:00:00Z"), at("2026-12-01T00:00:00Z")};
  made.share = share;
  made.limit = {100'000'000'000};
  made.spent = {80'120'000'000};
  made.runs_out = at("2026-11-30T17:20:00Z");
  made.at = at("2026-11-30T12:00:00Z");
  return made;
}

TEST(Alert, SaysWhatHappenedInASentence) {
  EXPECT_EQ(sentence(alert()),
            "Budget tenant a<b per day: $80.12 of $100.00 is spent (80% was set to be told of). At "
            "the rate of the last hour it runs out at 2026-11-30 17:00 UTC. The day ends at "
            "2026-12-01T00:00:00.000Z.");
  Alert refused = alert(10'000);
  refused.turned_away = true;
  refused.runs_out.reset();
  EXPECT_EQ(sentence(refused),
            "Budget tenant a<b per day: $80.12 of $100.00 is spent, and a request that might cost "
            "more than the rest was refused. The day ends at 2026-12-01T00:00:00.000Z.");
  Alert total = alert(12'550);
  total.scope = config::BudgetScope::global;
  total.name.clear();
  total.per = config::BudgetPer::total;
  total.period.end = WallTime::max();
  total.spent = {130'000'000'000};
  EXPECT_EQ(sentence(total),
            "Budget global in total: $130.00 of $100.00 is spent (125.5% was set to be told of).");
  EXPECT_EQ(id_of(total), "global//total/all/100.00/125.5%");
}

TEST(Alert, HasABodyForProgramsAndOneForSlack) {
  EXPECT_TRUE(body_of(alert()).starts_with(
      R"({"id":"tenant/a<b/day/2026-11-30T00:00:00.000Z/100.00/80%","type":"budget_alert",)"))
      << body_of(alert());
  EXPECT_TRUE(body_of(alert()).contains(R"("threshold":0.8,"limit_usd":"100.00")"));
  Alert slack = alert();
  slack.format = config::WebhookFormat::slack;
  EXPECT_TRUE(body_of(slack).starts_with(R"({"text":"Budget tenant a&lt;b per day: $80.12)"))
      << body_of(slack);
}

class AlertsTest : public testing::Test {
 protected:
  // Answers each post with the next status, on a connection each.
  std::vector<Script> answers(std::vector<int> statuses) {
    std::vector<Script> scripts;
    for (const int status : statuses) {
      scripts.push_back([this, status](RawPeer& peer) {
        std::string post = peer.read_until("\r\n\r\n");
        post += peer.read(std::stoul(post.substr(post.find("Content-Length: ") + 16)));
        posts_.push_back(post);
        peer.send("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: 0\r\n\r\n");
        seen_.release();
      });
    }
    return scripts;
  }
  std::unique_ptr<Alerts> start(const std::string& url) {
    auto alerts = std::make_unique<Alerts>(
        AlertOptions{.path = dir_ / "alerts", .ca_file = {}, .first_pause = 1ms, .last_pause = 4ms},
        clock_, *log_);
    config::Budget budget;
    budget.scope = config::BudgetScope::tenant;
    budget.per = config::BudgetPer::day;
    budget.webhook = config::Secret(url);
    alerts->use({budget});
    return alerts;
  }
  static Alert to(const std::string& url, int share = 8000) {
    Alert made = alert(share);
    made.at = SystemClock().wall();
    made.webhook = config::Secret(url);
    return made;
  }
  void wait_for(int posts) {
    for (int i = 0; i < posts; ++i) ASSERT_TRUE(seen_.try_acquire_for(10s));
  }
  std::size_t waiting() {
    auto outbox = Outbox::open(dir_ / "alerts");
    return outbox ? (*outbox)->waiting()->size() : 99;
  }

  const SystemClock clock_;
  ScratchDir dir_;
  std::unique_ptr<telemetry::Log> log_ =
      std::move(*telemetry::Log::open({.path = dir_ / "log"}, clock_));
  std::vector<std::string> posts_;
  std::counting_semaphore<> seen_{0};
  std::atomic<bool> all_ = false;
};

TEST_F(AlertsTest, ArePostedUntilTheyAreTakenAndNotAgain) {
  ScriptedProvider hook(answers({500, 429, 204, 200}));
  const std::string url = "http://" + hook.address.text() + "/secret/path?q=1";
  {
    const auto alerts = start(url);
    alerts->give(to(url));
    alerts->give(to(url));  // another worker's, or that of a process before
    wait_for(3);
    alerts->give(to(url, 10'000));
    wait_for(1);
  }
  EXPECT_EQ(hook.accepted, 4);
  EXPECT_TRUE(posts_[0].starts_with("POST /secret/path?q=1 HTTP/1.1\r\n")) << posts_[0];
  EXPECT_TRUE(posts_[0].contains("Idempotency-Key: tenant/a<b/day/"));
  EXPECT_EQ(posts_[0], posts_[2]);
  EXPECT_TRUE(posts_[3].contains("/100%\r\n"));
  EXPECT_EQ(waiting(), 0u);
}

TEST_F(AlertsTest, OneThatIsRefusedHoldsNobodyBack) {
  constexpr int kMostPosts = 10;
  std::vector<Script> scripts;
  for (int i = 0; i < kMostPosts; ++i) {
    scripts.push_back([this](RawPeer& peer) {
      std::string post = peer.read_until("\r\n\r\n");
      post += peer.read(std::stoul(post.substr(post.find("Content-Length: ") + 16)));
      const bool first = post.contains(R"("threshold":0.8)");
      all_ = all_ || !first;
      peer.send(first ? "HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n"
                      : "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n");
      seen_.release();
    });
  }
  ScriptedProvider hook(std::move(scripts));
  const std::string url = "http://" + hook.address.text();
  const auto alerts = start(url);
  alerts->give(to(url));
  alerts->give(to(url, 10'000));
  for (int i = 0; i < kMostPosts && !all_; ++i) wait_for(1);
  EXPECT_TRUE(all_);
}

TEST_F(AlertsTest, WaitForAReceiverThroughARestart) {
  std::string away;
  {
    // An address where nobody listens any more.
    ScriptedProvider gone({});
    away = "http://" + gone.address.text() + "/hook";
  }
  {
    const auto alerts = start(away);
    alerts->give(to(away));
    while (alerts->waiting() == 0) std::this_thread::yield();
  }
  EXPECT_EQ(waiting(), 1u);
  ScriptedProvider hook(answers({200}));
  {
    // The budget has another webhook now.
    const auto alerts = start("http://" + hook.address.text());
    wait_for(1);
  }
  EXPECT_EQ(waiting(), 0u);
}

// An hour and its pauses, a thousandth of each.
TEST_F(AlertsTest, WaitForAReceiverThatIsAwayForAnHour) {
  const TimePoint back = clock_.now() + 3600ms;
  std::vector<Script> scripts(200, [&](RawPeer& peer) {
    std::string post = peer.read_until("\r\n\r\n");
    post += peer.read(std::stoul(post.substr(post.find("Content-Length: ") + 16)));
    posts_.push_back(post);
    const bool away = clock_.now() < back;
    peer.send(away ? "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"
                   : "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n");
    if (!away) seen_.release();
  });
  ScriptedProvider hook(std::move(scripts));
  const std::string url = "http://" + hook.address.text();
  config::Budget budget;
  budget.scope = config::BudgetScope::tenant;
  budget.per = config::BudgetPer::day;
  budget.webhook = config::Secret(url);
  {
    Alerts alerts({.path = dir_ / "alerts", .ca_file = {}, .first_pause = 1ms, .last_pause = 300ms},
                  clock_, *log_);
    alerts.use({budget});
    alerts.give(to(url));
    alerts.give(to(url, 10'000));
    wait_for(2);
  }
  EXPECT_EQ(waiting(), 0u);
  // Nine that double the pause, then at least half the longest one apart.
  EXPECT_LE(posts_.size(), 9u + 3600 / 150 + 2);
  EXPECT_TRUE(posts_[posts_.size() - 2].contains("/80%\r\n"));
  EXPECT_TRUE(posts_.back().contains("/100%\r\n"));
}

TEST_F(AlertsTest, OfABudgetWithoutAWebhookAreOnlyLogged) {
  {
    Alerts alerts({.path = dir_ / "alerts", .ca_file = {}}, clock_, *log_);
    alerts.use({});
    alerts.give(alert());
    alerts.give(alert());
  }
  EXPECT_EQ(waiting(), 0u);
  std::ifstream file(dir_ / "log");
  const std::string log{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_TRUE(log.contains("budget_alert budget=tenant//day")) << log;
}

TEST_F(AlertsTest, AreForgottenLongAfterTheirPeriod) {
  auto outbox = *Outbox::open(dir_ / "alerts");
  EXPECT_TRUE(*outbox->add(alert()));
  ASSERT_TRUE(outbox->clean(at("2027-02-28T00:00:00Z")));
  EXPECT_FALSE(*outbox->add(alert()));
  ASSERT_TRUE(outbox->clean(at("2027-03-02T00:00:00Z")));
  EXPECT_TRUE(*outbox->add(alert()));
}

}  // namespace
}  // namespace tidegate::budgets
