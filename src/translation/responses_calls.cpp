#include "translation/responses_calls.h"

#include <fmt/format.h>

namespace tidegate::translation {
namespace {

std::string_view prefix(bool custom) { return custom ? "ctc" : "fc"; }

}  // namespace

void ResponsesCalls::append_head(std::string& out, const Call& call) const {
  fmt::format_to(std::back_inserter(out),
                 R"({{"id":"{}_{}_{}","type":"{}","call_id":"{}","name":"{}",)",
                 prefix(call.custom), answer_, call.item,
                 call.custom ? "custom_tool_call" : "function_call", call.id, call.name);
}

void ResponsesCalls::append_place(std::string& out, const Call& call) const {
  fmt::format_to(std::back_inserter(out), R"(,"item_id":"{}_{}_{}","output_index":{})",
                 prefix(call.custom), answer_, call.item, call.item);
}

void ResponsesCalls::begin(const Event& event, std::size_t item, std::string& out) {
  Call& call = calls_.emplace_back();
  call.index = event.index;
  call.item = item;
  call.custom = event.custom;
  call.id = event.id;
  call.name = event.name;
  scratch_.clear();
  append_head(scratch_, call);
  events_.write(
      out, "response.output_item.added",
      {",\"output_index\":", fmt::format_int(item).c_str(), ",\"item\":", scratch_,
       R"("status":"in_progress",)", call.custom ? R"("input":""})" : R"("arguments":""})"});
}

void ResponsesCalls::add(const Event& event, std::string& out) {
  if (event.text.empty()) return;
  for (Call& call : calls_) {
    if (call.index == event.index) return add(call, event.text, out);
  }
}

void ResponsesCalls::add(Call& call, std::string_view text, std::string& out) {
  scratch_.clear();
  append_place(scratch_, call);
  events_.write(out,
                call.custom ? "response.custom_tool_call_input.delta"
                            : "response.function_call_arguments.delta",
                {scratch_, ",\"delta\":\"", text, "\""});
  call.arguments += text;
}

void ResponsesCalls::close(std::string_view status, std::string& items, std::string& out) {
  for (Call& call : calls_) close(call, status, items, out);
  calls_.clear();
}

void ResponsesCalls::close(Call& call, std::string_view status, std::string& items,
                           std::string& out) {
  // Clients parse the arguments of a call that has none.
  if (call.arguments.empty() && !call.custom) add(call, "{}", out);
  scratch_.clear();
  append_place(scratch_, call);
  if (call.custom) {
    events_.write(out, "response.custom_tool_call_input.done",
                  {scratch_, ",\"input\":\"", call.arguments, "\""});
  } else {
    events_.write(
        out, "response.function_call_arguments.done",
        {scratch_, ",\"name\":\"", call.name, "\",\"arguments\":\"", call.arguments, "\""});
  }
  if (!items.empty()) items += ',';
  const std::size_t begin = items.size();
  append_head(items, call);
  items.append("\"status\":\"").append(status);
  items.append(call.custom ? "\",\"input\":\"" : "\",\"arguments\":\"");
  items.append(call.arguments).append("\"}");
  events_.write(out, "response.output_item.done",
                {",\"output_index\":", fmt::format_int(call.item).c_str(),
                 ",\"item\":", std::string_view(items).substr(begin)});
}

}  // namespace tidegate::translation
