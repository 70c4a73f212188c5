// For tests of the client: a simulator of the providers, and clients that ask it. One per test.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "simulator/running.h"
#include "tidegate/client.h"

namespace tidegate {

class ClientTest : public testing::Test {
 protected:
  [[nodiscard]] std::string url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(simulator_->port()) + std::string(path);
  }
  // All kinds of provider, and the models "priced" (USD 1.00, 0.10 and 2.00 per million tokens of
  // input, cached input and output) and, with the same prices, "faulty", which fails as `fault`
  // says.
  [[nodiscard]] ClientOptions options(const std::string& fault = "") const {
    ClientOptions options;
    const auto add = [&](ProviderKind kind, std::string_view path) {
      ProviderOptions provider{.kind = kind};
      provider.base_url = url(path);
      provider.api_key = "sk-for-the-simulator";
      options.providers.push_back(std::move(provider));
    };
    add(ProviderKind::deepseek, "/deepseek");
    add(ProviderKind::openai, "/openai/v1");
    add(ProviderKind::anthropic, "/sim/anthropic/v1");
    add(ProviderKind::kimi, "/sim/kimi/v1");
    ModelOptions priced{.id = "priced", .provider = "deepseek"};
    priced.name = "deepseek-v4-flash";
    priced.input_price = 1.0;
    priced.cached_price = 0.1;
    priced.output_price = 2.0;
    options.models.push_back(priced);
    if (!fault.empty()) {
      priced.id = "faulty";
      priced.name += ":fault=" + fault;
      options.models.push_back(priced);
    }
    options.retry.base = 1ms;
    return options;
  }
  [[nodiscard]] Client open(ClientOptions options) const {
    Result<Client> client = Client::open(std::move(options));
    if (!client) throw std::runtime_error(client.error().message);
    return std::move(*client);
  }
  [[nodiscard]] static ChatRequest ask(std::string model, std::string text = "What is a tide?") {
    ChatRequest request{.model = std::move(model), .messages = {}};
    request.messages.push_back({.content = std::move(text)});
    return request;
  }
  void wait_until_idle() const {
    while (simulator().in_flight() != 0) std::this_thread::yield();
  }
  [[nodiscard]] simulator::Simulator& simulator() const { return simulator_->simulator(); }

 private:
  std::unique_ptr<simulator::Running> simulator_ = std::move(*simulator::run(
      {.first_token = 0ms, .tokens_per_second = 1e6}, *Address::parse_listen("127.0.0.1:0")));
};

}  // namespace tidegate
