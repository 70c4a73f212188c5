#include "translation/chat_answer.h"
#include "translation/chat_request.h"
#include "translation/chat_request_writer.h"
#include "translation/chat_stream_decoder.h"
#include "translation/chat_stream_encoder.h"

namespace tidegate::translation {

const Codec kChatCodec = {
    .read_request = read_chat_request,
    .write_request = write_chat_request,
    .stream_decoder = chat_stream_decoder,
    .stream_encoder = chat_stream_encoder,
    .read_answer = read_chat_answer,
    .answer_encoder = chat_answer_encoder,
};

}  // namespace tidegate::translation
