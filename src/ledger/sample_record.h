// Records for tests and benchmarks: number n is the same every time, and a few labels alternate.
#pragma once

#include <string>

#include "ledger/usage_record.h"

namespace tidegate::ledger {

inline UsageRecord sample_record(std::uint64_t number) {
  UsageRecord record;
  record.started = WallTime{1'790'000'000s} + std::chrono::microseconds(number * 50);
  const auto millis = static_cast<std::uint64_t>(record.started.time_since_epoch() / 1ms);
  record.request = RequestId::from(millis << 16 | (number & 0xffff), number);
  record.first_byte = 312ms;
  record.total = 4217ms;
  record.task = "task-" + std::to_string(number / 20);
  record.role = number % 2 == 0 ? "coder" : "reviewer";
  record.key = "team-a";
  record.tenant = "search";
  record.client = "OpenAI/JS";
  record.route = number % 3 == 0 ? "short_task_batch" : "terminal_agentic";
  record.provider = "deepseek";
  record.model = number % 3 == 0 ? "deepseek-v4-flash" : "deepseek-v4-pro";
  record.price_epoch = "2026-09-10";
  record.requested_model = "auto";
  record.served_model = record.model;
  record.finish_reason = number % 5 == 0 ? "tool_calls" : "stop";
  record.status = 200;
  record.stream = true;
  record.usage = {
      .prompt = 18'211, .cached = 16'896, .cache_write = 0, .completion = 812, .reasoning = 406};
  record.usage_source = UsageSource::reported;
  record.estimated_prompt = 18'004;
  record.cost = NanoDollars{1'234'567};
  return record;
}

}  // namespace tidegate::ledger
