#include "translation/messages_block_writer.h"

#include <fmt/format.h>

#include <iterator>

namespace tidegate::translation::messages {
namespace {

void append_index(std::string& out, std::uint32_t index) {
  fmt::format_to(std::back_inserter(out), R"(,"index":{})", index);
}

}  // namespace

void begin_event(std::string& out, std::string_view name) {
  out.append("event: ").append(name).append("\ndata: {\"type\":\"").append(name).append("\"");
}

void end_event(std::string& out) { out += "}\n\n"; }

void BlockWriter::begin(std::string& out) {
  begin_event(out, "content_block_start");
  append_index(out, index_);
  out += R"(,"content_block":{"type":")";
}

void BlockWriter::begin_text(std::string& out) {
  begin(out);
  out += R"(text","text":""})";
  end_event(out);
}

void BlockWriter::begin_thinking(std::string& out) {
  begin(out);
  out += R"(thinking","thinking":"","signature":""})";
  end_event(out);
}

void BlockWriter::begin_tool(std::string& out, std::string_view id, std::string_view name) {
  begin(out);
  out.append(R"(tool_use","id":")").append(id).append(R"(","name":")").append(name);
  out += R"(","input":{}})";
  end_event(out);
}

void BlockWriter::redacted(std::string& out, std::string_view data) {
  begin(out);
  out.append(R"(redacted_thinking","data":")").append(data).append(R"("})");
  end_event(out);
  end(out);
}

void BlockWriter::delta(std::string& out, std::string_view type, std::string_view member,
                        std::string_view raw) {
  begin_event(out, "content_block_delta");
  append_index(out, index_);
  out.append(R"(,"delta":{"type":")").append(type).append(R"(",")").append(member);
  out.append(R"(":")").append(raw).append(R"("})");
  end_event(out);
}

void BlockWriter::citation(std::string& out, std::string_view json) {
  begin_event(out, "content_block_delta");
  append_index(out, index_);
  out += R"(,"delta":{"type":"citations_delta","citation":)";
  // White space between tokens may break lines, which would end the event's data.
  for (const char c : json) out += c == '\n' || c == '\r' ? ' ' : c;
  out += '}';
  end_event(out);
}

void BlockWriter::end(std::string& out) {
  begin_event(out, "content_block_stop");
  append_index(out, index_++);
  end_event(out);
}

}  // namespace tidegate::translation::messages
