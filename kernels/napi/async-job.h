// Long work off JavaScript's thread: a promise, and the arguments kept alive until it settles.
#pragma once
#include <napi.h>

#include <utility>

#include "bindings/binding.h"

namespace cipherprune {

class AsyncJob : public Napi::AsyncWorker {
 public:
  static Napi::Value start(const Napi::CallbackInfo& info, Job work) {
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
  AsyncJob(const Napi::CallbackInfo& info, Job work)
      : Napi::AsyncWorker(info.Env()), deferred(Napi::Promise::Deferred::New(info.Env())), work(std::move(work)) {
    Napi::Array kept = Napi::Array::New(info.Env());
    uint32_t count = 0;
    for (size_t i = 0; i < info.Length(); i++) {
      kept.Set(count++, info[i]);
      // The fields of an object too: the object's owner may replace them while the job runs.
      if (!info[i].IsObject() || info[i].IsTypedArray()) continue;
      const Napi::Object fields = info[i].As<Napi::Object>();
      const Napi::Array names = fields.GetPropertyNames();
      for (uint32_t f = 0; f < names.Length(); f++) kept.Set(count++, fields.Get(names.Get(f)));
    }
    arguments = Napi::Persistent(kept.As<Napi::Object>());
  }

  Napi::Promise::Deferred deferred;
  Job work;
  Napi::ObjectReference arguments;
  double result = 0;
};

}  // namespace cipherprune
