#include "gateway/count_tokens.h"

#include "gateway/pipeline.h"
#include "gateway/understand.h"
#include "translation/messages_count.h"

namespace tidegate::gateway {

Task<void> count_tokens(http::Exchange& exchange, WorkerState& worker, Caller caller) {
  const protocol::Surface surface = protocol::Surface::messages;
  const std::shared_ptr<const Snapshot> snapshot = worker.snapshot;
  const Asked asked{surface,
                    exchange.head().headers,
                    exchange.head().shape,
                    exchange.body(),
                    exchange.received(),
                    worker.loop.now(),
                    caller,
                    true};
  Understanding understood;
  const Result<void> good = understand(*snapshot, worker.shared, worker.memos, asked, understood);
  if (!good) {
    co_await answer_error(exchange, worker, surface, good.error(), {});
    co_return;
  }
  const routing::Target& target = *understood.decision.targets().front();
  const workload::TokenWeights weights = snapshot->runtime(target).calibration->weights();
  const workload::TokenSample sample = workload::sample_of(understood.question->conversation);
  const std::string body = translation::messages_count(workload::estimate_tokens(sample, weights));
  co_await exchange.respond(
      200, "Content-Type: application/json\r\nx-tidegate-notes: estimated\r\n", body);
}

}  // namespace tidegate::gateway
