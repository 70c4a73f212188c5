// libpq, which is loaded when a PostgreSQL store is first opened: a gateway on SQLite neither needs
// it nor pays for it. Functions by their own names, of version 14 or later; any thread.
#pragma once

#include <postgresql/libpq-fe.h>

namespace tidegate::store {

// clang-format off
#define TIDEGATE_PQ_FUNCTIONS(use) \
  use(PQconnectStartParams) use(PQconnectPoll) use(PQfinish) use(PQstatus) use(PQsocket) \
  use(PQerrorMessage) use(PQconnectionNeedsPassword) use(PQsetnonblocking) \
  use(PQsetNoticeProcessor) use(PQsendQuery) use(PQsendPrepare) use(PQsendQueryPrepared) \
  use(PQsetSingleRowMode) use(PQflush) use(PQconsumeInput) use(PQisBusy) use(PQgetResult) \
  use(PQclear) use(PQresultStatus) use(PQresultErrorField) use(PQresultErrorMessage) \
  use(PQcmdStatus) use(PQcmdTuples) use(PQntuples) use(PQgetisnull) use(PQgetvalue) \
  use(PQgetlength) use(PQenterPipelineMode) use(PQexitPipelineMode) use(PQpipelineSync) \
  use(PQconninfoParse) use(PQconninfoFree) use(PQfreemem)
// clang-format on

struct PostgresLibrary {
#define TIDEGATE_PQ_DECLARE(name) decltype(&::name) name = nullptr;
  TIDEGATE_PQ_FUNCTIONS(TIDEGATE_PQ_DECLARE)
#undef TIDEGATE_PQ_DECLARE
};

// Null: it is not installed, or too old.
const PostgresLibrary* postgres_library();

}  // namespace tidegate::store
