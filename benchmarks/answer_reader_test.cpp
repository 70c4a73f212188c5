#include "answer_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace tidegate::bench {
namespace {

const std::string json_answer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
    "11\r\n\r\n{\"id\":\"a\"}\n";
const std::string first_event = "data: {\"n\":1}\n\n";
const std::string stream_answer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    "f\r\n" +
    first_event +
    "\r\n"
    "e\r\ndata: [DONE]\n\n\r\n"
    "0\r\n\r\n";

// Reads `answer` in two pieces, cut at `cut`.
AnswerReader read_cut(const std::string& answer, std::size_t cut) {
  AnswerReader reader;
  if (cut > 0) reader.read(std::string_view(answer).substr(0, cut));
  reader.read(std::string_view(answer).substr(cut));
  return reader;
}

TEST(AnswerReader, JudgesAnAnswerCutAnywhere) {
  for (std::size_t cut = 0; cut < json_answer.size(); ++cut) {
    const AnswerReader reader = read_cut(json_answer, cut);
    EXPECT_TRUE(reader.good()) << cut;
    EXPECT_EQ(reader.body_bytes(), 11u);
  }
}

TEST(AnswerReader, CountsEventsOfAStreamCutAnywhere) {
  for (std::size_t cut = 0; cut < stream_answer.size(); ++cut) {
    const AnswerReader reader = read_cut(stream_answer, cut);
    EXPECT_TRUE(reader.good()) << cut;
    EXPECT_EQ(reader.events(), 2u) << cut;
  }
}

TEST(AnswerReader, AStreamWithoutItsEndMarkerIsNotGood) {
  std::string answer = stream_answer;
  answer.replace(answer.find("[DONE]"), 6, "[done]");
  const AnswerReader reader = read_cut(answer, 5);
  EXPECT_EQ(reader.state(), AnswerReader::State::done);
  EXPECT_FALSE(reader.good());
}

TEST(AnswerReader, AnErrorStatusAndBytesAfterTheEndAreNotGood) {
  std::string refused = json_answer;
  refused.replace(refused.find("200"), 3, "502");
  EXPECT_FALSE(read_cut(refused, 3).good());
  EXPECT_EQ(read_cut(json_answer + "x", 3).state(), AnswerReader::State::broken);
}

}  // namespace
}  // namespace tidegate::bench
