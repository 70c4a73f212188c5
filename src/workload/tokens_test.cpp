#include "workload/tokens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <thread>

#include "workload/golden_texts.h"

namespace tidegate::workload {
namespace {

double error_of(const GoldenText& text, const TokenCalibration& calibration, double factor) {
  const auto estimate = estimate_tokens(text.sample, calibration.weights());
  const double truth = static_cast<double>(text.tokens) * factor;
  return std::abs(static_cast<double>(estimate) - truth) / truth;
}

// Trains on 20 of the samples of a kind and returns the mean error over the ones that follow.
double error_after_20(const std::vector<GoldenText>& texts, double factor) {
  TokenCalibration calibration;
  for (std::size_t i = 0; i < 20; ++i) {
    calibration.learn(texts[i].sample, std::llround(static_cast<double>(texts[i].tokens) * factor));
  }
  double sum = 0;
  for (std::size_t i = 20; i < texts.size(); ++i) sum += error_of(texts[i], calibration, factor);
  return sum / static_cast<double>(texts.size() - 20);
}

TEST(TokenCalibration, ErrsLessThanTenPercentAfterTwentyRequests) {
  for (const char* encoding : {"o200k_base", "cl100k_base"}) {
    for (const char* kind : kGoldenKinds) {
      const auto texts = golden_texts(kind, encoding);
      ASSERT_GE(texts.size(), 24U);
      const double error = error_after_20(texts, 1);
      std::printf("%-12s %-12s error after 20: %.1f %%\n", encoding, kind, 100 * error);
      EXPECT_LT(error, 0.10) << encoding << " " << kind;
      // A tokenizer that needs more than twice, or a bit over half, of what we start from.
      EXPECT_LT(error_after_20(texts, 2.2), 0.10) << encoding << " " << kind;
      EXPECT_LT(error_after_20(texts, 0.6), 0.10) << encoding << " " << kind;
    }
  }
}

TEST(TokenCalibration, ConvergesWhenKindsAlternate) {
  std::vector<std::vector<GoldenText>> kinds;
  for (const char* kind : {"prose", "code", "chinese", "json"})
    kinds.push_back(golden_texts(kind, "o200k_base"));
  // Each kind has a factor of its own, so that one scale for all could not fit.
  const double factors[] = {1.3, 0.8, 1.6, 1.1};
  TokenCalibration calibration;
  for (std::size_t i = 0; i < 20; ++i) {
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      const auto& text = kinds[k][i];
      calibration.learn(text.sample, std::llround(static_cast<double>(text.tokens) * factors[k]));
    }
  }
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    double sum = 0;
    for (std::size_t i = 20; i < 24; ++i) sum += error_of(kinds[k][i], calibration, factors[k]);
    EXPECT_LT(sum / 4, 0.10) << kGoldenKinds[k];
  }
}

TEST(TokenCalibration, SurvivesNonsense) {
  TokenCalibration calibration;
  const TokenSample empty;
  for (const Tokens reported :
       {Tokens{0}, Tokens{-5}, std::numeric_limits<Tokens>::max(), Tokens{1}}) {
    for (int i = 0; i < 100; ++i) calibration.learn(empty, reported);
  }
  for (const float scale : calibration.weights().scale) {
    EXPECT_TRUE(std::isfinite(scale));
    EXPECT_GE(scale, 0.2F);
    EXPECT_LE(scale, 5.0F);
  }
}

TEST(TokenCalibration, IgnoresPromptsWithImages) {
  TokenCalibration calibration;
  calibration.learn(TokenSample{.text = {}, .messages = 1, .tools = 0, .images = 1}, 100'000);
  EXPECT_EQ(calibration.weights().scale, TokenWeights{}.scale);
}

TEST(TokenCalibration, IsSharedByThreads) {
  TokenCalibration calibration;
  const TokenSample sample{.text = {.letters = 8000, .runs = 1600}, .messages = 1};
  const Tokens plain = estimate_tokens(sample, {});
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) calibration.learn(sample, 2 * plain);
      });
    }
  }
  EXPECT_NEAR(static_cast<double>(estimate_tokens(sample, calibration.weights())),
              2.0 * static_cast<double>(plain), 0.02 * static_cast<double>(plain));
}

TEST(TokenCalibration, TokenIdsAreCountedAsTheyAre) {
  TokenCalibration calibration;
  TokenSample sample;
  sample.text.letters = 400;
  sample.text.runs = 80;
  calibration.learn(sample, 3 * estimate_tokens(sample, {}));
  const TokenWeights weights = calibration.weights();
  const Tokens text = estimate_tokens(sample, weights);
  sample.token_ids = 1000;
  EXPECT_EQ(estimate_tokens(sample, weights), text + 1000);
  calibration.learn(sample, 1'000'000);
  EXPECT_EQ(calibration.weights().scale, weights.scale) << "ids say nothing of texts";
}

}  // namespace
}  // namespace tidegate::workload
