#include "simulator/models.h"

#include "json/writer.h"

namespace tidegate::simulator {

std::string list_models(Provider provider) {
  std::string body;
  json::Writer json(body);
  json.begin_object().member("object", "list").key("data").begin_array();
  if (provider == Provider::deepseek) {
    for (const std::string_view name : kDeepseekModels) {
      json.begin_object().member("id", name).member("object", "model");
      json.member("owned_by", "deepseek").end_object();
    }
  } else {
    for (const std::string_view name : kOpenaiModels) {
      json.begin_object()
          .member("id", name)
          .member("object", "model")
          .member("created", 1776900000);
      json.member("owned_by", "openai").end_object();
    }
  }
  json.end_array().end_object();
  return body;
}

}  // namespace tidegate::simulator
