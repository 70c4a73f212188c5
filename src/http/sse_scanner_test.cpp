#include "http/sse_scanner.h"

#include <gtest/gtest.h>

#include <vector>

namespace tidegate::http {
namespace {

struct Seen {
  SseEvent::Kind kind;
  std::string bytes, data, name;
  std::uint64_t offset;
  bool operator==(const Seen&) const = default;
};

// Feeds the stream in pieces of `step` bytes, each in a buffer of its own.
std::vector<Seen> scan(std::string_view stream, std::size_t step, bool finish = false) {
  SseScanner scanner;
  SseEvent event;
  std::vector<Seen> seen;
  auto note = [&] {
    seen.push_back({event.kind, std::string(event.bytes), std::string(event.data),
                    std::string(event.name), event.offset});
  };
  for (std::size_t at = 0; at < stream.size(); at += step) {
    const std::string buffer(stream.substr(at, step));
    std::string_view input = buffer;
    while (scanner.next(input, event).value()) note();
    EXPECT_TRUE(input.empty());
  }
  if (finish && scanner.finish(event)) note();
  return seen;
}

std::vector<std::string> data_of(const std::vector<Seen>& events) {
  std::vector<std::string> data;
  for (const Seen& event : events)
    if (event.kind == SseEvent::Kind::data) data.push_back(event.data);
  return data;
}

using Data = std::vector<std::string>;

TEST(SseScanner, gives_the_same_events_and_all_bytes_for_every_split) {
  for (const std::string_view stream : {
           "data: one\n\n: ping\n\ndata: two\r\n\r\nevent: x\rdata:three\r\rdata: four\n\n",
           "\xEF\xBB\xBF"
           "data: after the mark\n\n\n\ndata\n\n",
           "\xEF\xBB\xBF\ndata: a blank line after the mark\n\n",
           "\xEF\xBB"
           "data: half a mark is a field we do not know\n\ndata: x\n\n",
           "data: a\ndata: b\r\ndata:\rdata:  c\n\ndatax: no\n\n:\n\n",
       }) {
    const auto whole = scan(stream, stream.size(), true);
    std::string all;
    for (const Seen& event : whole) {
      EXPECT_EQ(event.offset, all.size());
      all += event.bytes;
    }
    EXPECT_EQ(all, stream);
    for (std::size_t step = 1; step < stream.size(); ++step)
      EXPECT_EQ(scan(stream, step, true), whole) << "pieces of " << step;
  }
}

TEST(SseScanner, joins_data_lines_and_strips_one_space) {
  EXPECT_EQ(data_of(scan("data: a\ndata:b\r\ndata\ndata:  c\n\n", 100)), (Data{"a\nb\n\n c"}));
  EXPECT_EQ(data_of(scan("data:\n\n", 100)), (Data{""}));
  EXPECT_EQ(data_of(scan("database: 1\n data: 2\nData: 3\n\n", 100)), Data{});
}

TEST(SseScanner, tells_comments_and_blank_lines_from_events) {
  const auto events = scan(": keep-alive\n\n\nevent: ping\n\n: note\nevent: e\ndata: x\n\n", 100);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0].kind, SseEvent::Kind::comment);
  EXPECT_EQ(events[1].kind, SseEvent::Kind::other);
  EXPECT_EQ(events[1].bytes, "\n");
  EXPECT_EQ(events[2].kind, SseEvent::Kind::other);
  EXPECT_EQ(events[2].name, "ping");
  EXPECT_EQ(events[3].kind, SseEvent::Kind::data);
  EXPECT_EQ(events[3].name, "e");
}

TEST(SseScanner, takes_the_newline_of_a_crlf_that_a_read_cut) {
  const auto events = scan("data: x\r\n\r\ndata: y\r\n\r\n", 10);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].bytes, "data: x\r\n\r\n");
  EXPECT_EQ(events[1].bytes, "data: y\r\n\r\n");
}

TEST(SseScanner, copies_nothing_that_lies_whole_in_the_input) {
  SseScanner scanner;
  SseEvent event;
  const std::string buffer = "data: one\n\ndata: tw";
  std::string_view input = buffer;
  EXPECT_TRUE(*scanner.next(input, event));
  EXPECT_EQ(event.bytes.data(), buffer.data());
  EXPECT_EQ(event.data.data(), buffer.data() + 6);
  EXPECT_TRUE(scanner.at_boundary());
  EXPECT_FALSE(*scanner.next(input, event));
  EXPECT_FALSE(scanner.at_boundary());
  input = "o\n\n";
  EXPECT_TRUE(*scanner.next(input, event));
  EXPECT_EQ(event.data, "two");
  EXPECT_TRUE(scanner.at_boundary());
}

TEST(SseScanner, gives_an_event_without_its_blank_line_only_at_the_end) {
  EXPECT_EQ(data_of(scan("data: x\n\ndata: [DONE]", 3)), Data{"x"});
  EXPECT_EQ(data_of(scan("data: x\n\ndata: [DONE]", 3, true)), (Data{"x", "[DONE]"}));
  EXPECT_EQ(data_of(scan("data: x\n\ndata: [DONE]\r\n", 3, true)), (Data{"x", "[DONE]"}));
  EXPECT_EQ(data_of(scan("data: x\r\r", 3, true)), Data{"x"});
}

TEST(SseScanner, refuses_an_event_over_its_limit_whether_cut_or_whole) {
  for (const std::size_t step : {1uz, 7uz, 100uz}) {
    SseScanner scanner(16);
    SseEvent event;
    const std::string stream = "data: 89abcd\n\n: 1\n\ndata: this is too long\n\n";
    bool refused = false;
    std::size_t events = 0;
    for (std::size_t at = 0; at < stream.size() && !refused; at += step) {
      std::string_view input = std::string_view(stream).substr(at, step);
      for (;;) {
        const auto got = scanner.next(input, event);
        if (!got) {
          EXPECT_EQ(got.error().code, ErrorCode::too_large);
          refused = true;
          std::string_view more = "data: x\n\n";
          EXPECT_FALSE(scanner.next(more, event).has_value());
          break;
        }
        if (!*got) break;
        ++events;
      }
    }
    EXPECT_TRUE(refused);
    EXPECT_EQ(events, 2u);
  }
}

TEST(SseScanner, is_small_when_idle) { EXPECT_LE(sizeof(SseScanner), 64u); }

}  // namespace
}  // namespace tidegate::http
