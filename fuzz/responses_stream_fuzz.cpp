// Any lines as the events of a provider's Responses stream, decoded and encoded again, and each
// line as a whole answer: events come in their order, and what the client gets is JSON on one line.
#include <memory>
#include <string>
#include <string_view>

#include "require.h"
#include "translation/codec.h"

namespace {

using namespace tidegate;
using translation::Event;
using translation::kResponsesCodec;

translation::AnswerContext context() {
  translation::AnswerContext context;
  context.id = "1";
  context.model = "m";
  context.want_proof = true;
  return context;
}

class Checked : public translation::EventSink {
 public:
  void take(const Event& event) override {
    using Kind = Event::Kind;
    require(!ended_);
    ended_ = event.kind == Kind::done || event.kind == Kind::error;
    if (event.kind == Kind::tool_call) require(event.index == calls_++);
    if (event.kind == Kind::tool_arguments) require(event.index < calls_);
    std::string out;
    stream_->encode(event, out);
    require_events(out);
    std::string whole;
    answer_->encode(event, whole);
    if (ended_) require_json(whole);
  }

 private:
  std::unique_ptr<translation::StreamEncoder> stream_ = kResponsesCodec.stream_encoder(context());
  std::unique_ptr<translation::StreamEncoder> answer_ = kResponsesCodec.answer_encoder(context());
  std::uint32_t calls_ = 0;
  bool ended_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto decoder = kResponsesCodec.stream_decoder(protocol::kOpenAi);
  Checked checked;
  bool broken = false;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with("event: ")) continue;
    if (line.starts_with("data: ")) line.remove_prefix(6);
    Checked alone;
    static_cast<void>(kResponsesCodec.read_answer(line, protocol::kOpenAi, alone));
    if (broken) continue;
    const auto decoded = decoder->decode({}, line, checked);
    broken = !decoded;
    if (broken) require(!decoded.error().message.empty());
  }
  return 0;
}
