// The contents of Responses items: texts, images, files.
// Used by responses_input.cpp alone. Pure functions, any thread.
#pragma once

#include "translation/request.h"
#include "translation/responses_fields.h"

namespace tidegate::translation {

// Appends the parts of a message's `content` or a call's `output` (`list` says which): a string or
// a list.
bool read_content(Fields& fields, Request& out, Place place, std::string_view list, bool in_result);

// "data:image/png;base64,AAAA" apart into media type and data; all else is a URL.
void read_url(std::string_view raw, Request& out, Part& part);

}  // namespace tidegate::translation
