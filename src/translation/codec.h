// Codec: how one surface reads and writes requests and answers. One table of functions for each
// surface, in files that carry its name (chat_*.cpp, responses_*.cpp, messages_*.cpp).
// Used by the gateway when client and provider do not share a surface, and for the measures of
// surfaces other than chat. Constants, any thread; decoders and encoders: one per stream.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "protocol/dialect.h"
#include "protocol/surface.h"
#include "translation/event.h"
#include "translation/request.h"

namespace tidegate::translation {

// Reads the provider's stream.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;
  // One SSE event: its `event:` name and its payload. Error invalid: not of this surface, or out of
  // order; the stream cannot be read on.
  virtual Result<void> decode(std::string_view name, std::string_view data, EventSink& sink) = 0;
  // Whether the stream may end here: its end marker was seen.
  [[nodiscard]] virtual bool done() const = 0;
};

// What an answer says about itself that the provider's does not.
struct AnswerContext {
  std::string id;            // of the answer, without the surface's prefix: the request's id
  std::string model;         // as the client asked for it; the served name where it asked for none
  std::int64_t created = 0;  // Unix seconds
  Tokens estimated_prompt = 0;  // until the provider says how many there were
  bool include_usage = false;   // chat: the client wants the usage chunk
  bool show_reasoning = true;
  bool want_proof = false;  // Responses: encrypted_content was asked for
  std::string maker;        // provider and model that answer, for seals that leave in our envelope
  const Request* request = nullptr;  // responses: settings to say again; only used at the start
};

// Writes the client's stream: appends whole SSE events to `out`.
class StreamEncoder {
 public:
  virtual ~StreamEncoder() = default;
  virtual void encode(const Event& event, std::string& out) = 0;
};

struct Codec {
  // Error invalid names the JSON path in `field`. Views into `body`.
  Result<Request> (*read_request)(std::string_view body);
  // Appends the body for a provider of `dialect`. What it cannot say there is noted, or refused
  // (invalid, with the path in the client's words) where leaving it out would change the meaning.
  Result<void> (*write_request)(const Request& request, const protocol::DialectTable& dialect,
                                std::string_view wire_model, std::string& out, Notes& notes);

  std::unique_ptr<StreamDecoder> (*stream_decoder)(const protocol::DialectTable& dialect);
  std::unique_ptr<StreamEncoder> (*stream_encoder)(AnswerContext context);

  // A whole answer: gives its events to `sink`, start to done. Error invalid: not of this surface.
  Result<void> (*read_answer)(std::string_view body, const protocol::DialectTable& dialect,
                              EventSink& sink);
  // Collects events and writes the whole answer from them.
  std::unique_ptr<StreamEncoder> (*answer_encoder)(AnswerContext context);  // writes at `done`
};

// Of the surfaces that are translatable.
[[nodiscard]] const Codec& codec(Surface surface);

extern const Codec kChatCodec;
extern const Codec kResponsesCodec;
extern const Codec kMessagesCodec;

}  // namespace tidegate::translation
