// For tests: runs of workflows with models in this process, on a clock that jumps to the next thing
// that happens. One thread.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/memory_journal.h"
#include "engine/runner.h"
#include "engine/test_models.h"
#include "loop/run_task.h"
#include "workflow/load.h"
#include "workflow/test_files.h"

namespace tidegate::engine {

// A clock whose time of day somebody sets.
class SteppedClock final : public Clock {
 public:
  explicit SteppedClock(WallTime wall) : time_(wall) {}
  [[nodiscard]] TimePoint now() const override { return time_.now(); }
  [[nodiscard]] WallTime wall() const override { return time_.wall() + step_; }
  void advance(Duration by) { time_.advance(by); }
  void step(Duration by) { step_ += by; }

 private:
  FakeClock time_;
  Duration step_{};
};

class RunnerTest : public testing::Test {
 protected:
  RunnerTest() {
    loop_.at_turn_end([this](TimePoint) {
      if (!jumps_) return;
      clock_.advance(100ms);
      loop_.post([] {});  // so that it does not sleep
    });
  }

  std::shared_ptr<const workflow::Workflow> load(const std::string& text) {
    const workflow::Loaded loaded =
        workflow::load_text(text, {&catalog::Catalog::shipped(), {"somewhere"}});
    EXPECT_TRUE(loaded.ok()) << lines(loaded);
    return loaded.workflow;
  }
  Runner& prepare(const std::string& text, workflow::Map inputs = {}) {
    runner_.reset();
    journal_ = std::make_unique<MemoryJournal>(MemoryJournal::Keep::records);
    const Services services{.loop = loop_,
                            .journal = *journal_,
                            .models = models_ ? *models_ : default_models_,
                            .pricing = pricing_};
    RunStart start{.id = RunId{7}, .workflow = load(text), .inputs = std::move(inputs)};
    start.created = clock_.wall();
    start.secrets = {"hunter2"};
    runner_ = std::make_unique<Runner>(services, std::move(start));
    runner_->create();
    return *runner_;
  }
  // After a turn, so that the loop knows what time it is.
  static Task<void> drive(Loop& loop, Duration turn, Runner& runner, RunEnd& end) {
    co_await loop.sleep_until(loop.now() + turn);
    end = co_await runner.run();
  }
  RunEnd finish() {
    RunEnd end;
    loop_.post([] {});
    run_task(loop_, drive(loop_, jumps_ ? 1ms : 0ms, *runner_, end));
    return end;
  }
  RunEnd run(const std::string& text, workflow::Map inputs = {}) {
    prepare(text, std::move(inputs));
    return finish();
  }
  void respond(TestModels::Respond respond, Duration takes = {}) {
    models_ = std::make_unique<TestModels>(loop_, std::move(respond), takes);
  }
  TaskState state(std::string_view task) const {
    return runner_->tasks()[*runner_->workflow().find(task)].own.state;
  }
  template <class R>
  std::vector<R> records() const {
    std::vector<R> found;
    for (const Record& record : journal_->records()) {
      if (const R* each = std::get_if<R>(&record)) found.push_back(*each);
    }
    return found;
  }

  SteppedClock clock_{WallTime{1'795'000'000s}};  // models have peak hours by then
  bool jumps_ = true;
  Loop loop_{clock_};
  TestModels default_models_{loop_};
  std::unique_ptr<TestModels> models_;
  Pricing pricing_{std::shared_ptr<const catalog::Catalog>(&catalog::Catalog::shipped(),
                                                           [](const catalog::Catalog*) {}),
                   {}};
  std::unique_ptr<MemoryJournal> journal_;
  std::unique_ptr<Runner> runner_;
};

inline constexpr const char* kHead =
    "name: t\ndefaults: { model: deepseek-v4-flash, max_tokens: 100 }\n";

inline std::string flow(const std::string& rest) { return kHead + rest; }

}  // namespace tidegate::engine
