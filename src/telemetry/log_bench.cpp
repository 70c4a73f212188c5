#include <benchmark/benchmark.h>

#include "telemetry/request_log.h"

namespace tidegate::telemetry {
namespace {

// A full line as the gateway writes it, with its share of the writes. The target is /dev/null, so
// the file system's own cost is not in the number.
void request_line(benchmark::State& state) {
  const SystemClock clock;
  const auto log =
      Log::open({"/dev/null", static_cast<Format>(state.range(0)), Level::info}, clock);
  RequestLog requests(**log);
  RequestLine line;
  line.id = RequestId::make(clock.wall());
  line.endpoint = "/v1/chat/completions";
  line.status = 200;
  line.result = "ok";
  line.requested_model = "auto";
  line.route = "terminal_agentic";
  line.provider = "openai";
  line.model = "gpt-5.5";
  line.reason = "rule 3: tool_density=0.71 > 0.6";
  line.attempts = 1;
  line.client = "OpenAI/JS";
  line.usage = {.prompt = 1200, .cached = 1000, .completion = 350, .reasoning = 100};
  line.cost = NanoDollars{1'234'567};
  line.first_byte = 120ms;
  line.total = 1'500ms;
  WallTime at = clock.wall();
  for (auto _ : state) {
    at += 100us;  // a new second every 10,000 lines
    line.at = at;
    requests.append(line, TimePoint{});
    requests.flush_if_due(TimePoint{});
  }
}
BENCHMARK(request_line)->Arg(static_cast<int>(Format::text))->Arg(static_cast<int>(Format::json));

}  // namespace
}  // namespace tidegate::telemetry
