#include "http/chunked.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tidegate::http {
namespace {

using State = ChunkedDecoder::State;

struct Decoded {
  State state = State::more;
  std::string data;
  std::string rest;
  std::string problem;
};

// Feeds `stream` in pieces that end at `cuts`.
Decoded decode(std::string_view stream, const std::vector<std::size_t>& cuts = {}) {
  ChunkedDecoder decoder;
  Decoded out;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t to = i == cuts.size() ? stream.size() : cuts[i];
    // A buffer of its own, so that a sanitizer sees reads past its end.
    const std::vector<char> piece(stream.data() + from, stream.data() + to);
    from = to;
    std::string_view input(piece.data(), piece.size());
    std::string_view data;
    while ((out.state = decoder.next(input, data)) == State::data) {
      EXPECT_FALSE(data.empty());
      out.data += data;
    }
    if (out.state == State::more) {
      EXPECT_TRUE(input.empty());
      continue;
    }
    out.rest = std::string(input) + std::string(stream.substr(to));
    out.problem = decoder.problem();
    break;
  }
  return out;
}

constexpr std::string_view kStream =
    "5;name=\"v\"\r\nhello\r\nA\r\n 123456789\r\n0\r\nTrailer: x\r\n\r\nGET /next";

TEST(ChunkedDecoder, AnySplitGivesTheSameBytes) {
  for (std::size_t a = 0; a <= kStream.size(); ++a) {
    for (std::size_t b = a; b <= kStream.size(); ++b) {
      const Decoded out = decode(kStream, {a, b});
      ASSERT_EQ(out.state, State::end) << a << " " << b;
      ASSERT_EQ(out.data, "hello 123456789") << a << " " << b;
      ASSERT_EQ(out.rest, "GET /next") << a << " " << b;
    }
  }
}

TEST(ChunkedDecoder, IsAtTheEndOnlyAfterTheLastByte) {
  const std::string_view whole = kStream.substr(0, kStream.size() - 9);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(decode(whole.substr(0, size)).state, State::more) << size;
  }
}

TEST(ChunkedDecoder, StaysAtTheEndAndAtAnError) {
  ChunkedDecoder decoder;
  std::string_view input = "0\r\n\r\n", data;
  EXPECT_EQ(decoder.next(input, data), State::end);
  input = "5\r\nhello";
  EXPECT_EQ(decoder.next(input, data), State::end);
  EXPECT_EQ(input, "5\r\nhello");
  ChunkedDecoder broken;
  input = "x";
  EXPECT_EQ(broken.next(input, data), State::bad);
  input = "0\r\n\r\n";
  EXPECT_EQ(broken.next(input, data), State::bad);
}

TEST(ChunkedDecoder, RefusesWhatTwoDecodersCouldReadDifferently) {
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\r\n", "does not begin with its size"},
      {"g\r\n", "does not begin with its size"},
      {" 5\r\nhello\r\n", "does not begin with its size"},
      {"-5\r\nhello\r\n", "does not begin with its size"},
      {"+5\r\nhello\r\n", "does not begin with its size"},
      {";x\r\n", "does not begin with its size"},
      {"0x5\r\nhello\r\n", "not a hex digit"},
      {"5 \r\nhello\r\n", "not a hex digit"},
      {"5_0\r\n", "not a hex digit"},
      {"5\nhello\r\n", "not a hex digit"},
      {"5\0\r\nhello\r\n"s, "not a hex digit"},
      {"0000000000000005\r\nhello", "too many digits"},
      {"5\rhello", "size does not end in CRLF"},
      {"5;a\nhello\r\n0\r\n\r\n", "extension"},
      {"5;a\0\r\n"s, "extension"},
      {"5;" + std::string(20'000, 'x'), "extension"},
      {"5\r\nhello0\r\n\r\n", "data does not end in CRLF"},
      {"5\r\nhello\n0\r\n\r\n", "data does not end in CRLF"},
      {"5\r\nhello\r0\r\n\r\n", "data does not end in CRLF"},
      {"5\r\nhello!\r\n0\r\n\r\n", "data does not end in CRLF"},
      {"0\r\n\n", "trailer"},
      {"0\r\nA: b\n\r\n", "trailer"},
      {"0\r\nA: b\rc\r\n\r\n", "trailer"},
      {"0\r\n\rx", "last chunk does not end"},
      {"0\r\nA: " + std::string(20'000, 'x'), "trailer"},
  };
  for (const auto& [stream, problem] : cases) {
    const Decoded out = decode(stream);
    EXPECT_EQ(out.state, State::bad) << stream.substr(0, 40);
    EXPECT_NE(out.problem.find(problem), std::string::npos) << stream.substr(0, 40) << out.problem;
  }
}

// Many small extensions are as much as one long one.
TEST(ChunkedDecoder, BoundsExtensionsOfTheWholeMessage) {
  std::string stream;
  for (int i = 0; i < 400; ++i) stream += "1;" + std::string(50, 'x') + "\r\na\r\n";
  EXPECT_EQ(decode(stream + "0\r\n\r\n").state, State::bad);
}

TEST(ChunkedDecoder, TakesAWholeChunkInOneStepOrNothing) {
  ChunkedDecoder decoder;
  std::string_view input = "5\r\nhello\r\n0\r\n\r\n", data, chunk;
  ASSERT_TRUE(decoder.take_whole(input, data, chunk));
  EXPECT_EQ(data, "hello");
  EXPECT_EQ(chunk, "5\r\nhello\r\n");
  EXPECT_FALSE(decoder.take_whole(input, data, chunk)) << "the last one is for next()";
  EXPECT_EQ(decoder.next(input, data), State::end);

  for (const std::string_view other :
       {"5\r\nhello\r", "5\r\nhello\n\n", "5;x\r\nhello\r\n", "5\nhello\r\n\r", "\r\n\r\n\r\n",
        "ffffffff\r\nhello\r\n", "000000005\r\nhello\r\n"}) {
    ChunkedDecoder fresh;
    std::string_view rest = other;
    EXPECT_FALSE(fresh.take_whole(rest, data, chunk)) << other;
    EXPECT_EQ(rest, other);
  }
  // Not in the middle of a chunk, even where its data looks like one.
  ChunkedDecoder amid;
  input = "9\r\n";
  EXPECT_EQ(amid.next(input, data), State::more);
  input = "1\r\nx\r\n...\r\n";
  EXPECT_FALSE(amid.take_whole(input, data, chunk));
}

TEST(ChunkedDecoder, KnowsSizesOfFifteenDigitsInBothCases) {
  EXPECT_EQ(decode("00000000000000a\r\n0123456789\r\n0\r\n\r\n").data, "0123456789");
  EXPECT_EQ(decode("B\r\n0123456789a\r\n0\r\n\r\n").data, "0123456789a");
  const Decoded huge = decode("fffffffffffffff\r\nabc");
  EXPECT_EQ(huge.state, State::more);
  EXPECT_EQ(huge.data, "abc");
}

}  // namespace
}  // namespace tidegate::http
