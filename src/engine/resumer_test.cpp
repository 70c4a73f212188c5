#include "engine/resumer.h"

#include "engine/journal_place.h"
#include "engine/test_engine.h"

namespace tidegate::engine {
namespace {

class ResumerTest : public EngineTest {
 protected:
  static constexpr const char* kTwo = "tasks:\n  a: { prompt: a }\n  b: { needs: a, prompt: b }\n";

  // Begins a run and leaves it with its second task in flight, or about to be.
  RunId leave_one() {
    respond_ = [&](const std::string& prompt) -> AskResult {
      if (prompt == "b") engine_->abandon();
      return TestModels::says("ok");
    };
    const RunId id = run(kTwo);
    respond_ = {};
    asked_.clear();
    return id;
  }
  Task<void> until(std::function<bool()> holds) {
    for (int i = 0; i < 2000 && !holds(); ++i) co_await loop_.sleep_until(loop_.now() + 1ms);
    EXPECT_TRUE(holds());
  }
  void wait(std::function<bool()> holds) { run_task(loop_, until(std::move(holds))); }
  StoredRun stored(RunId id) { return *JournalReader::open(path())->run(id); }

  RunArchive archive_{[this] { return open_journal_store(path()); }};
  std::vector<std::string> reports_;
  Resumer resumer_{
      *engine_,
      loop_,
      archive_,
      {.looks_per_lease = 4000, .first_retry = 20ms, .last_retry = 40ms},
      [this](RunId run, const std::string& why) { reports_.push_back(run.text() + ": " + why); }};

  ~ResumerTest() override {
    resumer_.stop();
    wait([this] { return resumer_.idle(); });
  }
};

TEST_F(ResumerTest, RunsThatNobodyWorksOnGoOn) {
  const RunId id = leave_one();
  resumer_.start();
  wait([&] { return stored(id).state == RunState::succeeded; });
  EXPECT_EQ(asked(), (std::map<std::string, int>{{"b", 1}}));
  EXPECT_TRUE(reports_.empty()) << reports_.front();
}

TEST_F(ResumerTest, ARunThatCannotGoOnSaysSoAndIsTriedAgain) {
  const RunId id = leave_one();
  unloadable_ = "there is no role x";
  resumer_.start();
  wait([&] { return reports_.size() == 3; });
  EXPECT_EQ(reports_[0], id.text() + ": there is no role x");
  EXPECT_EQ(stored(id).reason, "it cannot go on: there is no role x");
  EXPECT_EQ(stored(id).state, RunState::running);
  unloadable_.clear();
  wait([&] { return stored(id).state == RunState::succeeded; });
  EXPECT_EQ(stored(id).reason, "");
}

TEST_F(ResumerTest, ARunOfAProcessThatWasNotHeardOfIsTakenOver) {
  const RunId id = leave_one();
  auto store = *open_journal_store(path());
  ASSERT_TRUE(take_lease(*store, id, "elsewhere/1/1/1", 30s));
  resumer_.start();
  wait([&, looks = 0]() mutable { return ++looks >= 100; });
  EXPECT_TRUE(asked().empty());
  ASSERT_TRUE(store->execute("UPDATE lease SET expires_us = 1"));
  wait([&] { return stored(id).state == RunState::succeeded; });
  EXPECT_EQ(asked(), (std::map<std::string, int>{{"b", 1}}));
}

// Another process has taken one of two runs, both with a request in flight.
TEST_F(ResumerTest, ARunThatIsLostEndsAlone) {
  const auto workflow = *parse(std::string(kHead) + kTwo);
  std::map<RunId, RunEnd> ends;
  const auto on_end = [&](RunId id, const RunEnd& end) { ends[id] = end; };
  const auto lost = engine_->begin({.workflow = workflow}, nullptr, on_end);
  const auto kept = engine_->begin({.workflow = workflow}, nullptr, on_end);
  ASSERT_TRUE(lost && kept);
  bool stolen = false;
  respond_ = [&](const std::string&) -> AskResult {
    if (!std::exchange(stolen, true)) {
      auto store = *open_journal_store(path());
      EXPECT_TRUE(store->execute("UPDATE lease SET expires_us = 1"));
      EXPECT_TRUE(take_lease(*store, lost->id, "elsewhere/1/1/1", 30s));
    }
    return TestModels::says("ok");
  };
  run_task(loop_, until_idle());
  ASSERT_EQ(ends.size(), 2u);
  ASSERT_TRUE(ends[lost->id].lost);
  EXPECT_NE(ends[lost->id].reason.find("taken over"), std::string::npos);
  EXPECT_EQ(ends[kept->id].state, RunState::succeeded) << ends[kept->id].reason;
  EXPECT_EQ(stored(kept->id).state, RunState::succeeded);
  EXPECT_EQ(stored(lost->id).state, RunState::running);
  EXPECT_EQ(reports_.size(), 1u);
}

}  // namespace
}  // namespace tidegate::engine
