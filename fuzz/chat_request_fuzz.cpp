// Any bytes as a chat request, read and written for every dialect: what is accepted comes out as
// JSON that is accepted again, and says the same when it is written once more.
#include <cstring>
#include <memory>
#include <string>

#include "require.h"
#include "translation/codec.h"

namespace {

using namespace tidegate;
using translation::kChatCodec;

std::string write(const translation::Request& request, const protocol::DialectTable& dialect) {
  std::string out;
  translation::Notes notes;
  const auto written = kChatCodec.write_request(request, dialect, "wire \"model\"", out, notes);
  if (written) return out;
  require(written.error().code == ErrorCode::invalid && !written.error().field.empty());
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exact size, so that a read past the end is seen.
  const auto bytes = std::make_unique<char[]>(size);
  if (size > 0) std::memcpy(bytes.get(), data, size);
  const auto request = kChatCodec.read_request({bytes.get(), size});
  if (!request) {
    require(!request.error().message.empty() && request.error().code == ErrorCode::invalid);
    return 0;
  }
  for (const auto* dialect :
       {&protocol::kOpenAi, &protocol::kDeepSeek, &protocol::kKimi, &protocol::kGemini,
        &protocol::kVllm, &protocol::kOpenRouter, &protocol::kOpenAiCompatible}) {
    const std::string out = write(*request, *dialect);
    if (out.empty()) continue;
    require_json(out);
  }
  const std::string once = write(*request, protocol::kDeepSeek);
  if (once.empty()) return 0;
  std::string plain = once;  // a model's name has no escapes
  plain.replace(plain.find("wire"), std::strlen(R"(wire \"model\")"), "wire");
  const auto again = kChatCodec.read_request(plain);
  require(again.has_value());
  require(write(*again, protocol::kDeepSeek) == once);
  return 0;
}
