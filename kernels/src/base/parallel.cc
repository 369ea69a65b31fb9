#include "parallel.h"

#ifdef __wasm__

namespace cipherprune {

/** One instance of WebAssembly has one thread. */
int parallelThreads() { return 1; }
void setParallelThreads(int) {}
void parallelForRaw(int64_t count, Task task, void* context) {
  for (int64_t i = 0; i < count; i++) task(context, i);
}

}  // namespace cipherprune

#else

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace cipherprune {

namespace {

constexpr int kMostThreads = 16;

/**
 * One job at a time: the caller and the workers take indices from a counter that also holds the job's number, so that a
 * worker that wakes up late finds nothing to do instead of touching a job that is over. The caller waits for tasks, not for
 * workers: on a busy machine a sleeping worker costs nothing. Leaked on purpose: threads outlive static objects.
 */
class Pool {
 public:
  static Pool& instance() {
    static Pool* pool = new Pool();
    return *pool;
  }

  void run(int64_t count, Task task, void* context) {
    const int helpers = static_cast<int>(std::min<int64_t>(threads_ - 1, count - 1));
    if (helpers <= 0 || count >= kMostTasks || isBusy_.exchange(true)) {
      for (int64_t i = 0; i < count; i++) task(context, i);
      return;
    }
    Job job{task, context, count, 0};
    {
      std::lock_guard<std::mutex> lock(mutex_);
      while (started_ < helpers) std::thread([this, id = started_++] { work(id); }).detach();
      job.number = ++number_;
      job_ = job;
      finished_.store(0);
      next_.store(job.number << kIndexBits);
      wanted_ = helpers;
    }
    wake_.notify_all();
    drain(job);
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this, count] { return finished_.load() == count; });
    isBusy_.store(false);
  }

  void setThreads(int threads) { threads_ = std::clamp(threads, 1, kMostThreads); }
  int threads() const { return threads_; }

 private:
  static constexpr int kIndexBits = 32;
  static constexpr int64_t kMostTasks = int64_t{1} << 31;

  struct Job {
    Task task;
    void* context;
    int64_t count;
    uint64_t number;
  };

  Pool() { setThreads(static_cast<int>(std::thread::hardware_concurrency())); }

  /** The next index of a job, or its count if none is left or another job has begun. */
  int64_t take(const Job& job) {
    uint64_t next = next_.load();
    for (;;) {
      const int64_t index = static_cast<int64_t>(next & 0xffffffffu);
      if (next >> kIndexBits != (job.number & 0xffffffffu) || index >= job.count) return job.count;
      if (next_.compare_exchange_weak(next, next + 1)) return index;
    }
  }

  void drain(const Job& job) {
    for (int64_t i = take(job); i < job.count; i = take(job)) {
      job.task(job.context, i);
      if (finished_.fetch_add(1) + 1 == job.count) {
        std::lock_guard<std::mutex> lock(mutex_);
        done_.notify_one();
      }
    }
  }

  void work(int id) {
    uint64_t seen = 0;
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this, &seen] { return number_ != seen; });
      seen = number_;
      const Job job = job_;
      const bool wanted = id < wanted_;
      lock.unlock();
      if (wanted) drain(job);
    }
  }

  std::mutex mutex_;
  std::atomic<bool> isBusy_{false};
  std::condition_variable wake_, done_;
  std::atomic<uint64_t> next_{0};
  std::atomic<int64_t> finished_{0};
  std::atomic<int> threads_{1};
  Job job_ = {};
  uint64_t number_ = 0;
  int started_ = 0, wanted_ = 0;
};

}  // namespace

int parallelThreads() { return Pool::instance().threads(); }
void setParallelThreads(int threads) { Pool::instance().setThreads(threads); }
void parallelForRaw(int64_t count, Task task, void* context) { Pool::instance().run(count, task, context); }

}  // namespace cipherprune

#endif
