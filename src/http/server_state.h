// What a Server keeps per worker. Private to server.cpp and server_connection.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/head_memo.h"
#include "http/server.h"
#include "loop/task_group.h"

namespace tidegate::http {

class ServerConnection;

struct Server::PerWorker : std::enable_shared_from_this<PerWorker> {
  PerWorker(Server& owner, Worker& runs_on, std::size_t number)
      : server(owner), worker(runs_on), index(number) {}

  Server& server;
  Worker& worker;
  const std::size_t index;
  TaskGroup tasks;
  ServerConnection* first = nullptr;  // open connections
  HeadMemo heads;
  std::string date_line;  // "Date: ...\r\n", made once a second
  std::int64_t date_second = -1;

  void add(int fd);
  std::string_view date(WallTime now);
  void close_idle();
  void abort_all();
};

}  // namespace tidegate::http
