#include "translation/messages_stream_event.h"

#include "base/text.h"

namespace tidegate::translation::messages {
namespace {

using json::Kind;
using json::Reader;

// A string; anything else is passed over.
bool string(Reader& reader, std::string_view& out) {
  return reader.kind() == Kind::string ? reader.string(out) : reader.skip();
}

bool value(Reader& reader, std::string_view text, std::string_view& out) {
  const std::uint32_t begin = reader.offset();
  if (!reader.skip()) return false;
  out = text.substr(begin, reader.last_end() - begin);
  return true;
}

class Pass {
 public:
  Pass(std::string_view text, TokenCounts& counts)
      : text_(text), reader_(json::CheckedText{text}), counts_(counts) {}

  Result<StreamEvent> run() {
    const bool good = reader_.object([this](std::string_view key) { return member(key); });
    if (!good || !reader_.finish()) return std::unexpected(reader_.error());
    return event_;
  }

 private:
  bool member(std::string_view key) {
    if (key == "type") return string(reader_, event_.type);
    if (key == "index") return index();
    if (key == "usage") return counts_.read(reader_);
    if (key == "error") return value(reader_, text_, event_.error);
    if (reader_.kind() != Kind::object) return reader_.skip();
    if (key == "delta")
      return reader_.object([this](std::string_view inner) { return delta(inner); });
    if (key == "content_block") return read_answer_block(reader_, text_, event_.block);
    if (key == "message") {
      return reader_.object([this](std::string_view inner) {
        if (inner == "id") return string(reader_, event_.id);
        if (inner == "model") return string(reader_, event_.model);
        if (inner == "usage") return counts_.read(reader_);
        return reader_.skip();
      });
    }
    return reader_.skip();
  }

  bool index() {
    std::string_view raw;
    if (reader_.kind() != Kind::number) return reader_.skip();
    if (!reader_.scalar(raw)) return false;
    event_.index = parse_u64(raw);
    return true;
  }

  bool delta(std::string_view key) {
    if (key == "type") return string(reader_, event_.delta_type);
    if (key == "text") return string(reader_, event_.text);
    if (key == "thinking") return string(reader_, event_.thinking);
    if (key == "signature") return string(reader_, event_.signature);
    if (key == "partial_json") return string(reader_, event_.partial_json);
    if (key == "citation") return value(reader_, text_, event_.citation);
    if (key == "stop_reason") return string(reader_, event_.stop_reason);
    if (key == "stop_sequence") return string(reader_, event_.stop_sequence);
    return reader_.skip();
  }

  std::string_view text_;
  Reader reader_;
  TokenCounts& counts_;
  StreamEvent event_;
};

}  // namespace

bool read_answer_block(Reader& reader, std::string_view text, AnswerBlock& out) {
  if (reader.kind() != Kind::object) return reader.skip();
  return reader.object([&](std::string_view key) {
    if (key == "type") return string(reader, out.type);
    if (key == "id") return string(reader, out.id);
    if (key == "name") return string(reader, out.name);
    if (key == "text") return string(reader, out.text);
    if (key == "thinking") return string(reader, out.thinking);
    if (key == "signature") return string(reader, out.signature);
    if (key == "data") return string(reader, out.data);
    if (key == "input") return value(reader, text, out.input);
    if (key == "citations") return value(reader, text, out.citations);
    return reader.skip();
  });
}

Result<StreamEvent> read_stream_event(std::string_view data, TokenCounts& counts) {
  const auto checked = json::check_text(data);
  if (!checked) return std::unexpected(checked.error());
  return Pass(data, counts).run();
}

}  // namespace tidegate::translation::messages
