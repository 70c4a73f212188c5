// Answers of the Responses surface as they come from a provider: the response object, whole or at a
// stream's end, and its output items. Used by the stream decoder and for whole answers. Pure
// functions, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "protocol/dialect.h"
#include "translation/event.h"
#include "translation/responses_fields.h"

namespace tidegate::translation {

// Views are raw strings, or JSON values where it is said.
struct ResponseObject {
  std::string_view id, model, status, incomplete_reason;
  std::string_view error;   // JSON value; empty: none
  std::string_view output;  // JSON value, an array; empty: there is none
  std::optional<Usage> usage;
};
bool read_response_object(Fields& fields, ResponseObject& out);

struct OutputItem {
  std::string_view type, id, call_id, name, arguments, input, encrypted_content;
  std::string_view content, summary;  // JSON values, arrays
};
bool read_output_item(Fields& fields, OutputItem& out);

// What has been told of an item.
struct ItemState {
  enum class Kind : std::uint8_t { unknown, message, reasoning, call, other };
  Kind kind = Kind::unknown;
  bool said = false;        // some of its text or arguments
  bool summary = false;     // of reasoning: that was the summary
  std::uint32_t index = 0;  // of a call among the calls
};

// Tells what has not been told of an item: of a whole answer all of it, at the end of a streamed
// item its proof. `calls` counts the calls that began.
void tell_item(const OutputItem& item, ItemState& state, std::uint32_t& calls, EventSink& sink);
void begin_item(const OutputItem& item, ItemState& state, std::uint32_t& calls, EventSink& sink);

// Tells all items of a response's output. Error invalid where one is malformed.
Result<void> tell_output(std::string_view output, std::uint32_t& calls, EventSink& sink);

// Finish, usage and done, or the error with which the response failed. True for the former.
bool tell_end(const ResponseObject& response, std::uint32_t calls, EventSink& sink);

Result<void> read_responses_answer(std::string_view body, const protocol::DialectTable& dialect,
                                   EventSink& sink);

}  // namespace tidegate::translation
