#include "engine/html_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/scratch_dir.h"
#include "engine/graph_layout.h"
#include "engine/html_parts.h"
#include "engine/html_text.h"
#include "engine/journal_place.h"
#include "engine/record_writer.h"
#include "engine/sample_picture.h"

namespace tidegate::engine {
namespace {

std::size_t occurrences(std::string_view text, std::string_view of) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(of, at)) != text.npos; at += of.size()) ++count;
  return count;
}

// Every element that is opened is closed, in order: a page that a browser need not repair.
std::string unbalanced(std::string_view page) {
  const std::set<std::string> empty = {"meta", "br", "!doctype", "path", "rect"};
  std::vector<std::string> open;
  for (std::size_t at = 0; (at = page.find('<', at)) != page.npos; ++at) {
    const std::size_t end = page.find('>', at);
    if (end == page.npos) return "unended tag";
    std::string name(page.substr(at + 1, page.find_first_of(" >/", at + 2) - at - 1));
    if (name.starts_with('/')) {
      if (open.empty() || open.back() != name.substr(1)) return name;
      open.pop_back();
    } else if (name == "style") {
      at = page.find("</style>", at) + 7;
    } else if (!empty.contains(name) && page[end - 1] != '/') {
      open.push_back(name);
    }
  }
  return open.empty() ? "" : "unclosed " + open.back();
}

TEST(HtmlReport, ShowsARunAsOnePageThatNeedsNothingElse) {
  const RunPicture picture = sample_picture();
  const std::string page = html_report(picture, picture.changed);
  EXPECT_EQ(unbalanced(page), "");
  for (const std::string_view part :
       {"nightly-repo-audit", "partial", "14m 03s", "19 of 21 tasks and items", "$0.521",
        "2.1 % of $25.00 budget", "14 of 14 items, 1 failed", "security_auditor", "deepseek-v4-pro",
        "invalid_output", "up to $0.012 billed unseen", "All is well.\n&lt;b&gt;No&lt;/b&gt;"}) {
    EXPECT_NE(page.find(part), page.npos) << part;
  }
  for (const std::string_view outside :
       {"<script", "http://", "https://", "src=", "url(", "@import"}) {
    EXPECT_EQ(page.find(outside), page.npos) << outside;
  }
  EXPECT_EQ(occurrences(page, "<section>"), 6u);
}

TEST(HtmlReport, TakesNothingThatAModelWroteForMarkup) {
  const std::string evil = "\"><script>alert(1)</script><img src=x onerror='a'>&amp;\x01\xff";
  RunPicture picture = sample_picture();
  picture.name = evil;
  picture.reason = evil;
  picture.outputs = R"({"<script>":"<\/pre><script>alert(2)</script>","m":{"<i>":1}})";
  for (PictureTask& task : picture.tasks) {
    task.id = evil;
    task.role = evil;
    task.error = evil;
  }
  for (RoleCost& cost : picture.costs) cost.role = cost.model = evil;
  for (ErrorCount& error : picture.retries) error.error_class = evil;
  const std::string page = html_report(picture, picture.changed);
  EXPECT_EQ(unbalanced(page), "");
  EXPECT_EQ(page.find("<script"), page.npos);
  EXPECT_EQ(page.find("<img"), page.npos);
  EXPECT_EQ(page.find("onerror='"), page.npos);
  EXPECT_EQ(page.find('\x01'), page.npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(2)"), page.npos);
}

TEST(HtmlReport, GroupsWhatIsTooMuchForAPage) {
  for (const RunPicture& picture : {large_picture(100, 1000), large_picture(10'000, 1)}) {
    const std::string page = html_report(picture, picture.changed);
    EXPECT_EQ(unbalanced(page), "");
    EXPECT_LT(page.size(), 400'000u);
    EXPECT_LE(graph_nodes(picture).size(), 150u);
    EXPECT_NE(page.find(with_commas(static_cast<std::int64_t>(picture.tasks.size())) +
                        " tasks, shown as"),
              page.npos);
    EXPECT_EQ(occurrences(page, "<tr id="), 400u);
  }
  EXPECT_EQ(graph_nodes(large_picture(10, 5)).size(), 50u);
}

TEST(HtmlReport, IsThereForARunThatHasJustBegun) {
  RunPicture picture;
  picture.name = "new";
  EXPECT_EQ(unbalanced(html_report(picture, picture.created)), "");
  picture.tasks.resize(3);
  EXPECT_EQ(unbalanced(html_report(picture, picture.created)), "");
}

TEST(GraphLayout, PutsTasksBehindWhatTheyNeedAndNotOnOneAnother) {
  const RunPicture picture = large_picture(8, 9);
  std::vector<std::vector<std::uint32_t>> needs;
  for (const PictureTask& task : picture.tasks) needs.push_back(task.needs);
  needs.push_back({0, 70});  // a long line
  const GraphSizes sizes;
  const GraphLayout layout = lay_out(needs, sizes);
  ASSERT_EQ(layout.boxes.size(), needs.size());
  for (std::size_t i = 0; i < needs.size(); ++i) {
    for (const std::uint32_t need : needs[i]) {
      EXPECT_GE(layout.boxes[i].x, layout.boxes[need].x + sizes.box_width);
    }
    EXPECT_GE(layout.boxes[i].y, 0);
    EXPECT_LE(layout.boxes[i].y + sizes.box_height, layout.height + 0.1);
    for (std::size_t k = 0; k < i; ++k) {
      const bool apart = layout.boxes[i].x != layout.boxes[k].x ||
                         std::abs(layout.boxes[i].y - layout.boxes[k].y) >= sizes.box_height;
      EXPECT_TRUE(apart) << i << " lies on " << k;
    }
  }
}

TEST(HtmlText, WritesNumbersAsPeopleReadThem) {
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(with_commas(-1234), "-1,234");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(short_count(1'234'567), "1.2M");
  EXPECT_EQ(short_count(9'999), "9,999");
  EXPECT_EQ(short_usd({1'234'000'000}), "$1.23");
  EXPECT_EQ(short_usd({4'200'000}), "$0.0042");
  EXPECT_EQ(short_usd({99}), "&lt;$0.0001");
  EXPECT_EQ(short_time(62s), "1m 02s");
  EXPECT_EQ(short_time(3720s), "1h 02m");
  EXPECT_EQ(short_time(15ms), "15 ms");
  EXPECT_EQ(percent(0.987), "99 %");
  EXPECT_EQ(percent(0.0123), "1.2 %");
  EXPECT_EQ(escaped_short("\u00e4\u00e4\u00e4", 2), "\u00e4\u00e4\u2026");
}

// What the engine writes is what the page shows.
TEST(RunPicture, IsReadFromTheJournal) {
  const ScratchDir folder;
  auto store = open_journal_store((folder / "journal.db").string());
  ASSERT_TRUE(store) << store.error().message;
  const WallTime begin{1'790'000'000s};
  const RunId run = RunId::make(begin);
  const auto bytes = [](std::string text) {
    return std::make_shared<const std::string>(std::move(text));
  };
  RecordWriter writer(**store);
  const auto write = [&](Record record) {
    const Result<void> done = writer.write(record);
    EXPECT_TRUE(done) << done.error().message;
  };
  const auto tasks = std::make_shared<std::vector<NewTask>>(std::vector<NewTask>{
      {.id = "scan", .role = "security_auditor"}, {.id = "merge", .role = "data_analyst"}});
  write(CreateRun{.run = run,
                  .name = "audit",
                  .spec_hash = "h",
                  .spec = bytes("s"),
                  .inputs = bytes("{}"),
                  .created = begin,
                  .budget = NanoDollars{5'000'000'000},
                  .tasks = tasks});
  write(AddItems{.run = run,
                 .parent = 0,
                 .first = 2,
                 .keys = std::make_shared<const std::vector<std::string>>(
                     std::vector<std::string>{"a", "b"})});
  for (const std::uint32_t task : {2u, 3u, 1u}) {
    write(BeginAttempt{.run = run,
                       .task = task,
                       .number = 1,
                       .model = "flash",
                       .sent = begin + task * Duration{1s},
                       .reserved = NanoDollars{700}});
    if (task == 1) continue;
    const bool is_good = task == 2;
    write(EndAttempt{.run = run,
                     .task = task,
                     .number = 1,
                     .state = is_good ? AttemptState::done : AttemptState::failed,
                     .model = "flash",
                     .peak = is_good,
                     .done = begin + 9s,
                     .usage = {.prompt = 100, .cached = 40, .completion = 7},
                     .cost = NanoDollars{3000},
                     .saved_by_cache = NanoDollars{50},
                     .error_class = is_good ? "" : "rate_limit"});
    write(SetTask{.run = run,
                  .task = task,
                  .state = is_good ? TaskState::succeeded : TaskState::failed,
                  .error = is_good ? "" : "too many",
                  .at = begin + 10s});
  }
  write(EndAttempt{
      .run = run, .task = 1, .number = 1, .state = AttemptState::orphaned, .done = begin + 20s});

  const auto read = read_picture(**store, run, nullptr);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->name, "audit");
  EXPECT_EQ(read->budget, NanoDollars{5'000'000'000});
  ASSERT_EQ(read->tasks.size(), 2u);
  EXPECT_EQ(read->tasks[0].state, TaskState::expanded);
  EXPECT_EQ(read->tasks[0].items.total, 2u);
  EXPECT_EQ(read->tasks[0].items.failed, 1u);
  EXPECT_EQ(read->tasks[0].error, "too many");
  EXPECT_EQ(read->tasks[0].started, begin + 2s);
  EXPECT_EQ(read->tasks[0].ended, begin + 10s);
  EXPECT_EQ(read->tasks[0].totals.usage.prompt, 200);
  EXPECT_EQ(read->tasks[0].totals.peak_cost, NanoDollars{3000});
  ASSERT_EQ(read->tasks[1].spans.size(), 1u);
  EXPECT_EQ(read->tasks[1].spans[0].end, begin + 20s);
  EXPECT_EQ(read->totals.orphaned, 1u);
  EXPECT_EQ(read->totals.orphaned_cost, NanoDollars{700});
  EXPECT_EQ(read->totals.cost, NanoDollars{6000});
  EXPECT_EQ(read->succeeded(), 1u);
  EXPECT_EQ(read->failed(), 1u);
  ASSERT_EQ(read->costs.size(), 2u);
  EXPECT_EQ(read->costs[0].role, "security_auditor");
  ASSERT_EQ(read->retries.size(), 1u);
  EXPECT_EQ(read->retries[0].error_class, "rate_limit");

  workflow::Workflow workflow;
  workflow.tasks.resize(2);
  workflow.tasks[1].needs = {0};
  EXPECT_EQ(read_picture(**store, run, &workflow)->tasks[1].needs, std::vector<std::uint32_t>{0});
  EXPECT_EQ(read_picture(**store, RunId{5}, nullptr).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace tidegate::engine
