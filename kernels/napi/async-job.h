// Long work off JavaScript's thread: a promise, and the arguments kept alive until it settles.
#pragma once
#include <napi.h>

#include <functional>
#include <utility>

namespace cipherprune {

/** Resolves to what `work` returns. `work` must not touch JavaScript values, only memory of the arguments. */
class AsyncJob : public Napi::AsyncWorker {
 public:
  static Napi::Value start(const Napi::CallbackInfo& info, std::function<double()> work) {
    AsyncJob* job = new AsyncJob(info, std::move(work));
    const Napi::Promise promise = job->deferred.Promise();
    job->Queue();
    return promise;
  }

 protected:
  void Execute() override { result = work(); }
  void OnOK() override { deferred.Resolve(Napi::Number::New(Env(), result)); }
  void OnError(const Napi::Error& error) override { deferred.Reject(error.Value()); }

 private:
  AsyncJob(const Napi::CallbackInfo& info, std::function<double()> work)
      : Napi::AsyncWorker(info.Env()), deferred(Napi::Promise::Deferred::New(info.Env())), work(std::move(work)) {
    Napi::Array kept = Napi::Array::New(info.Env(), info.Length());
    for (size_t i = 0; i < info.Length(); i++) kept.Set(static_cast<uint32_t>(i), info[i]);
    arguments = Napi::Persistent(kept.As<Napi::Object>());
  }

  Napi::Promise::Deferred deferred;
  std::function<double()> work;
  Napi::ObjectReference arguments;
  double result = 0;
};

}  // namespace cipherprune
