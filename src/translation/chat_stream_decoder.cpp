#include "translation/chat_stream_decoder.h"

#include "base/text.h"
#include "translation/chat_events.h"

namespace tidegate::translation {
namespace {

class ChatStreamDecoder : public StreamDecoder {
 public:
  Result<void> decode(std::string_view name, std::string_view data, EventSink& sink) override {
    data = trim(data);
    if (data.empty()) return {};
    if (ended_) return fail(ErrorCode::invalid, "the provider's stream goes on after its end");
    if (data == "[DONE]") {
      done_ = ended_ = true;
      Event event;
      event.kind = Event::Kind::done;
      sink.take(event);
      return {};
    }
    if (auto read = read_chat_delta(data, delta_); !read)
      return fail(ErrorCode::invalid,
                  "the provider's stream has an event that is no chunk: " + read.error().message);
    if (name == "error") delta_.error = true;
    const auto added = events_.add(data, delta_, sink);
    if (!added) return std::unexpected(added.error());
    ended_ = !*added;
    return {};
  }

  [[nodiscard]] bool done() const override { return done_; }

 private:
  ChatDelta delta_;
  ChatEvents events_;
  bool done_ = false;
  bool ended_ = false;  // done, or an error came
};

}  // namespace

std::unique_ptr<StreamDecoder> chat_stream_decoder(const protocol::DialectTable& /*dialect*/) {
  return std::make_unique<ChatStreamDecoder>();
}

}  // namespace tidegate::translation
