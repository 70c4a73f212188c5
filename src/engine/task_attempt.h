// TaskAttempt: one try at a task or item: its prompt is rendered and made to fit, asked, and its
// answer held against the form that it shall have. Every request has its money reserved, its intent
// committed and its end settled. Lives in the coroutine that works on the task.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/conversation.h"
#include "engine/run_tasks.h"
#include "engine/runner.h"
#include "engine/scheduler.h"
#include "workflow/render.h"

namespace tidegate::engine {

class TaskAttempt final : public Conversation {
 public:
  TaskAttempt(Runner& runner, Unit unit);

  // The answer's text is the task's output, fit for its schema.
  Task<AskResult> answer();
  // The end of the last request, which answer() leaves to be written with what follows from it.
  [[nodiscard]] std::optional<EndAttempt> take_end() { return std::move(end_); }

  Task<AskResult> ask(std::span<const workflow::ToolForm> tools,
                      std::span<const std::string> more) override;
  Journal& journal() override;
  [[nodiscard]] RunId run() const override { return run_id(); }
  [[nodiscard]] std::uint32_t task() const override { return number_; }
  [[nodiscard]] std::uint32_t attempt() const override { return work_.attempts; }
  [[nodiscard]] const workflow::Workflow& workflow() const override;
  [[nodiscard]] const workflow::Task& definition() const override { return definition_; }
  [[nodiscard]] const workflow::Scope& scope() const override { return scope_; }
  [[nodiscard]] std::span<const StoredTurn> before() const override { return work_.turns; }
  [[nodiscard]] std::vector<StoredTurn>* memory() override { return &work_.turns; }
  [[nodiscard]] WallTime now() const override;
  [[nodiscard]] Bytes redacted(Bytes bytes) const override {
    return engine::redacted(std::move(bytes), runner_.start_.secrets);
  }
  [[nodiscard]] Cancel& cancel() override { return cancel_; }

 private:
  struct MoneyTurn;

  [[nodiscard]] RunId run_id() const;

  // A request on its way to a model.
  struct Request {
    std::string purpose;
    std::string body;
    Tokens prompt = 0;
    NanoDollars reserved{};
    WallTime sent{};
    bool given = false;     // to another process
    std::string made_by{};  // of one that was given: by whom
  };

  Task<AskResult> send(std::string purpose, std::string body, Tokens prompt);
  [[nodiscard]] bool take_over(Request& request);
  Task<std::optional<Failure>> begin(Request& request);
  [[nodiscard]] Bytes what_to_give(const Request& request) const;
  [[nodiscard]] std::string_view role() const;
  Task<AskResult> make(Request& request);
  Task<Giving::Fate> wait_for_other(Request& request, AskResult& result);
  Task<std::optional<Failure>> reserve(Tokens prompt, NanoDollars& reserved);
  Task<std::optional<Failure>> fit_context();
  Task<AskResult> ask_parts(const char* purpose, std::vector<workflow::Prompt> prompts,
                            std::vector<std::string>& answers);
  Task<AskResult> fit_form(Answer answer);
  void settle(const AskResult& result, const Request& request);
  void write_end();

  Runner& runner_;
  const Unit unit_;
  Work& work_;
  const std::uint32_t number_;
  workflow::Task copy_;  // of a task that is asked of a fallback
  const workflow::Task& definition_;
  TaskScope scope_;
  Cancel cancel_;
  workflow::Prompt prompt_;
  bool asked_ = false;
  std::optional<EndAttempt> end_;
};

}  // namespace tidegate::engine
