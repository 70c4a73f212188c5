#include "translation/responses_stream_decoder.h"

#include <fmt/format.h>

#include <vector>

#include "base/text.h"
#include "translation/responses_answer.h"

namespace tidegate::translation {
namespace {

using json::Kind;

constexpr std::size_t kMostItems = 1024;

// The members of an event that any of them has.
struct Chunk {
  std::string_view type, delta, text;
  std::string_view item, response, annotation;  // JSON values
  std::uint32_t output_index = 0, summary_index = 0;
};

class ResponsesDecoder final : public StreamDecoder {
 public:
  Result<void> decode(std::string_view name, std::string_view data, EventSink& sink) override {
    data = trim(data);
    if (data.empty() || data == "[DONE]") return {};
    if (done_ || failed_) return fail(ErrorCode::invalid, "an event after the response's end");
    const auto checked = json::check_text(data);
    if (!checked) return std::unexpected(checked.error());
    json::Reader json(*checked);
    if (json.kind() != Kind::object) return fail(ErrorCode::invalid, "an event that is no object");
    Fields fields(json, data);
    Chunk chunk;
    if (!read(fields, chunk) || !json.finish()) return std::unexpected(fields.error());
    if (chunk.type.empty()) chunk.type = name;
    return tell(chunk, data, sink);
  }

  [[nodiscard]] bool done() const override { return done_; }

 private:
  static bool read(Fields& fields, Chunk& chunk) {
    json::Reader& json = fields.json;
    const auto index = [&](std::uint32_t& out) {
      std::string_view raw;
      if (json.kind() != Kind::number) return json.skip();
      if (!json.scalar(raw)) return false;
      out = static_cast<std::uint32_t>(std::min<Tokens>(token_count(raw), kMostItems));
      return true;
    };
    return json.object([&](std::string_view key) {
      if (json.kind() == Kind::string) {
        if (key == "type") return json.string(chunk.type);
        if (key == "delta") return json.string(chunk.delta);
        if (key == "text" || key == "refusal" || key == "arguments" || key == "input") {
          return json.string(chunk.text);
        }
        return json.skip();
      }
      if (key == "output_index") return index(chunk.output_index);
      if (key == "summary_index") return index(chunk.summary_index);
      if (key == "item") return fields.value(chunk.item);
      if (key == "response") return fields.value(chunk.response);
      if (key == "annotation") return fields.value(chunk.annotation);
      return json.skip();
    });
  }

  Result<void> tell(const Chunk& chunk, std::string_view data, EventSink& sink) {
    if (chunk.type == "error") return error(data, sink);
    std::string_view what = chunk.type;
    if (!what.starts_with("response.")) return {};
    what.remove_prefix(9);
    if (what == "output_text.delta") return say(chunk, Event::Kind::text, chunk.delta, sink);
    if (what == "reasoning_text.delta") return think(chunk, false, sink);
    if (what == "reasoning_summary_text.delta") return think(chunk, true, sink);
    if (what == "function_call_arguments.delta" || what == "custom_tool_call_input.delta") {
      return argue(chunk, chunk.delta, sink);
    }
    if (what == "function_call_arguments.done" || what == "custom_tool_call_input.done") {
      return finish_arguments(chunk, sink);
    }
    if (what == "refusal.delta") return say(chunk, Event::Kind::refusal, chunk.delta, sink);
    if (what == "output_item.added") return item(chunk, false, sink);
    if (what == "output_item.done") return item(chunk, true, sink);
    if (what == "output_text.annotation.added") return annotation(chunk, sink);
    if (what == "created" || what == "in_progress" || what == "queued") return begin(chunk, sink);
    if (what == "completed" || what == "incomplete" || what == "failed" || what == "cancelled") {
      return end(chunk, sink);
    }
    return {};
  }

  Result<void> begin(const Chunk& chunk, EventSink& sink) {
    if (started_) return {};
    ResponseObject response;
    if (auto read = response_of(chunk, response); !read) return read;
    start(response, sink);
    return {};
  }

  static Result<void> response_of(const Chunk& chunk, ResponseObject& response) {
    if (!chunk.response.starts_with('{')) {
      return fail(ErrorCode::invalid, fmt::format("{} without a response", chunk.type), "response");
    }
    json::Reader json = reader_of(chunk.response);
    Fields fields(json, chunk.response);
    if (!read_response_object(fields, response)) return std::unexpected(fields.error());
    return {};
  }

  void start(const ResponseObject& response, EventSink& sink) {
    if (started_) return;
    started_ = true;
    Event event;
    event.id = response.id;
    event.name = response.model;
    sink.take(event);
  }

  Result<ItemState*> state(const Chunk& chunk, EventSink& sink) {
    start({}, sink);
    if (chunk.output_index >= kMostItems) {
      return fail(ErrorCode::invalid, fmt::format("more than {} items in an answer", kMostItems),
                  "output_index");
    }
    if (chunk.output_index >= items_.size()) items_.resize(chunk.output_index + 1);
    return &items_[chunk.output_index];
  }

  Result<void> say(const Chunk& chunk, Event::Kind kind, std::string_view text, EventSink& sink) {
    auto item = state(chunk, sink);
    if (!item) return std::unexpected(item.error());
    if (text.empty()) return {};
    (*item)->said = true;
    Event event;
    event.kind = kind;
    event.text = text;
    sink.take(event);
    return {};
  }

  // Of an item that has both its text and a summary, what comes first.
  Result<void> think(const Chunk& chunk, bool summary, EventSink& sink) {
    auto found = state(chunk, sink);
    if (!found) return std::unexpected(found.error());
    ItemState& item = **found;
    if (chunk.delta.empty() || (item.said && item.summary != summary)) return {};
    Event event;
    event.kind = Event::Kind::reasoning;
    event.seal = summary ? Seal::openai_encrypted : Seal::none;
    if (summary && item.said && chunk.summary_index != summary_index_) {
      event.text = "\\n\\n";
      sink.take(event);
    }
    summary_index_ = chunk.summary_index;
    item.said = true;
    item.summary = summary;
    event.text = chunk.delta;
    sink.take(event);
    return {};
  }

  Result<void> argue(const Chunk& chunk, std::string_view text, EventSink& sink) {
    auto item = state(chunk, sink);
    if (!item) return std::unexpected(item.error());
    if ((*item)->kind != ItemState::Kind::call) {
      return fail(ErrorCode::invalid, fmt::format("{} for an item that is no call", chunk.type),
                  "output_index");
    }
    if (text.empty()) return {};
    (*item)->said = true;
    Event event;
    event.kind = Event::Kind::tool_arguments;
    event.index = (*item)->index;
    event.text = text;
    sink.take(event);
    return {};
  }

  Result<void> finish_arguments(const Chunk& chunk, EventSink& sink) {
    auto item = state(chunk, sink);
    if (!item) return std::unexpected(item.error());
    return argue(chunk, (*item)->said ? std::string_view() : chunk.text, sink);
  }

  Result<void> item(const Chunk& chunk, bool whole, EventSink& sink) {
    auto found = state(chunk, sink);
    if (!found) return std::unexpected(found.error());
    if (!chunk.item.starts_with('{')) {
      return fail(ErrorCode::invalid, fmt::format("{} without an item", chunk.type), "item");
    }
    json::Reader json = reader_of(chunk.item);
    Fields fields(json, chunk.item);
    OutputItem read;
    if (!read_output_item(fields, read)) return std::unexpected(fields.error());
    any_item_ = true;
    whole ? tell_item(read, **found, calls_, sink) : begin_item(read, **found, calls_, sink);
    return {};
  }

  Result<void> annotation(const Chunk& chunk, EventSink& sink) {
    if (chunk.annotation.empty()) return {};
    Event event;
    event.kind = Event::Kind::citation;
    event.text = chunk.annotation;
    event.name = protocol::name(Surface::responses);
    sink.take(event);
    return {};
  }

  Result<void> end(const Chunk& chunk, EventSink& sink) {
    ResponseObject response;
    if (auto read = response_of(chunk, response); !read) return read;
    start(response, sink);
    if (response.status.empty()) response.status = chunk.type.substr(9);
    // Some send nothing but the end.
    if (!any_item_ && items_.empty() && !response.output.empty()) {
      if (auto told = tell_output(response.output, calls_, sink); !told) return told;
    }
    done_ = tell_end(response, calls_, sink);
    failed_ = !done_;
    return {};
  }

  Result<void> error(std::string_view data, EventSink& sink) {
    failed_ = true;
    Event event;
    event.kind = Event::Kind::error;
    event.text = data;
    sink.take(event);
    return {};
  }

  std::vector<ItemState> items_;  // by output_index
  std::uint32_t calls_ = 0;
  std::uint32_t summary_index_ = 0;
  bool started_ = false, any_item_ = false, done_ = false, failed_ = false;
};

}  // namespace

std::unique_ptr<StreamDecoder> make_responses_decoder(const protocol::DialectTable& /*dialect*/) {
  return std::make_unique<ResponsesDecoder>();
}

}  // namespace tidegate::translation
