#include "engine/run_diff.h"

#include <gtest/gtest.h>

#include "base/scratch_dir.h"
#include "engine/journal_place.h"
#include "engine/record_writer.h"

namespace tidegate::engine {
namespace {

TEST(FirstDifference, ShowsTheLinesThatDiffer) {
  EXPECT_EQ(first_difference("same", "same"), "");
  EXPECT_EQ(first_difference("a\nb\nc\nd\n", "a\nb\nx\ny\nd\n"), "@@ line 3 @@\n b\n-c\n+x\n+y\n");
  EXPECT_EQ(first_difference("old", "new"), "@@ line 1 @@\n-old\n+new\n");
  EXPECT_EQ(first_difference("", "new"), "@@ line 1 @@\n+new\n");
  EXPECT_EQ(first_difference("a\n", "a\nb"), "@@ line 2 @@\n a\n+b\n");
  EXPECT_EQ(first_difference("a\nb", "a"), "@@ line 2 @@\n a\n-b\n");
}

TEST(FirstDifference, IsShortForLongTexts) {
  const std::string same(1000, 's');
  const std::string shown = first_difference(same + "old" + same, same + "new" + same);
  EXPECT_EQ(shown.find("-..." + std::string(40, 's') + "old"), std::string("@@ line 1 @@\n").size())
      << shown;
  EXPECT_LT(shown.size(), 400u);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "line " + std::to_string(i) + "\n";
  EXPECT_NE(first_difference("", many).find("+line 3\n+... "), std::string::npos)
      << first_difference("", many);
  // Characters stay whole: each of these has two bytes.
  std::string letters;
  for (int i = 0; i < 200; ++i) letters += "ä";
  const std::string cut = first_difference(letters + "x", letters + "y");
  EXPECT_NE(cut.find("-...ä"), std::string::npos) << cut;
}

class RunDiffTest : public testing::Test {
 protected:
  void write(const Record& record) {
    ASSERT_TRUE(store_->begin());
    RecordWriter writer(*store_);
    const Result<void> done = writer.write(record);
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_TRUE(store_->commit());
  }
  static Bytes bytes(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
  }
  void create(RunId run, std::vector<NewTask> tasks, const char* inputs) {
    write(CreateRun{.run = run,
                    .name = "t",
                    .spec_hash = "h",
                    .spec = bytes("s"),
                    .inputs = bytes(inputs),
                    .created = kBegin,
                    .tasks = std::make_shared<const std::vector<NewTask>>(std::move(tasks))});
  }
  void answer(RunId run, std::uint32_t task, const char* model, Tokens prompt, std::int64_t cost,
              const char* text, TaskState state = TaskState::succeeded) {
    write(BeginAttempt{.run = run, .task = task, .number = 1, .model = "auto", .sent = kBegin});
    write(EndAttempt{.run = run,
                     .task = task,
                     .number = 1,
                     .state = AttemptState::done,
                     .model = model,
                     .done = kBegin + 2s,
                     .usage = {.prompt = prompt, .cached = 5, .completion = 7},
                     .cost = {cost}});
    write(SetTask{
        .run = run, .task = task, .state = state, .output = bytes(text), .at = kBegin + 2s});
  }

  static constexpr WallTime kBegin{1'790'000'000s};
  const ScratchDir folder_;
  const std::string path_ = (folder_ / "journal.db").string();
  std::unique_ptr<store::Store> store_ = *open_journal_store(path_);
};

TEST_F(RunDiffTest, TellsTwoRunsApartTaskByTask) {
  const RunId one{1};
  const RunId two{2};
  create(one, {{.id = "a"}, {.id = "b"}, {.id = "old"}}, R"({"tone":"dry","same":[1]})");
  create(two, {{.id = "a"}, {.id = "b"}, {.id = "new"}}, R"({"tone":"warm","same":[1.0]})");
  answer(one, 0, "m1", 100, 40, "x");
  answer(two, 0, "m1", 100, 40, "x");
  answer(one, 1, "m1", 100, 40, "first\nold");
  answer(two, 1, "m2", 120, 90, "first\nnew");
  auto reader = JournalReader::open(path_);
  const auto diff = read_diff(*reader, *reader->run(one), *reader->run(two));
  ASSERT_TRUE(diff) << diff.error().message;
  ASSERT_EQ(diff->inputs.size(), 1u);
  EXPECT_EQ(diff->inputs[0].left + diff->inputs[0].right, R"("dry""warm")");
  ASSERT_EQ(diff->tasks.size(), 4u);
  EXPECT_FALSE(diff->tasks[0].differs());
  const TaskDiff& b = diff->tasks[1];
  EXPECT_TRUE(b.differs());
  EXPECT_FALSE(b.outcome_differs());
  EXPECT_EQ(b.output, "@@ line 2 @@\n first\n-old\n+new\n");
  EXPECT_EQ(b.left->model + b.right->model, "m1m2");
  EXPECT_EQ(b.right->cost.value - b.left->cost.value, 50);
  EXPECT_EQ(b.left->took, 2s);
  EXPECT_EQ(diff->tasks[2].name, "old");
  EXPECT_FALSE(diff->tasks[2].right);
  EXPECT_EQ(diff->tasks[3].name, "new");
  EXPECT_FALSE(diff->tasks[3].left);
  EXPECT_TRUE(diff->tasks[3].differs());
  EXPECT_EQ(diff->left_totals.prompt, 200);
  EXPECT_EQ(diff->right_totals.prompt, 220);
  EXPECT_EQ(diff->right_totals.cost.value, 130);
}

TEST_F(RunDiffTest, KnowsItemsByTheirKeys) {
  const RunId one{1};
  const RunId two{2};
  for (const RunId run : {one, two}) create(run, {{.id = "scan"}}, "{}");
  const auto keys = [&](RunId run, std::vector<std::string> of) {
    write(AddItems{.run = run,
                   .parent = 0,
                   .first = 1,
                   .keys = std::make_shared<const std::vector<std::string>>(std::move(of))});
  };
  keys(one, {"x", "y"});
  keys(two, {"y"});
  answer(one, 2, "m", 10, 1, "same");
  answer(two, 1, "m", 10, 1, "same");
  auto reader = JournalReader::open(path_);
  const auto diff = read_diff(*reader, *reader->run(one), *reader->run(two));
  ASSERT_TRUE(diff);
  ASSERT_EQ(diff->tasks.size(), 3u);
  EXPECT_EQ(diff->tasks[1].name, "scan[x]");
  EXPECT_FALSE(diff->tasks[1].right);
  EXPECT_EQ(diff->tasks[2].name, "scan[y]");
  EXPECT_FALSE(diff->tasks[2].differs());
}

}  // namespace
}  // namespace tidegate::engine
