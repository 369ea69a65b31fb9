#include "threads.h"

#ifndef __wasm__
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#endif

namespace cipherprune {

#ifdef __wasm__

/** One instance of WebAssembly has one thread. */
void splitWork(size_t, size_t count, const std::function<void(size_t, size_t)>& body) {
  for (size_t index = 0; index < count; index++) body(index, 0);
}

#else

namespace {

/** Callers that want more than so many helpers at once do the rest themselves. */
constexpr size_t mostHelpers = 64;

/**
 * Threads that stay: starting one for each call cost a stack that is mapped, touched and given back each time, and what the allocator keeps
 * for a thread. Helpers that are awake take what calls offer; a call that is over takes back what nobody took, so it never waits for one that
 * sleeps. Leaked on purpose: threads outlive static objects.
 */
class Helpers {
 public:
  static Helpers& instance() {
    static Helpers* helpers = new Helpers();
    return *helpers;
  }

  /** Runs work(0) here and work(1) ... work(helpers) on other threads as far as there are some before work(0) is over; returns when all are. */
  void run(size_t helpers, const std::function<void(size_t)>& work) {
    Offer offer{work};
    {
      const std::lock_guard<std::mutex> lock(mutex);
      for (size_t worker = 1; worker <= helpers; worker++) offered.push_back({&offer, worker});
      while (started < mostHelpers && idle < offered.size() && start()) started++, idle++;
    }
    for (size_t i = 0; i < helpers; i++) wake.notify_one();
    work(0);
    std::unique_lock<std::mutex> lock(mutex);
    offered.erase(std::remove_if(offered.begin(), offered.end(), [&](const Part& part) { return part.offer == &offer; }), offered.end());
    done.wait(lock, [&] { return offer.running == 0; });
  }

 private:
  struct Offer {
    const std::function<void(size_t)>& work;
    size_t running = 0;
  };
  struct Part {
    Offer* offer;
    size_t worker;
  };

  /** False where the system gives no more: those that there are do the work, in the end the caller. */
  bool start() {
    try {
      std::thread([this] { help(); }).detach();
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }

  void help() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return !offered.empty(); });
      const Part part = offered.front();
      offered.pop_front();
      part.offer->running++;
      idle--;
      lock.unlock();
      part.offer->work(part.worker);
      lock.lock();
      idle++;
      if (--part.offer->running == 0) done.notify_all();
    }
  }

  std::mutex mutex;
  std::condition_variable wake, done;
  std::deque<Part> offered;
  /** Threads, and those of them that have nothing to do. */
  size_t started = 0, idle = 0;
};

}  // namespace

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
  if (threads > 1)
    Helpers::instance().run(threads - 1, work);
  else
    work(0);
  if (failure) std::rethrow_exception(failure);
}

#endif

}  // namespace cipherprune
