#include "translation/codec.h"

namespace tidegate::translation {

const Codec& codec(Surface surface) {
  switch (surface) {
    case Surface::responses:
      return kResponsesCodec;
    case Surface::messages:
      return kMessagesCodec;
    default:
      break;
  }
  return kChatCodec;
}

}  // namespace tidegate::translation
