// Whole answers of the chat surface: read into events, and written from them. Reading is pure; an
// encoder serves one answer.
#pragma once

#include "translation/codec.h"

namespace tidegate::translation {

Result<void> read_chat_answer(std::string_view body, const protocol::DialectTable& dialect,
                              EventSink& sink);
std::unique_ptr<StreamEncoder> chat_answer_encoder(AnswerContext context);

}  // namespace tidegate::translation
