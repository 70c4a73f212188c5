// Any text as an answer in which DSML may leak, its first byte saying where it is cut: however the
// text arrives, the same calls are found and the same text is left, arguments are JSON, and text
// without a call passes as it is.
#include <string>
#include <vector>

#include "json/escape.h"
#include "require.h"
#include "translation/dsml_filter.h"

namespace {

using namespace tidegate;
using translation::Event;

// What comes out of the filter, as one text: "text" is joined, each call begins anew.
struct Heard : translation::EventSink {
  void take(const Event& event) override {
    using Kind = Event::Kind;
    if (event.kind == Kind::text) text += event.text;
    if (event.kind == Kind::reasoning) reasoning += event.text;
    if (event.kind == Kind::tool_call) {
      require(event.index == calls.size() && !event.id.empty());
      calls.emplace_back(std::string(event.name) + "=");
    }
    if (event.kind == Kind::tool_arguments) {
      require(event.index < calls.size());
      calls[event.index] += event.text;
    }
    if (event.kind == Kind::finish) ++finishes;
  }
  bool operator==(const Heard& other) const {
    return text == other.text && reasoning == other.reasoning && calls == other.calls;
  }
  std::string text, reasoning;
  std::vector<std::string> calls;
  int finishes = 0;
};

// Characters and escapes that a stream's events do not divide.
std::vector<std::string_view> pieces(std::string_view raw) {
  std::vector<std::string_view> out;
  while (!raw.empty()) {
    std::size_t size = 1;
    if (raw[0] == '\\') size = raw[1] == 'u' ? 6 : 2;
    while (size < raw.size() && (raw[size] & 0xC0) == 0x80) ++size;
    out.push_back(raw.substr(0, size));
    raw.remove_prefix(size);
  }
  return out;
}

Heard filtered(std::string_view raw, Event::Kind channel, unsigned cut) {
  Heard heard;
  translation::DsmlFilter filter(heard, {"f", "get_weather"}, "1");
  Event event;
  event.kind = Event::Kind::start;
  filter.take(event);
  std::string piece;
  unsigned state = cut;
  const auto send = [&] {
    if (piece.empty()) return;
    Event text;
    text.kind = channel;
    text.text = piece;
    filter.take(text);
    piece.clear();
  };
  for (const std::string_view each : pieces(raw)) {
    piece += each;
    state = state * 1103515245 + 12345;
    if (cut != 0 && (state >> 16) % (1 + cut % 16) == 0) send();
  }
  send();
  event.kind = Event::Kind::finish;
  event.finish = protocol::FinishReason::stop;
  filter.take(event);
  event.kind = Event::Kind::done;
  filter.take(event);
  require(heard.finishes == 1);
  require(heard.calls.size() == filter.found());
  return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string raw =
      json::escape(std::string_view(reinterpret_cast<const char*>(data), size).substr(1));
  const auto channel = (data[0] & 1) != 0 ? Event::Kind::reasoning : Event::Kind::text;
  const Heard whole = filtered(raw, channel, 0);
  require(whole == filtered(raw, channel, data[0]));
  require(whole == filtered(raw, channel, 16));  // one by one
  require_json('"' + whole.text + whole.reasoning + '"');
  if (whole.calls.empty()) require(whole.text + whole.reasoning == raw);
  for (const std::string& call : whole.calls) {
    const std::string text = '"' + call.substr(call.find('=') + 1) + '"';
    require_json(text);
    const auto arguments = json::unescape(std::string_view(text).substr(1, text.size() - 2));
    require(arguments.has_value());
    require_json(*arguments);
  }
  return 0;
}
