// Any lines as the events of a provider's Messages stream, decoded and written for a client of each
// surface, and each line as a whole answer: events come in their order, and what the client gets is
// JSON on one line.
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "require.h"
#include "translation/codec.h"

namespace {

using namespace tidegate;
using translation::Event;
using translation::kMessagesCodec;

translation::AnswerContext context() {
  translation::AnswerContext context;
  context.id = "1";
  context.model = "m";
  context.include_usage = true;
  context.want_proof = true;
  context.maker = "anthropic/claude-opus-4-7";
  return context;
}

struct Client {
  explicit Client(const translation::Codec& codec)
      : stream(codec.stream_encoder(context())), answer(codec.answer_encoder(context())) {}
  std::unique_ptr<translation::StreamEncoder> stream, answer;
};

class Checked : public translation::EventSink {
 public:
  void take(const Event& event) override {
    using Kind = Event::Kind;
    require(!ended_);
    ended_ = event.kind == Kind::done || event.kind == Kind::error;
    if (event.kind == Kind::tool_call) require(event.index == calls_++ && !event.id.empty());
    if (event.kind == Kind::tool_arguments) require(event.index < calls_);
    for (const Client& client : clients_) {
      std::string out;
      client.stream->encode(event, out);
      require_events(out);
      std::string whole;
      client.answer->encode(event, whole);
      if (ended_ || !whole.empty()) require_json(whole);
    }
  }

 private:
  const std::array<Client, 3> clients_ = {Client(translation::kChatCodec),
                                          Client(translation::kResponsesCodec),
                                          Client(kMessagesCodec)};
  std::uint32_t calls_ = 0;
  bool ended_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto decoder = kMessagesCodec.stream_decoder(protocol::kAnthropic);
  Checked checked;
  std::string_view name;
  bool broken = false;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with("event: ")) {
      name = line.substr(7);
      continue;
    }
    if (line.starts_with("data: ")) line.remove_prefix(6);
    Checked alone;
    static_cast<void>(kMessagesCodec.read_answer(line, protocol::kAnthropic, alone));
    if (broken) continue;
    const auto decoded = decoder->decode(name, line, checked);
    broken = !decoded;
    if (broken) require(!decoded.error().message.empty());
    name = {};
  }
  return 0;
}
