#include "parallel.h"

#ifdef __wasm__

namespace cipherprune {

/** One instance of WebAssembly has one thread. */
void splitWork(size_t, size_t count, const std::function<void(size_t, size_t)>& body) {
  for (size_t index = 0; index < count; index++) body(index, 0);
}
int parallelThreads() { return 1; }
void setParallelThreads(int) {}

}  // namespace cipherprune

#else

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace cipherprune {

namespace {

/**
 * What one call has to do. Who works on it takes indices from a counter; the caller waits for the last index that was taken, not for threads: one
 * that comes late, or that a busy machine puts aside between two indices, finds none left and touches nothing of the caller's.
 */
class Job {
 public:
  Job(size_t count, const std::function<void(size_t, size_t)>& body) : count(count), body(body) {}

  /** Takes indices until there are none. */
  void work(size_t worker) {
    for (size_t index = next++; index < count; index = next++) {
      if (!hasFailed) attempt(index, worker);
      if (++finished == count) {
        const std::lock_guard<std::mutex> lock(mutex);
        over.notify_one();
      }
    }
  }

  /** Returns when all indices are done, or throws what one of them threw. */
  void wait() {
    std::unique_lock<std::mutex> lock(mutex);
    over.wait(lock, [this] { return finished == count; });
    if (failure) std::rethrow_exception(failure);
  }

 private:
  void attempt(size_t index, size_t worker) {
    try {
      body(index, worker);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      if (!failure) failure = std::current_exception();
      hasFailed = true;
    }
  }

  const size_t count;
  /** The caller's: read while an index is not finished. */
  const std::function<void(size_t, size_t)>& body;
  std::atomic<size_t> next{0}, finished{0};
  std::atomic<bool> hasFailed{false};
  std::exception_ptr failure;
  std::mutex mutex;
  std::condition_variable over;
};

/** Callers that want more than so many helpers at once do the rest themselves. */
constexpr size_t kMostHelpers = 64;

/**
 * Threads that stay: starting one for each call cost a stack that is mapped, touched and given back each time, and what the allocator keeps
 * for a thread. Helpers that are awake take what calls offer; a call that is over takes back what nobody took. Leaked on purpose: threads outlive
 * static objects.
 */
class Helpers {
 public:
  static Helpers& instance() {
    static Helpers* helpers = new Helpers();
    return *helpers;
  }

  /** Works on the job here, and on so many other threads as far as there are some before it is over. */
  void run(size_t count, const std::shared_ptr<Job>& job) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      for (size_t worker = 1; worker <= count; worker++) offered.push_back({job, worker});
      while (started < kMostHelpers && idle < offered.size() && start()) started++, idle++;
    }
    for (size_t i = 0; i < count; i++) wake.notify_one();
    job->work(0);
    {
      const std::lock_guard<std::mutex> lock(mutex);
      offered.erase(std::remove_if(offered.begin(), offered.end(), [&](const Part& part) { return part.job == job; }), offered.end());
    }
    job->wait();
  }

 private:
  struct Part {
    std::shared_ptr<Job> job;
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
      Part part = std::move(offered.front());
      offered.pop_front();
      idle--;
      lock.unlock();
      part.job->work(part.worker);
      part.job.reset();
      lock.lock();
      idle++;
    }
  }

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Part> offered;
  /** Threads, and those of them that have nothing to do. */
  size_t started = 0, idle = 0;
};

constexpr int kMostThreads = 16;

int clamped(int threads) { return std::clamp(threads, 1, kMostThreads); }

std::atomic<int>& threadsOfParallelFor() {
  static std::atomic<int> threads{clamped(static_cast<int>(std::thread::hardware_concurrency()))};
  return threads;
}

}  // namespace

void splitWork(size_t threads, size_t count, const std::function<void(size_t, size_t)>& body) {
  threads = std::min(threads, count);
  if (threads > 1) {
    Helpers::instance().run(threads - 1, std::make_shared<Job>(count, body));
    return;
  }
  for (size_t index = 0; index < count; index++) body(index, 0);
}

int parallelThreads() { return threadsOfParallelFor(); }
void setParallelThreads(int threads) { threadsOfParallelFor() = clamped(threads); }

}  // namespace cipherprune

#endif
