// For tests of whole runs: an engine with its journal on a disk, and models in this process that
// answer as a test says and remember what they were asked.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/scratch_dir.h"
#include "engine/engine.h"
#include "engine/run_picture.h"
#include "engine/test_models.h"
#include "loop/run_task.h"
#include "store/sqlite.h"
#include "workflow/test_files.h"

namespace tidegate::engine {

inline constexpr const char* kHead =
    "name: t\ndefaults: { model: deepseek-v4-flash, max_tokens: 100, retry: { attempts: 1 } }\n";

// Runs to their ends in a journal on a disk, with models that answer as a test says.
class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    auto opened = Engine::open({.journal = path()}, loop_, models_, pricing_, nullptr,
                               [this](const std::string& spec) { return reload(spec); });
    EXPECT_TRUE(opened) << opened.error().message;
    engine_ = std::move(*opened);
    // The loop learns what time it is.
    run_task(loop_, turn());
  }
  ~EngineTest() override {
    engine_->abandon();
    run_task(loop_, until_idle());
  }

  [[nodiscard]] std::string path() const { return (folder_ / "journal.db").string(); }
  static Result<std::shared_ptr<const workflow::Workflow>> parse(const std::string& text) {
    const workflow::Loaded loaded = workflow::load_text(text, {&catalog::Catalog::shipped(), {}});
    EXPECT_TRUE(loaded.ok()) << lines(loaded);
    return loaded.workflow;
  }
  Result<std::shared_ptr<const workflow::Workflow>> reload(const std::string& spec) {
    if (!unloadable_.empty()) return fail(ErrorCode::invalid, unloadable_);
    auto files = workflow::unpack(spec);
    EXPECT_TRUE(files && !files->empty());
    const std::string first = files->front().path;
    return workflow::load(first, workflow::KeptFiles(std::move(*files)),
                          {&catalog::Catalog::shipped(), {}})
        .workflow;
  }
  Task<void> turn() { co_await loop_.sleep_until(loop_.now() + 1ms); }
  Task<void> until_idle() {
    while (!engine_->settled()) co_await loop_.sleep_until(loop_.now() + 1ms);
  }
  Engine::OnEnd keep() {
    return [this](RunId, const RunEnd& end) { end_ = end; };
  }
  RunId run(const std::string& text, const workflow::Map& inputs = {}) {
    return run(*parse(kHead + text), inputs);
  }
  RunId run(std::shared_ptr<const workflow::Workflow> loaded, const workflow::Map& inputs = {}) {
    auto bound = workflow::bind_inputs(*loaded, inputs);
    const auto begun = engine_->begin({.workflow = loaded, .inputs = *bound, .approve_all = true},
                                      nullptr, keep());
    EXPECT_TRUE(begun);
    run_task(loop_, until_idle());
    return begun->id;
  }
  Result<RunId> fork(RunId source, const std::string& from, workflow::Map set = {}) {
    asked_.clear();
    const auto forked =
        engine_->fork({.source = source, .from = from, .set = std::move(set), .approve_all = true},
                      nullptr, keep());
    if (forked) run_task(loop_, until_idle());
    return forked;
  }
  RunPicture picture(RunId run) {
    auto store = store::open_sqlite({.path = path(), .read_only = true});
    return *read_picture(**store, run, nullptr);
  }
  std::map<std::string, int> asked() const { return asked_; }

  const ScratchDir folder_;
  const SystemClock clock_;
  Loop loop_{clock_};
  std::map<std::string, int> asked_;  // prompts
  std::string unloadable_;            // why no workflow of the journal can be read
  std::function<AskResult(const std::string& prompt)> respond_;
  TestModels models_{loop_, [this](const Question& question) -> AskResult {
                       const auto body = workflow::Value::parse(question.body);
                       const auto messages = body->find("messages");
                       std::string prompt(messages.at(-1).find("content").text());
                       ++asked_[prompt];
                       return respond_ ? respond_(prompt) : TestModels::says("<" + prompt + ">");
                     }};
  Pricing pricing_{std::shared_ptr<const catalog::Catalog>(&catalog::Catalog::shipped(),
                                                           [](const catalog::Catalog*) {}),
                   {}};
  std::unique_ptr<Engine> engine_;
  RunEnd end_;
};

}  // namespace tidegate::engine
