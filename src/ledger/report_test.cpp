#include "ledger/report.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/scratch_dir.h"
#include "ledger/journal.h"
#include "ledger/ledger.h"
#include "ledger/ledger_store.h"
#include "ledger/sample_record.h"
#include "ledger/test_store.h"

namespace tidegate::ledger {
namespace {

class ReportTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (IsSkipped()) return;
    place_ = ledger_at(address(path_), journal_);
    auto opened =
        Ledger::open({.path = address(path_), .journal_path = journal_, .open_store = {}});
    ASSERT_TRUE(opened);
    ledger_ = std::move(*opened);
  }

  static Query query(std::vector<GroupBy> by) {
    Query query;
    query.by = std::move(by);
    return query;
  }
  static UsageRecord make(std::string_view model, std::int64_t cost) {
    UsageRecord record = sample_record(0);
    record.model = model;
    record.cost = NanoDollars{cost};
    return record;
  }
  Report run(const Query& query) {
    ledger_->flush();
    auto report = run_report(place_, query);
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : Report{};
  }

  ScratchDir dir_;
  std::string path_ = dir_ / "l.db";
  std::string journal_ = dir_ / "l.journal";
  LedgerPlace place_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_P(ReportTest, SumsByModelBesideARunningWriter) {
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
  ASSERT_EQ(report.rows.size(), 2u);
  const ReportRow& a = report.rows[0];
  EXPECT_EQ(a.names, std::vector<std::string>{"a"});
  EXPECT_EQ(a.sums[Measure::requests], 2);
  EXPECT_EQ(a.sums[Measure::succeeded], 2);
  EXPECT_EQ(a.sums[Measure::attempts], 3);
  EXPECT_EQ(a.sums[Measure::failed], 1);
  EXPECT_EQ(a.sums[Measure::prompt], 2 * 18'211);
  EXPECT_EQ(a.sums[Measure::cached], 2 * 16'896);
  EXPECT_EQ(a.sums[Measure::completion], 2 * 812);
  EXPECT_EQ(a.sums[Measure::reasoning], 2 * 406);
  EXPECT_EQ(a.sums[Measure::cost], 4'000'000);
  EXPECT_EQ(a.sums[Measure::peak_cost], 1'000'000);
  EXPECT_EQ(a.sums[Measure::unpriced], 0);
  const ReportRow& b = report.rows[1];
  EXPECT_EQ(b.sums[Measure::cost], 1'200'000);
  EXPECT_EQ(b.sums[Measure::unpriced], 1);
  EXPECT_EQ(report.total.sums[Measure::attempts], 5);
  EXPECT_EQ(report.total.sums[Measure::cost], 5'200'000);

  EXPECT_EQ(to_string(report, write_text),
            "model  requests  success  attempts  failed  prompt  cached  completion  reasoning"
            "                 cost  at peak  off-peak  per success\n"
            "a             2     100%         3       1  36,422  33,792       1,624        812"
            "               $0.004   $0.001    $0.003       $0.002\n"
            "b             2     100%         2       0  36,422  33,792       1,624        812"
            "  $0.0012 + 1 unknown    $0.00   $0.0012      unknown\n"
            "total         4     100%         5       1  72,844  67,584       3,248      1,624"
            "  $0.0052 + 1 unknown   $0.001   $0.0042      unknown\n");
  const std::string json = to_string(report, write_json);
  EXPECT_NE(json.find(R"({"by":["model"],"since":null,"until":null,"time_zone":"UTC","filters":{},)"
                      R"("rows":[{"model":"a","requests":2,"succeeded":2,"attempts":3,"failed":1,)"
                      R"("prompt_tokens":36422)"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("cost_nano_usd":1200000,"unknown_price_attempts":1)"), std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("cost_per_success_nano_usd":2000000})"), std::string::npos) << json;
  const std::string csv = to_string(report, write_csv);
  EXPECT_TRUE(csv.starts_with("model,requests,succeeded,attempts,failed,prompt_tokens,")) << csv;
  EXPECT_NE(csv.find("\r\nb,2,2,2,0,36422,33792,0,1624,812,1200000,1,0,0,0,0,0,\r\n"),
            std::string::npos)
      << csv;
}

TEST_P(ReportTest, SaysWhatWasSavedAndWhatWasWasted) {
  UsageRecord retried = make("a", 100);
  retried.last = false;
  retried.outcome = Outcome::truncated;
  UsageRecord gone = make("a", 30);
  gone.outcome = Outcome::client_gone;
  UsageRecord good = make("a", 1000);
  good.saved_by_cache = NanoDollars{5000};
  good.saved_by_window = NanoDollars{700};
  for (const UsageRecord& record : {retried, gone, good}) ledger_->record(record);
  const ReportRow total = run({}).total;
  EXPECT_EQ(total.sums[Measure::retried_cost], 100);
  EXPECT_EQ(total.sums[Measure::failed_cost], 30);
  EXPECT_EQ(total.sums[Measure::saved_by_cache], 5000);
  EXPECT_EQ(total.sums[Measure::saved_by_window], 700);
  EXPECT_EQ(total.sums[Measure::requests], 2);
  EXPECT_EQ(total.sums[Measure::succeeded], 1);
  EXPECT_EQ(cost_per(total.sums, 1)->value, 1130);
}

TEST_P(ReportTest, AnUnknownPriceIsNeverZero) {
  UsageRecord unknown = make("b", 0);
  unknown.cost.reset();
  ledger_->record(std::move(unknown));
  const Report report = run({});
  EXPECT_NE(to_string(report, write_text).find("  unknown"), std::string::npos)
      << to_string(report, write_text);
  EXPECT_EQ(to_string(report, write_text).find('$'), std::string::npos);
  EXPECT_NE(to_string(report, write_json).find(R"("cost_nano_usd":null)"), std::string::npos);
  EXPECT_NE(to_string(report, write_csv).find("b,1,1,1,0,18211,16896,0,812,406,,1,"),
            std::string::npos);
}

TEST_P(ReportTest, GroupsByEverythingAndNamesWhatHasNone) {
  UsageRecord plain = make("a", 1);
  plain.task.clear();
  plain.role.clear();
  ledger_->record(std::move(plain));
  ledger_->record(sample_record(40));
  const auto names = [&](GroupBy by) {
    std::vector<std::string> found;
    for (const ReportRow& row : run(query({by})).rows) found.push_back(row.names.at(0));
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(GroupBy::task), (Names{"task-2", ""}));
  EXPECT_EQ(names(GroupBy::role), (Names{"coder", ""}));
  EXPECT_EQ(names(GroupBy::route), (Names{"terminal_agentic", "short_task_batch"}));
  EXPECT_EQ(names(GroupBy::provider), Names{"deepseek"});
  EXPECT_EQ(names(GroupBy::key), Names{"team-a"});
  EXPECT_EQ(names(GroupBy::tenant), Names{"search"});
  EXPECT_EQ(names(GroupBy::client), Names{"OpenAI/JS"});
  EXPECT_EQ(names(GroupBy::hour), Names{"2026-09-21T14:00Z"});
  EXPECT_NE(to_string(run(query({GroupBy::task})), write_text).find("\n(none)"), std::string::npos);
  for (const char* text :
       {"model", "task", "role", "day", "hour", "route", "provider", "key", "tenant", "client"}) {
    ASSERT_TRUE(parse_group_by(text)) << text;
    EXPECT_EQ(name(*parse_group_by(text)), text);
  }
  EXPECT_FALSE(parse_group_by("modell"));
}

TEST_P(ReportTest, GroupsByTwo) {
  for (std::uint64_t i = 0; i < 12; ++i) ledger_->record(sample_record(i));
  const Report report = run(query({GroupBy::role, GroupBy::model}));
  ASSERT_EQ(report.rows.size(), 4u);
  for (const ReportRow& row : report.rows) {
    EXPECT_EQ(row.sums[Measure::attempts], row.names[1] == "deepseek-v4-flash" ? 2 : 4);
  }
  Query top = query({GroupBy::role, GroupBy::model});
  top.top = 1;
  const Report first = run(top);
  ASSERT_EQ(first.rows.size(), 1u);
  EXPECT_EQ(first.left_out, 3u);
  EXPECT_EQ(first.total.sums, report.total.sums);
  EXPECT_NE(to_string(first, write_text).find("The total includes 3 more rows."),
            std::string::npos);
}

TEST_P(ReportTest, FiltersHoldTogether) {
  for (std::uint64_t i = 0; i < 60; ++i) ledger_->record(sample_record(i));
  Query coder = query({GroupBy::model});
  coder.filters = {{GroupBy::role, {"coder"}}, {GroupBy::task, {"task-0", "task-2"}}};
  EXPECT_EQ(run(coder).total.sums[Measure::attempts], 20);
  coder.filters.push_back({GroupBy::model, {"deepseek-v4-flash", "none"}});
  EXPECT_EQ(run(coder).total.sums[Measure::attempts], 7);  // multiples of 6 in 0..19, 40..59
  coder.filters = {{GroupBy::task, {""}}};
  EXPECT_EQ(run(coder).total.sums[Measure::attempts], 0);
}

TEST_P(ReportTest, ATaskSucceedsIfItsLatestRequestDid) {
  const auto record = [&](std::string_view task, std::int64_t second, Outcome outcome,
                          std::int64_t cost) {
    UsageRecord made = make("a", cost);
    made.task = task;
    made.started += std::chrono::seconds(second);
    made.outcome = outcome;
    ledger_->record(made);
  };
  record("good", 0, Outcome::provider_error, 10);
  record("good", 5, Outcome::ok, 20);
  record("bad", 0, Outcome::ok, 40);
  record("bad", 7200, Outcome::timed_out, 80);
  record("", 0, Outcome::ok, 160);
  Query tasks = query({GroupBy::model});
  tasks.tasks = true;
  const ReportRow total = run(tasks).total;
  EXPECT_EQ(total.sums[Measure::cost], 310);
  EXPECT_EQ(total.tasks, 2);
  EXPECT_EQ(total.succeeded_tasks, 1);
  EXPECT_NE(to_string(run(tasks), write_json).find("\"cost_per_succeeded_task_nano_usd\":310"),
            std::string::npos);
  const Report by_task = run(query({GroupBy::task}));
  ASSERT_EQ(by_task.rows.size(), 3u);
  EXPECT_EQ(by_task.rows[0].names[0], "");
  EXPECT_EQ(by_task.rows[1].names[0], "bad");
  EXPECT_EQ(by_task.rows[1].succeeded_tasks, 0);
  EXPECT_EQ(by_task.rows[2].sums[Measure::cost], 30);
  EXPECT_EQ(by_task.rows[2].succeeded_tasks, 1);
}

TEST_P(ReportTest, RepricesFromTheTokensAndChangesNothing) {
  ledger_->record(make("a", 1000));
  ledger_->record(make("b", 2000));
  Query query;
  query.reprice = [](const Label& label, const Entry& entry) -> std::optional<NanoDollars> {
    if (label.model == "b") return std::nullopt;
    return NanoDollars{entry.usage.prompt};
  };
  const Report report = run(query);
  EXPECT_EQ(report.total.sums[Measure::cost], 3000);
  EXPECT_EQ(report.total.repriced.value, 18'211);
  EXPECT_EQ(report.total.repriced_unknown, 1);
  EXPECT_NE(to_string(report, write_text).find("at other prices"), std::string::npos);
  EXPECT_NE(to_string(report, write_text).find("$0.000018211 + 1 unknown"), std::string::npos);
  EXPECT_EQ(run({}).total.sums[Measure::cost], 3000);
}

TEST_P(ReportTest, DaysAndRangesAreHalfOpen) {
  const WallTime midnight{std::chrono::sys_days{std::chrono::year{2026} / 10 / 2}};
  for (const Duration offset : {-24h + 0ns, Duration(-1us), Duration(0), 24h - 1us + 0ns}) {
    UsageRecord record = sample_record(0);
    record.started = midnight + offset;
    ledger_->record(std::move(record));
  }
  const Report days = run(query({GroupBy::day}));
  ASSERT_EQ(days.rows.size(), 2u);
  EXPECT_EQ(days.rows[0].names[0], "2026-10-01");
  EXPECT_EQ(days.rows[0].sums[Measure::attempts], 2);
  EXPECT_EQ(days.rows[1].names[0], "2026-10-02");
  Query part = query({GroupBy::day});
  part.since = midnight;
  EXPECT_EQ(run(part).total.sums[Measure::attempts], 2);
  part.since.reset();
  part.until = midnight;
  EXPECT_EQ(run(part).total.sums[Measure::attempts], 2);
  part.until.reset();
  part.since = midnight + 48h;
  EXPECT_EQ(to_string(run(part), write_text),
            "Nothing was recorded from 2026-10-04T00:00:00.000Z.\n");
}

TEST_P(ReportTest, DaysAndHoursAreThoseOfTheTimeZone) {
  const auto zone = [](std::string_view name) { return *TimeZone::find(name); };
  for (const char* text :
       {"2026-10-24T21:59:00Z", "2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z", "2026-10-25T22:59:00Z", "2026-10-25T23:00:00Z"}) {
    UsageRecord record = sample_record(0);
    ASSERT_TRUE(parse_rfc3339(text, record.started));
    ledger_->record(record);
  }
  const auto rows = [&](GroupBy by, std::string_view name) {
    Query asked = query({by});
    asked.zone = zone(name);
    std::string text;
    for (const ReportRow& row : run(asked).rows) {
      text += fmt::format("{}:{} ", row.names[0], row.sums[Measure::attempts]);
    }
    return text;
  };
  EXPECT_EQ(rows(GroupBy::day, "Europe/Berlin"), "2026-10-24:1 2026-10-25:4 2026-10-26:1 ");
  // The hour that clocks repeat is two.
  EXPECT_EQ(rows(GroupBy::hour, "Europe/Berlin"),
            "2026-10-24T23:00+02:00:1 2026-10-25T00:00+02:00:1 2026-10-25T02:00+02:00:1 "
            "2026-10-25T02:00+01:00:1 2026-10-25T23:00+01:00:1 2026-10-26T00:00+01:00:1 ");
  EXPECT_EQ(rows(GroupBy::day, "Asia/Kolkata"), "2026-10-25:4 2026-10-26:2 ");
  EXPECT_EQ(rows(GroupBy::hour, "Asia/Kolkata"),
            "2026-10-25T03:00+05:30:2 2026-10-25T06:00+05:30:1 2026-10-25T07:00+05:30:1 "
            "2026-10-26T04:00+05:30:2 ");
}

TEST_P(ReportTest, CountsWhatIsStillInTheJournalOnce) {
  ledger_->record(make("a", 1'000'000));
  ledger_->flush();  // in the store
  ledger_.reset();
  const auto segment_of = [](std::int64_t cost, std::int64_t id) {
    SegmentBuilder builder;
    builder.add(make("a", cost));
    return builder.finish(id);
  };
  auto store = LedgerStore::open(*open_to_write(address(path_))({}));
  ASSERT_TRUE(store);
  const Segment both = segment_of(2'000'000, 1);
  EXPECT_TRUE((*store)->insert(std::span(&both, 1)));
  ASSERT_TRUE(Journal(journal_).append(std::vector{both, segment_of(4'000'000, 2)}));
  const auto report = run_report(place_, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->total.sums[Measure::attempts], 3);
  EXPECT_EQ(report->total.sums[Measure::cost], 7'000'000);
  const auto alone = run_report(sqlite_ledger(dir_ / "none.db", journal_), {});
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->total.sums[Measure::cost], 6'000'000) << "the store was never there";
}

TEST_P(ReportTest, EmptyMissingAndForeignFilesAreSaidClearly) {
  EXPECT_EQ(to_string(run({}), write_text), "Nothing was recorded yet.\n");
  const auto missing = run_report(sqlite_ledger(dir_ / "none.db", dir_ / "none.journal"), {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_NE(missing.error().message.find("there is no ledger at"), std::string::npos);
  std::ofstream(dir_ / "text.db") << std::string(5000, 'x');
  EXPECT_FALSE(run_report(sqlite_ledger(dir_ / "text.db", dir_ / "none.journal"), {}));
}

TIDEGATE_ON_BOTH_STORES(ReportTest);

}  // namespace
}  // namespace tidegate::ledger
