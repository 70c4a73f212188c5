// Block: one content block of the Messages surface as it is written, whatever its type; the members
// that it does not have are empty. Used by the readers of requests. Plain value; views into the
// body.
#pragma once

#include "translation/messages_walk.h"

namespace tidegate::translation::messages {

struct Source {
  std::string_view type, media_type, data, url, file_id;
  std::string_view content;  // JSON value
};

struct Block {
  std::string_view type, text, thinking, signature, data, id, name, tool_use_id, title;
  std::string_view input, content, citations, cache_control;  // JSON values
  std::string_view raw;                                       // the whole block
  bool is_error = false;
  bool has_context = false, has_source = false;
  Source source;
};

// Reads the block in turn. Wrong types of the members above are refused.
bool read_block(Walk& walk, const Where& where, Block& out);

// Adds what `block` is as a Part to `request`. Refuses what its type does not allow. Tool results
// add their content as parts of their own.
bool add_block(Walk& walk, const Where& where, const Block& block, Request& request);

}  // namespace tidegate::translation::messages
