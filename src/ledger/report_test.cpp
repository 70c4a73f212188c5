#include "ledger/report.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/scratch_dir.h"
#include "ledger/journal.h"
#include "ledger/ledger.h"
#include "ledger/ledger_schema.h"
#include "ledger/sample_record.h"
#include "store/sqlite.h"

namespace tidegate::ledger {
namespace {

class ReportTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Ledger::open({.path = path_, .journal_path = journal_, .open_store = {}});
    ASSERT_TRUE(opened);
    ledger_ = std::move(*opened);
  }

  static UsageRecord make(std::string_view model, std::int64_t cost) {
    UsageRecord record = sample_record(0);
    record.model = model;
    record.cost = NanoDollars{cost};
    return record;
  }
  Report run(const Query& query) {
    ledger_->flush();
    auto report = run_report(path_, journal_, query);
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : Report{};
  }

  ScratchDir dir_;
  std::string path_ = dir_ / "l.db";
  std::string journal_ = dir_ / "l.journal";
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(ReportTest, SumsByModelBesideARunningWriter) {
  UsageRecord failed = make("a", 0);
  failed.last = false;
  failed.outcome = Outcome::provider_error;
  failed.usage = {};
  UsageRecord peak = make("a", 1'000'000);
  peak.peak = true;
  UsageRecord unknown = make("b", 0);
  unknown.cost.reset();
  ledger_->record(std::move(failed));
  ledger_->record(std::move(peak));
  ledger_->record(make("a", 3'000'000));
  ledger_->record(make("b", 1'200'000));
  ledger_->record(std::move(unknown));

  const Report report = run({});
  ASSERT_EQ(report.sums.size(), 2u);
  const Sum& a = report.sums[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.requests, 2);
  EXPECT_EQ(a.attempts, 3);
  EXPECT_EQ(a.failed, 1);
  EXPECT_EQ(a.usage.prompt, 2 * 18'211);
  EXPECT_EQ(a.usage.cached, 2 * 16'896);
  EXPECT_EQ(a.usage.completion, 2 * 812);
  EXPECT_EQ(a.usage.reasoning, 2 * 406);
  EXPECT_EQ(a.cost, NanoDollars{4'000'000});
  EXPECT_EQ(a.peak_cost, NanoDollars{1'000'000});
  EXPECT_EQ(a.unpriced, 0);
  const Sum& b = report.sums[1];
  EXPECT_EQ(b.cost, NanoDollars{1'200'000});
  EXPECT_EQ(b.unpriced, 1);
  EXPECT_EQ(report.total.attempts, 5);
  EXPECT_EQ(report.total.cost, NanoDollars{5'200'000});

  EXPECT_EQ(to_text(report),
            "model  requests  attempts  failed  prompt  cached  completion  reasoning"
            "                 cost  at peak\n"
            "a             2         3       1  36,422  33,792       1,624        812"
            "               $0.004      25%\n"
            "b             2         2       0  36,422  33,792       1,624        812"
            "  $0.0012 + 1 unknown       0%\n"
            "total         4         5       1  72,844  67,584       3,248      1,624"
            "  $0.0052 + 1 unknown      19%\n");
  const std::string json = to_json(report);
  EXPECT_NE(json.find(R"({"by":"model","since":null,"until":null,"rows":[{"name":"a","requests":2,)"
                      R"("attempts":3,"failed":1,"prompt_tokens":36422)"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("cost_nano_usd":1200000,"unknown_price_attempts":1)"), std::string::npos)
      << json;
}

TEST_F(ReportTest, AnUnknownPriceIsNeverZero) {
  UsageRecord unknown = make("b", 0);
  unknown.cost.reset();
  ledger_->record(std::move(unknown));
  const Report report = run({});
  EXPECT_NE(to_text(report).find("  unknown"), std::string::npos) << to_text(report);
  EXPECT_EQ(to_text(report).find('$'), std::string::npos);
  EXPECT_NE(to_json(report).find(R"("cost_nano_usd":null)"), std::string::npos);
}

TEST_F(ReportTest, GroupsByEverythingAndNamesWhatHasNone) {
  UsageRecord plain = make("a", 1);
  plain.task.clear();
  plain.role.clear();
  ledger_->record(std::move(plain));
  ledger_->record(sample_record(40));
  const auto names = [&](GroupBy by) {
    std::vector<std::string> found;
    for (const Sum& sum : run({.by = by, .since = {}, .until = {}}).sums) found.push_back(sum.name);
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(GroupBy::task), (Names{"task-2", ""}));
  EXPECT_EQ(names(GroupBy::role), (Names{"coder", ""}));
  EXPECT_EQ(names(GroupBy::route), (Names{"terminal_agentic", "short_task_batch"}));
  EXPECT_EQ(names(GroupBy::provider), Names{"deepseek"});
  EXPECT_EQ(names(GroupBy::key), Names{"team-a"});
  EXPECT_EQ(names(GroupBy::tenant), Names{"search"});
  EXPECT_NE(to_text(run({.by = GroupBy::task, .since = {}, .until = {}})).find("\n(none)"),
            std::string::npos);
  for (const char* text : {"model", "task", "role", "day", "route", "provider", "key", "tenant"}) {
    ASSERT_TRUE(parse_group_by(text)) << text;
    EXPECT_EQ(name(*parse_group_by(text)), text);
  }
  EXPECT_FALSE(parse_group_by("modell"));
}

TEST_F(ReportTest, DaysAndRangesAreHalfOpen) {
  const WallTime midnight{std::chrono::sys_days{std::chrono::year{2026} / 10 / 2}};
  for (const Duration offset : {-24h + 0ns, Duration(-1us), Duration(0), 24h - 1us + 0ns}) {
    UsageRecord record = sample_record(0);
    record.started = midnight + offset;
    ledger_->record(std::move(record));
  }
  const Report days = run({.by = GroupBy::day, .since = {}, .until = {}});
  ASSERT_EQ(days.sums.size(), 2u);
  EXPECT_EQ(days.sums[0].name, "2026-10-01");
  EXPECT_EQ(days.sums[0].attempts, 2);
  EXPECT_EQ(days.sums[1].name, "2026-10-02");
  EXPECT_EQ(run({.by = GroupBy::day, .since = midnight, .until = {}}).total.attempts, 2);
  EXPECT_EQ(run({.by = GroupBy::day, .since = {}, .until = midnight}).total.attempts, 2);
  const Report none = run({.by = GroupBy::day, .since = midnight + 48h, .until = {}});
  EXPECT_EQ(to_text(none), "Nothing was recorded from 2026-10-04T00:00:00.000Z.\n");
}

TEST_F(ReportTest, CountsWhatIsStillInTheJournalOnce) {
  ledger_->record(make("a", 1'000'000));
  ledger_->flush();  // in the store
  ledger_.reset();
  const auto segment_of = [](std::int64_t cost, std::int64_t id) {
    SegmentBuilder builder;
    builder.add(make("a", cost));
    return builder.finish(id);
  };
  auto store = store::open_sqlite({.path = path_});
  ASSERT_TRUE(store);
  const Segment both = segment_of(2'000'000, 1);
  EXPECT_TRUE(insert_segment(**store, both));
  ASSERT_TRUE(Journal(journal_).append(std::vector{both, segment_of(4'000'000, 2)}));
  const auto report = run_report(path_, journal_, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->total.attempts, 3);
  EXPECT_EQ(report->total.cost.value, 7'000'000);
  const auto alone = run_report(dir_ / "none.db", journal_, {});
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->total.cost.value, 6'000'000) << "the store was never there";
}

TEST_F(ReportTest, EmptyMissingAndForeignFilesAreSaidClearly) {
  EXPECT_EQ(to_text(run({})), "Nothing was recorded yet.\n");
  const auto missing = run_report(dir_ / "none.db", dir_ / "none.journal", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_NE(missing.error().message.find("there is no ledger at"), std::string::npos);
  std::ofstream(dir_ / "text.db") << std::string(5000, 'x');
  EXPECT_FALSE(run_report(dir_ / "text.db", dir_ / "none.journal", {}));
}

}  // namespace
}  // namespace tidegate::ledger
