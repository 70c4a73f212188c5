// Reads the array `messages` of a chat request into turns and parts. Used by chat_request.cpp
// alone; returns false with `walk.error` set, or with the reader's own error when it is malformed.
#pragma once

#include "translation/chat_walk.h"

namespace tidegate::translation {

bool read_chat_messages(Walk& walk);

}  // namespace tidegate::translation
