// Any lines as the events of a provider's chat stream, decoded, freed of DSML and encoded again:
// events come in their order, and what the client gets is JSON.
#include <string>
#include <vector>

#include "require.h"
#include "translation/codec.h"
#include "translation/dsml_filter.h"

namespace {

using namespace tidegate;
using translation::Event;
using translation::kChatCodec;

class Checked : public translation::EventSink {
 public:
  Checked() {
    translation::AnswerContext context;
    context.id = "1";
    context.include_usage = true;
    encoder_ = kChatCodec.stream_encoder(context);
  }

  void take(const Event& event) override {
    using Kind = Event::Kind;
    require(!ended_);
    ended_ = event.kind == Kind::done || event.kind == Kind::error;
    if (event.kind == Kind::tool_call) require(event.index == calls_++ && !event.id.empty());
    if (event.kind == Kind::tool_arguments) require(event.index < calls_);
    std::string out;
    encoder_->encode(event, out);
    require_events(out);
  }

 private:
  std::unique_ptr<translation::StreamEncoder> encoder_;
  std::uint32_t calls_ = 0;
  bool ended_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto decoder = kChatCodec.stream_decoder(protocol::kOpenRouter);
  Checked checked;
  translation::DsmlFilter filter(checked, {"f", "get_weather"}, "1");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.starts_with("data: ")) line.remove_prefix(6);
    const auto decoded = decoder->decode({}, line, filter);
    if (decoded) continue;
    require(!decoded.error().message.empty());
    return 0;
  }
  return 0;
}
