// Any bytes as a Messages request: what is accepted is written for Anthropic as JSON that is
// accepted again and says the same when it is written once more, and so is what is repaired without
// translation.
#include <cstring>
#include <memory>
#include <string>

#include "require.h"
#include "translation/codec.h"
#include "translation/cut.h"
#include "translation/messages_repair.h"

namespace {

using namespace tidegate;
using translation::kMessagesCodec;

std::string write(const translation::Request& request) {
  std::string out;
  translation::Notes notes;
  const auto written =
      kMessagesCodec.write_request(request, protocol::kAnthropic, "claude-opus-4-7", out, notes);
  if (written) {
    require_json(out);
    return out;
  }
  require(written.error().code == ErrorCode::invalid && !written.error().field.empty());
  return {};
}

void repair(std::string_view body) {
  translation::Notes notes;
  const auto cuts = translation::repair_messages(body, {}, notes);
  if (!cuts) return;
  const std::string repaired = translation::apply(body, *cuts);
  require(kMessagesCodec.read_request(repaired).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exact size, so that a read past the end is seen.
  const auto bytes = std::make_unique<char[]>(size);
  if (size > 0) std::memcpy(bytes.get(), data, size);
  const std::string_view body(bytes.get(), size);
  const auto request = kMessagesCodec.read_request(body);
  if (!request) {
    require(!request.error().message.empty() && request.error().code == ErrorCode::invalid);
    return 0;
  }
  repair(body);
  const std::string once = write(*request);
  if (once.empty()) return 0;
  const auto again = kMessagesCodec.read_request(once);
  require(again.has_value());
  require(write(*again) == once);
  return 0;
}
