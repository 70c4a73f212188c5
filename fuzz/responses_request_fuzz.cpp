// Any bytes as a Responses request, read and written for every provider: what is accepted comes out
// as JSON that is accepted again, and says the same when it is written once more. Nor does a
// previous response that is spliced in break it.
#include <cstring>
#include <memory>
#include <string>

#include "require.h"
#include "translation/codec.h"
#include "translation/responses_request.h"

namespace {

using namespace tidegate;
using translation::kChatCodec;
using translation::kResponsesCodec;

std::string write(const translation::Codec& codec, const translation::Request& request,
                  const protocol::DialectTable& dialect) {
  std::string out;
  translation::Notes notes;
  const auto written = codec.write_request(request, dialect, "wire", out, notes);
  if (!written) {
    require(written.error().code == ErrorCode::invalid && !written.error().field.empty());
    return {};
  }
  require_json(out);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exact size, so that a read past the end is seen.
  const auto bytes = std::make_unique<char[]>(size);
  if (size > 0) std::memcpy(bytes.get(), data, size);
  const std::string_view body(bytes.get(), size);
  const auto request = kResponsesCodec.read_request(body);
  if (!request) {
    require(!request.error().message.empty() && request.error().code == ErrorCode::invalid);
    return 0;
  }
  write(kChatCodec, *request, protocol::kDeepSeek);
  write(kResponsesCodec, *request, protocol::kVllm);
  const std::string once = write(kResponsesCodec, *request, protocol::kOpenAi);
  const auto again = kResponsesCodec.read_request(once);
  // What was not empty may be so without reasoning that cannot be sent.
  require(again.has_value() || again.error().field == "input");
  if (again) require(write(kResponsesCodec, *again, protocol::kOpenAi) == once);

  const std::string spliced =
      translation::splice_previous(body, *request, R"({"role":"user","content":"before"})");
  const auto whole = kResponsesCodec.read_request(spliced);
  require(whole.has_value() || whole.error().field.ends_with(".call_id"));
  if (whole) require(whole->previous_response_id.empty() && !whole->turns.empty());
  return 0;
}
