#include "threads.h"

#ifndef __wasm__
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>
#endif

namespace cipherprune {

#ifdef __wasm__

/** One instance of WebAssembly has one thread. */
void splitWork(size_t, size_t count, const std::function<void(size_t, size_t)>& body) {
  for (size_t index = 0; index < count; index++) body(index, 0);
}

#else

void splitWork(size_t threads, size_t count, const std::function<void(size_t, size_t)>& body) {
  if (threads > count) threads = count;
  std::atomic<size_t> next{0};
  std::exception_ptr failure;
  std::mutex failureLock;
  const auto work = [&](size_t worker) {
    try {
      for (size_t index = next++; index < count; index = next++) body(index, worker);
    } catch (...) {
      next = count;
      const std::lock_guard<std::mutex> lock(failureLock);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> helpers;
  for (size_t worker = 1; worker < threads; worker++) helpers.emplace_back(work, worker);
  work(0);
  for (std::thread& helper : helpers) helper.join();
  if (failure) std::rethrow_exception(failure);
}

#endif

}  // namespace cipherprune
