// SPDX-License-Identifier: Apache-2.0
//
// Signals are blocked everywhere and taken by one thread, which may lock and call what a handler
// may not.
#include "stop.hpp"

#include <csignal>
#include <thread>
#include <unistd.h>
#include <utility>

namespace cli {

Stop::Stop() {
  sigset_t ends;
  ::sigemptyset(&ends);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    struct sigaction now {};
    ::sigaction(number, nullptr, &now);
    if (now.sa_handler != SIG_IGN) ::sigaddset(&ends, number);  // nohup stays nohup.
  }
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::thread([this, ends] {
    int number = 0;
    while (::sigwait(&ends, &number) == 0) handle(number);
  }).detach();
}

void Stop::handle(int number) {
  const std::lock_guard lock(mutex_);
  if (!cooperative_ || asked()) ::_exit(128 + number);
  signal_ = number;
  if (wake_) wake_();
}

Stop::Scope::Scope(Stop& stop, std::function<void()> wake) : stop_(stop) {
  const std::lock_guard lock(stop_.mutex_);
  stop_.cooperative_ = true;
  stop_.wake_ = std::move(wake);
}

Stop::Scope::~Scope() {
  const std::lock_guard lock(stop_.mutex_);
  stop_.cooperative_ = false;
  stop_.wake_ = {};
}

}  // namespace cli
