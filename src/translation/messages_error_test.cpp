#include "translation/messages_error.h"

#include <gtest/gtest.h>

namespace tidegate::translation {
namespace {

TEST(MessagesError, has_anthropics_shape) {
  const Error error{ErrorCode::invalid, "must be a string", "messages[0].role"};
  EXPECT_EQ(messages_status(error), 400);
  EXPECT_EQ(messages_error(error, "req_1"),
            R"({"type":"error","error":{"type":"invalid_request_error",)"
            R"("message":"messages[0].role: must be a string"},"request_id":"req_1"})");
  EXPECT_EQ(messages_error_event({ErrorCode::unavailable, "busy \"now\"", ""}),
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
            "\"message\":\"busy \\\"now\\\"\"}}\n\n");
}

TEST(MessagesError, statuses_are_those_that_sdks_know) {
  const std::pair<ErrorCode, int> rows[] = {
      {ErrorCode::unauthorized, 401}, {ErrorCode::forbidden, 403},    {ErrorCode::not_found, 404},
      {ErrorCode::too_large, 413},    {ErrorCode::rate_limited, 429}, {ErrorCode::unavailable, 529},
      {ErrorCode::timeout, 504},      {ErrorCode::internal, 500}};
  for (const auto& [code, status] : rows) EXPECT_EQ(messages_status({code, "x", ""}), status);
  EXPECT_EQ(messages_status({ErrorCode::too_large, "too long", "messages"}), 400);
}

TEST(MessagesError, a_providers_own_trouble_with_our_account_is_not_the_clients) {
  EXPECT_TRUE(messages_provider_error(R"({"type":"authentication_error","message":"bad key"})")
                  .contains("\"type\":\"api_error\""));
  EXPECT_TRUE(messages_provider_error(R"({"type":"overloaded_error","message":"Overloaded"})")
                  .contains("\"type\":\"overloaded_error\""));
}

}  // namespace
}  // namespace tidegate::translation
