#include "translation/response_items.h"

#include <gtest/gtest.h>

namespace tidegate::translation {
namespace {

std::string list(std::string_view items, std::string_view query = "order=asc") {
  const auto page = read_items_page(query);
  if (!page) return page.error().field + ": " + page.error().message;
  const auto listed = list_items(items, "resp_7", *page);
  return listed ? *listed : listed.error().field;
}

TEST(ResponseItems, get_what_clients_may_leave_out) {
  EXPECT_EQ(list(R"({"role":"user","content":"a\n"})"),
            R"({"object":"list","data":[{"id":"msg_7_in0","type":"message","status":"completed",)"
            R"("role":"user","content":[{"type":"input_text","text":"a\n"}]}],)"
            R"("first_id":"msg_7_in0","last_id":"msg_7_in0","has_more":false})");
  EXPECT_EQ(
      list(R"({"role":"assistant","content":"a"})"),
      R"({"object":"list","data":[{"id":"msg_7_in0","type":"message","status":"completed",)"
      R"("role":"assistant","content":[{"type":"output_text","text":"a","annotations":[]}]}],)"
      R"("first_id":"msg_7_in0","last_id":"msg_7_in0","has_more":false})");
}

TEST(ResponseItems, keep_what_clients_and_answers_said) {
  EXPECT_EQ(list(R"({"type":"function_call_output","call_id":"c","output":"content"} , )"
                 R"({"x":1,"id":"fc_9","type":"function_call","content":"y"})"),
            R"({"object":"list","data":[{"id":"fc_7_in0","type":"function_call_output",)"
            R"("call_id":"c","output":"content"},{"id":"fc_9","type":"function_call","x":1,)"
            R"("content":"y"}],"first_id":"fc_7_in0","last_id":"fc_9","has_more":false})");
}

TEST(ResponseItems, come_in_pages) {
  const std::string items = R"({"id":"a"},{"id":"b"},{"id":"c"})";
  const auto ids = [&](std::string_view query) {
    const std::string all = list(items, query);
    return all.substr(std::min(all.find("\"first_id\""), all.size()));
  };
  EXPECT_EQ(ids(""), R"("first_id":"c","last_id":"a","has_more":false})");
  EXPECT_EQ(ids("limit=2&include%5B%5D=x"), R"("first_id":"c","last_id":"b","has_more":true})");
  EXPECT_EQ(ids("after=b&limit=2"), R"("first_id":"a","last_id":"a","has_more":false})");
  EXPECT_EQ(ids("order=asc&after=a"), R"("first_id":"b","last_id":"c","has_more":false})");
  EXPECT_EQ(ids("after=a"), R"("first_id":null,"last_id":null,"has_more":false})");
  EXPECT_EQ(list(items, "after=z"), "after");
  EXPECT_EQ(list("", ""), R"({"object":"list","data":[],"first_id":null,"last_id":null,)"
                          R"("has_more":false})");
}

TEST(ResponseItems, wrong_parameters_are_refused) {
  EXPECT_EQ(list("", "limit=0"), "limit: limit: expected 1 to 100");
  EXPECT_EQ(list("", "limit=101"), "limit: limit: expected 1 to 100");
  EXPECT_EQ(list("", "limit="), "limit: limit: expected 1 to 100");
  EXPECT_EQ(list("", "order=up"), "order: order: expected asc or desc");
  EXPECT_EQ(list("", "&&limit&order"), "limit: limit: expected 1 to 100");
}

}  // namespace
}  // namespace tidegate::translation
