// ProgramExchange: the pipeline's other side where that is a program in the same process. What
// would go to a client's socket goes to an AnswerReading. Lives in the coroutine that serves one
// job, on one worker.
#pragma once

#include <span>
#include <string_view>

#include "client/answer_reading.h"
#include "client/job.h"
#include "http/exchange.h"

namespace tidegate::client {

class ProgramExchange final : public http::Exchange {
 public:
  // `job` and `reading` must outlive it.
  ProgramExchange(Loop& loop, std::size_t worker, Job& job, AnswerReading& reading);
  ~ProgramExchange() override;

  // The program does not want the answer any more.
  void leave();
  // The program has taken what it was given.
  void go_on();

  void release_request() override;
  http::Sending respond(int status, std::string_view headers, std::string_view body) override;
  void begin(int status, std::string_view headers) override;
  using Exchange::write;
  [[nodiscard]] bool write(std::span<const std::string_view> pieces) override;
  [[nodiscard]] bool drained() const override { return !is_full(); }
  Task<bool> flush() override;
  http::Sending finish() override;

 private:
  [[nodiscard]] bool is_full() const { return job_.full && job_.full(); }

  Socket peer_;
  Job& job_;
  AnswerReading& reading_;
  bool waits_ = false;  // in flush(), and nowhere else
};

}  // namespace tidegate::client
