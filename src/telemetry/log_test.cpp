#include "telemetry/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "telemetry/request_log.h"

namespace tidegate::telemetry {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class LogTest : public testing::Test {
 protected:
  LogTest() {
    std::string pattern = testing::TempDir() + "tidegate_log_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/log";
  }
  ~LogTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Log> open(Format format, Level level = Level::info) {
    auto log = Log::open({path_, format, level}, clock_);
    EXPECT_TRUE(log.has_value());
    return std::move(*log);
  }
  std::string text() const { return read_file(path_); }

  FakeClock clock_;
  std::string folder_, path_;
};

RequestLine sample(const Clock& clock) {
  RequestLine line;
  line.at = clock.wall();
  line.id = RequestId::from(1, 2);
  line.endpoint = "/v1/chat/completions";
  line.status = 200;
  line.result = "ok";
  line.route = "terminal_agentic";
  line.provider = "openai";
  line.model = "gpt-5.5";
  line.reason = "rule 3: tool_density=0.71 > 0.6";
  line.attempts = 1;
  line.stream = true;
  line.task = "t1";
  line.usage = {.prompt = 1200, .cached = 1000, .completion = 50};
  line.cost = NanoDollars{1'234'567};
  line.first_byte = 12'345us;
  line.total = 1'500ms;
  return line;
}

TEST_F(LogTest, WritesARequestAsText) {
  auto log = open(Format::text);
  RequestLog requests(*log);
  const RequestLine line = sample(clock_);
  requests.append(line, clock_.now());
  requests.flush();
  const auto id = line.id.text();
  EXPECT_EQ(text(),
            "2026-05-28T20:26:40.000Z info request id=" + std::string(id.data(), id.size()) +
                " endpoint=/v1/chat/completions status=200 result=ok"
                " route=terminal_agentic provider=openai model=gpt-5.5"
                " reason=\"rule 3: tool_density=0.71 > 0.6\" attempts=1 stream=true"
                " task=t1 prompt_tokens=1200 cached_tokens=1000 completion_tokens=50"
                " cost_nanodollars=1234567 first_byte_ms=12.345 total_ms=1500.000\n");
}

TEST_F(LogTest, WritesARequestAsJson) {
  auto log = open(Format::json);
  RequestLog requests(*log);
  requests.append(sample(clock_), clock_.now());
  requests.flush();
  const std::string line = text();
  EXPECT_TRUE(line.starts_with(
      R"({"time":"2026-05-28T20:26:40.000Z","level":"info","event":"request","id":"req_)"));
  EXPECT_NE(line.find(R"(,"stream":true,"task":"t1","prompt_tokens":1200,)"), std::string::npos);
  EXPECT_TRUE(line.ends_with(R"("first_byte_ms":12.345,"total_ms":1500.000})"
                             "\n"));
}

// A client that sends line breaks, quotes, terminal sequences or broken UTF-8 must not be able to
// forge a line, a field or a colour.
TEST_F(LogTest, KeepsWhatAClientSendsInsideItsField) {
  const std::string attack =
      "x\r\n2026-01-01T00:00:00.000Z error forged a=b \"q\\ \x1b[31m \x7f \xc2\x9b \xe2\x80\xa8 "
      "\xff\xc0\xaf \xed\xa0\x80 ok \xe6\xbd\xae";
  const std::string inside =
      "x\\u000d\\u000a2026-01-01T00:00:00.000Z error forged a=b \\\"q\\\\ \\u001b[31m \\u007f "
      "\\u009b \\u2028 \\ufffd\\ufffd\\ufffd \\ufffd\\ufffd\\ufffd ok \xe6\xbd\xae";
  for (const Format format : {Format::text, Format::json}) {
    std::filesystem::remove(path_);
    auto log = open(format);
    RequestLog requests(*log);
    RequestLine line = sample(clock_);
    line.task = attack;
    requests.append(line, clock_.now());
    requests.flush();
    log->event(Level::error, "bad", {{"what", std::string_view(attack)}});
    const std::string written = text();
    EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 2) << written;
    const std::string key = format == Format::json ? "\"task\":\"" : " task=\"";
    EXPECT_NE(written.find(key + inside + "\""), std::string::npos) << written;
  }
}

TEST_F(LogTest, CutsALongValueAtACharacter) {
  auto log = open(Format::text);
  std::string value(kMaxFieldBytes - 1, 'a');
  value += "\xe6\xbd\xae tail";  // the limit falls inside this character
  log->event(Level::info, "e", {{"v", std::string_view(value)}});
  EXPECT_TRUE(text().ends_with(" v=\"" + std::string(kMaxFieldBytes - 1, 'a') + "...\"\n"));
}

TEST_F(LogTest, WritesInBatchesAndNotLaterThanItsAge) {
  auto log = open(Format::text);
  RequestLog requests(*log);
  EXPECT_EQ(requests.due(), kNever);
  requests.append(sample(clock_), clock_.now());
  const TimePoint due = requests.due();
  EXPECT_EQ(due, clock_.now() + RequestLog::kMaxAge);
  clock_.advance(RequestLog::kMaxAge - 1ns);
  requests.append(sample(clock_), clock_.now());
  requests.flush_if_due(clock_.now());
  EXPECT_EQ(text(), "");
  clock_.advance(1ns);
  requests.flush_if_due(clock_.now());
  EXPECT_NE(text(), "");
  EXPECT_EQ(requests.due(), kNever);

  const std::size_t before = text().size();
  std::size_t lines = 0;
  for (; text().size() == before; ++lines) {
    requests.append(sample(clock_), clock_.now());
    requests.flush_if_due(clock_.now());
  }
  EXPECT_GE(text().size() - before, RequestLog::kFlushBytes);
  EXPECT_GT(lines, 20u);
}

TEST_F(LogTest, KeepsItsBufferBoundedBetweenTwoTurnsOfTheLoop) {
  auto log = open(Format::text);
  RequestLog requests(*log);
  for (int i = 0; i < 1000; ++i) {
    requests.append(sample(clock_), clock_.now());
  }
  EXPECT_GE(text().size(), RequestLog::kMaxBytes);
}

TEST_F(LogTest, LeavesOutWhatIsBelowItsLevel) {
  auto log = open(Format::text, Level::warning);
  RequestLog requests(*log);
  requests.append(sample(clock_), clock_.now());
  requests.flush();
  log->event(Level::info, "started");
  log->event(Level::error, "ledger_spill", {{"path", "/a b"}, {"records", 3}, {"full", true}});
  EXPECT_EQ(text(),
            "2026-05-28T20:26:40.000Z error ledger_spill path=\"/a b\" records=3 full=true\n");
}

TEST_F(LogTest, ReopensItsFileAfterItWasMoved) {
  auto log = open(Format::text);
  log->event(Level::info, "before");
  std::filesystem::rename(path_, path_ + ".1");
  log->event(Level::info, "moved");
  ASSERT_TRUE(log->reopen().has_value());
  log->event(Level::info, "after");
  EXPECT_NE(read_file(path_ + ".1").find("moved\n"), std::string::npos);
  EXPECT_TRUE(text().ends_with(" info after\n"));
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);

  std::filesystem::remove_all(folder_);  // reopen fails: lines still go to the old file
  EXPECT_EQ(log->reopen().error().code, ErrorCode::io);
  log->event(Level::info, "kept");
  EXPECT_EQ(log->lost_bytes(), 0u);
}

TEST_F(LogTest, SaysWhyItCannotOpenAFile) {
  const auto log = Log::open({folder_ + "/none/log", Format::text, Level::info}, clock_);
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, ErrorCode::io);
  EXPECT_NE(log.error().message.find("No such file"), std::string::npos);
}

// A pipe that nobody empties: the rest is lost and counted, and the next line starts afresh.
TEST_F(LogTest, CountsWhatItsTargetDoesNotTake) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const int reader = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK);
  auto log = open(Format::text);
  const int writer = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK);
  ASSERT_GE(writer, 0);
  const auto capacity = static_cast<std::size_t>(::fcntl(writer, F_GETPIPE_SZ));
  ::close(reader);  // no reader: EPIPE
  const auto previous = ::signal(SIGPIPE, SIG_IGN);
  log->write(std::string(capacity, 'x') + "\n");
  ::signal(SIGPIPE, previous);
  ::close(writer);
  EXPECT_EQ(log->lost_bytes(), capacity + 1);
}

TEST_F(LogTest, KeepsLinesWholeWhenWorkersWriteTogether) {
  auto log = open(Format::text);
  const auto work = [&] {
    RequestLog requests(*log);
    for (int i = 0; i < 500; ++i) {
      requests.append(sample(clock_), clock_.now());
      requests.flush_if_due(clock_.now());
    }
  };
  std::thread one(work);
  std::thread two(work);
  one.join();
  two.join();
  std::ifstream file(path_);
  std::size_t count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    ASSERT_TRUE(line.starts_with("2026-05-28T") && line.ends_with("total_ms=1500.000")) << line;
  }
  EXPECT_EQ(count, 1000u);
}

}  // namespace
}  // namespace tidegate::telemetry
