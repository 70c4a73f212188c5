#include "translation/codec.h"
#include "translation/responses_answer.h"
#include "translation/responses_encoder.h"
#include "translation/responses_request.h"
#include "translation/responses_stream_decoder.h"

namespace tidegate::translation {

const Codec kResponsesCodec = {
    .read_request = read_responses_request,
    .write_request = write_responses_request,
    .stream_decoder = make_responses_decoder,
    .stream_encoder = make_responses_stream_encoder,
    .read_answer = read_responses_answer,
    .answer_encoder = make_responses_answer_encoder,
};

}  // namespace tidegate::translation
