// The functions that kMessagesCodec is made of; see codec.h for what each of them promises.
// Used by messages_codec.cpp alone.
#pragma once

#include "translation/codec.h"

namespace tidegate::translation::messages {

Result<Request> read_request(std::string_view body);
Result<void> write_request(const Request& request, const protocol::DialectTable& dialect,
                           std::string_view wire_model, std::string& out, Notes& notes);
std::unique_ptr<StreamDecoder> stream_decoder(const protocol::DialectTable& dialect);
std::unique_ptr<StreamEncoder> stream_encoder(AnswerContext context);
Result<void> read_answer(std::string_view body, const protocol::DialectTable& dialect,
                         EventSink& sink);
std::unique_ptr<StreamEncoder> answer_encoder(AnswerContext context);

}  // namespace tidegate::translation::messages
