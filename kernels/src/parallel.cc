#include "src/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace cipherprune {

namespace {

constexpr int kMostThreads = 16;

/** One job at a time: workers take indices from a shared counter. Leaked on purpose: threads outlive static objects. */
class Pool {
 public:
  static Pool& instance() {
    static Pool* pool = new Pool();
    return *pool;
  }

  void run(int64_t count, Task task, void* context) {
    const int helpers = static_cast<int>(std::min<int64_t>(threads_ - 1, count - 1));
    if (helpers <= 0) {
      for (int64_t i = 0; i < count; i++) task(context, i);
      return;
    }
    std::lock_guard<std::mutex> oneJob(job_);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      while (started_ < helpers) std::thread([this, id = started_++] { work(id); }).detach();
      task_ = task;
      context_ = context;
      count_ = count;
      next_.store(0);
      active_ = helpers;
      wanted_ = helpers;
      generation_++;
    }
    wake_.notify_all();
    drain(task, context, count);
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return active_ == 0; });
  }

  void setThreads(int threads) { threads_ = std::clamp(threads, 1, kMostThreads); }
  int threads() const { return threads_; }

 private:
  Pool() { setThreads(static_cast<int>(std::thread::hardware_concurrency())); }

  void drain(Task task, void* context, int64_t count) {
    for (int64_t i = next_.fetch_add(1); i < count; i = next_.fetch_add(1)) task(context, i);
  }

  void work(int id) {
    uint64_t seen = 0;
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this, &seen] { return generation_ != seen; });
      seen = generation_;
      if (id >= wanted_) continue;
      const Task task = task_;
      void* const context = context_;
      const int64_t count = count_;
      lock.unlock();
      drain(task, context, count);
      lock.lock();
      if (--active_ == 0) done_.notify_one();
    }
  }

  std::mutex job_, mutex_;
  std::condition_variable wake_, done_;
  std::atomic<int64_t> next_{0};
  std::atomic<int> threads_{1};
  Task task_ = nullptr;
  void* context_ = nullptr;
  int64_t count_ = 0;
  int started_ = 0, active_ = 0, wanted_ = 0;
  uint64_t generation_ = 0;
};

}  // namespace

int parallelThreads() { return Pool::instance().threads(); }
void setParallelThreads(int threads) { Pool::instance().setThreads(threads); }
void parallelForRaw(int64_t count, Task task, void* context) { Pool::instance().run(count, task, context); }

}  // namespace cipherprune
