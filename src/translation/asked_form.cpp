#include "translation/asked_form.h"

#include <fmt/format.h>

#include "json/checked_text.h"
#include "translation/chat_tools.h"
#include "translation/messages_model.h"
#include "translation/messages_settings_writer.h"

namespace tidegate::translation {
namespace {

using Kind = ResponseFormat::Kind;

struct Words {
  std::string_view member, schema;
};

Words words(Surface client) {
  switch (client) {
    case Surface::responses:
      return {"text.format", "text.format.schema"};
    case Surface::messages:
      return {"output_config.format", "output_config.format.schema"};
    case Surface::chat:
    case Surface::embeddings:
    case Surface::completions:
      break;
  }
  return {"response_format", "response_format.json_schema.schema"};
}

}  // namespace

bool is_asked_in_words(const ResponseFormat& format, Surface upstream,
                       const protocol::DialectTable& dialect, std::string_view wire_model) {
  switch (upstream) {
    case Surface::chat:
      return format.kind == Kind::json_schema && !dialect.json_schema;
    case Surface::messages:
      return messages::needs_instruction(format, dialect, messages::model_rules(wire_model));
    case Surface::responses:
    case Surface::embeddings:
    case Surface::completions:
      break;
  }
  return false;
}

Result<std::shared_ptr<const AskedForm>> read_asked_form(const ResponseFormat& format,
                                                         Surface client) {
  const bool any_object = format.kind == Kind::json_object;
  Result<schema::Schema> schema =
      schema::Schema::compile(any_object ? R"({"type":"object"})" : format.schema);
  const Words in = words(client);
  if (!schema) {
    // Not its own code: 413 would say that the request is too large.
    return fail(ErrorCode::invalid,
                fmt::format("{}{}: {}", in.schema, schema.error().field, schema.error().message),
                fmt::format("{}{}", in.schema, schema.error().field));
  }
  // Anthropic has no such member: what is asked for there is always held to.
  const bool strict = client == Surface::messages || format.strict.value_or(false);
  return std::make_shared<const AskedForm>(AskedForm{std::move(*schema), strict, in.member});
}

Result<ResponseFormat> read_response_format(std::string_view json) {
  const auto checked = json::check_text(json);
  if (!checked) return std::unexpected(checked.error());
  json::Reader reader(*checked);
  Request request;
  request.body = json;
  Walk walk(reader, request);
  if (read_chat_format(walk)) return request.format;
  return std::unexpected(reader.is_malformed() ? reader.error() : std::move(walk.error));
}

}  // namespace tidegate::translation
