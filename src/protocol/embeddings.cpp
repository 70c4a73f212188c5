#include "protocol/embeddings.h"

#include "protocol/completion_fields.h"

namespace tidegate::protocol {

Result<Answer> read_embeddings(std::string_view body) {
  const Result<CompletionFields> fields = read_completion(body);
  if (!fields || (fields->vectors == 0 && !fields->error))
    return fail(ErrorCode::invalid, "the provider sent something that is no list of embeddings");
  Answer answer;
  merge(*fields, body, answer);
  answer.content = fields->vectors != 0;
  return answer;
}

}  // namespace tidegate::protocol
