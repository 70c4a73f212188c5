// Against the reference server, which npm brings (tests/e2e/package.json pins it).
#include <gtest/gtest.h>

#include <filesystem>

#include "mcp/test_client.h"

namespace tidegate::mcp {
namespace {

const std::string kEverything =
    std::string(TIDEGATE_SOURCE_DIR) +
    "/tests/e2e/node_modules/@modelcontextprotocol/server-everything/dist/index.js";

class Everything : public ClientTest, public testing::WithParamInterface<Via> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kEverything)) {
      GTEST_SKIP() << "not installed: run npm ci in tests/e2e";
    }
    if (GetParam() == Via::stdio) {
      spec.command = {"node", kEverything, "stdio"};
    } else {
      // It takes a port, but tells of none that the system chose: so one that is free just now. It
      // wants a global that Debian's Node 18 has only within a module.
      peer.emplace(
          "port=$(python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); "
          "print(s.getsockname()[1])'); PORT=$port node "
          "-e 'globalThis.crypto ||= require(\"node:crypto\").webcrypto; import(process.argv[1])' "
          "'" +
          kEverything +
          "' streamableHttp >/dev/null 2>&1 & server=$!; "
          "until python3 -c \"import socket; socket.create_connection(('127.0.0.1', $port))\" "
          "2>/dev/null; do kill -0 $server || exit 1; done >&2; echo $port; "
          "cat >/dev/null; kill -9 $server");
      spec.url = peer->url();
    }
    make();
  }
};

INSTANTIATE_TEST_SUITE_P(Links, Everything, testing::Values(Via::stdio, Via::http),
                         [](const auto& each) {
                           return each.param == Via::stdio ? "stdio" : "http";
                         });

TEST_P(Everything, ListsAndCallsItsTools) {
  const auto tools = list();
  ASSERT_TRUE(tools) << tools.error().error.message;
  EXPECT_GE((*tools)->size(), 10u);
  EXPECT_TRUE(client->refused_tools().empty());
  EXPECT_EQ(shown(call("echo", R"({"message":"hi"})")), "Echo: hi");
  EXPECT_EQ(shown(call("get-sum", R"({"a":2,"b":3})")), "The sum of 2 and 3 is 5.");
  EXPECT_EQ(call("get-sum", R"({"a":"two"})").error().error.code, ErrorCode::invalid);
  const auto weather = call("get-structured-content", R"({"location":"New York"})");
  ASSERT_TRUE(weather) << shown(weather);
  EXPECT_EQ(weather->violation, "");
  EXPECT_NE(weather->structured.find("temperature"), std::string::npos);
  const auto picture = call("get-tiny-image");
  ASSERT_TRUE(picture) << shown(picture);
  EXPECT_EQ(picture->content.at(1).kind, Content::Kind::image);
  EXPECT_EQ(picture->content.at(1).mime_type, "image/png");
  const auto links = call("get-resource-links", R"({"count":2})");
  ASSERT_TRUE(links) << shown(links);
  EXPECT_EQ(links->content.back().kind, Content::Kind::link);
}

TEST_P(Everything, IsAliveAsLongAsItShowsProgress) {
  const auto slow = call("trigger-long-running-operation", R"({"duration":2,"steps":8})",
                         {.idle = 1200ms, .total = 30s});
  EXPECT_EQ(shown(slow), "Long running operation completed. Duration: 2 seconds, Steps: 8.");
}

}  // namespace
}  // namespace tidegate::mcp
