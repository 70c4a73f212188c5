// The form that an answer was asked for, where its provider does not see to it: whether that is so,
// and the schema that the answer is then held against. Immutable, any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "protocol/dialect.h"
#include "schema/schema.h"
#include "translation/request.h"

namespace tidegate::translation {

struct AskedForm {
  schema::Schema schema;
  bool strict = false;      // an answer of another form is of no use to the client
  std::string_view member;  // of the client's request that asks for it
};

// Whether the request, written for `upstream`, asks for the form in words only. It is then on us to
// look whether the answer has it.
[[nodiscard]] bool is_asked_in_words(const ResponseFormat& format, Surface upstream,
                                     const protocol::DialectTable& dialect,
                                     std::string_view wire_model);

// Error invalid, or too_large: the schema is none that can be checked; `field` has its path in the
// words of the client's surface.
Result<std::shared_ptr<const AskedForm>> read_asked_form(const ResponseFormat& format,
                                                         Surface client);

// A chat request's response_format by itself, whose value is `json`. Its views point into `json`.
Result<ResponseFormat> read_response_format(std::string_view json);

}  // namespace tidegate::translation
