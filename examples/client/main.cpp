// Asks DeepSeek eight questions, four at a time and at most 20 a second, then one as a stream, and
// says what it came to. With an argument it asks another address: client http://127.0.0.1:9001
#include <cstdio>
#include <future>
#include <vector>

#include "tidegate/client.h"

int main(int argc, char** argv) {
  tidegate::ProviderOptions deepseek{.kind = tidegate::ProviderKind::deepseek};
  if (argc > 1) deepseek.base_url = argv[1];
  auto client = tidegate::Client::open(
      {.providers = {deepseek}, .limits = {.requests_per_second = 20, .max_concurrent = 4}});
  if (!client) {
    std::fprintf(stderr, "%s\n", client.error().message.c_str());
    return 1;
  }
  std::vector<std::future<tidegate::ChatResult>> answers;
  for (int i = 1; i <= 8; ++i) {
    answers.push_back(
        client->submit({.model = "deepseek-v4-flash",
                        .messages = {{.content = "What is " + std::to_string(i) + " times 7?"}},
                        .max_tokens = 1000}));
  }
  for (auto& future : answers) {
    const tidegate::ChatResult answer = future.get();
    if (!answer) {
      std::fprintf(stderr, "%s\n", answer.error().message.c_str());
      return 1;
    }
    std::printf("%s\n", answer->content.c_str());
  }
  const auto streamed = client->stream(
      {.model = "deepseek-v4-flash", .messages = {{.content = "Tell me of the sea."}}},
      [](const tidegate::StreamEvent& event) {
        if (event.kind == tidegate::StreamEvent::Kind::content)
          std::printf("%s", event.text.c_str());
      });
  if (!streamed) return 1;
  const tidegate::CostSummary costs = client->costs();
  std::printf(
      "\n%llu requests, %lld + %lld tokens, $%.6f, p95 %.0f ms\n",
      static_cast<unsigned long long>(costs.requests), static_cast<long long>(costs.tokens.prompt),
      static_cast<long long>(costs.tokens.completion), static_cast<double>(costs.cost.value) / 1e9,
      static_cast<double>(costs.p95.count()) / 1e6);
  return 0;
}
