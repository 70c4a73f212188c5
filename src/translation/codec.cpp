#include "translation/codec.h"

namespace tidegate::translation {

const Codec& codec(Surface surface) {
  switch (surface) {
    case Surface::responses:
      return kResponsesCodec;
    case Surface::messages:
      return kMessagesCodec;
    case Surface::chat:
      break;
  }
  return kChatCodec;
}

}  // namespace tidegate::translation
