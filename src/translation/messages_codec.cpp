#include "translation/messages_parts.h"

namespace tidegate::translation {

const Codec kMessagesCodec = {
    .read_request = messages::read_request,
    .write_request = messages::write_request,
    .stream_decoder = messages::stream_decoder,
    .stream_encoder = messages::stream_encoder,
    .read_answer = messages::read_answer,
    .answer_encoder = messages::answer_encoder,
};

}  // namespace tidegate::translation
