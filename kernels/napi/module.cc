// The addon: every binding as a function of Node.
#include <napi.h>

#include "async-job.h"
#include "bindings/binding.h"
#include "src/base/allocator.h"

namespace cipherprune {

static Napi::Value call(const Napi::CallbackInfo& info) {
  const Binding& binding = *static_cast<const Binding*>(info.Data());
  Outcome outcome = binding.invoke(Call(info), binding.name);
  switch (outcome.kind) {
    case Outcome::Kind::number: return Napi::Number::New(info.Env(), outcome.number);
    case Outcome::Kind::flag: return Napi::Boolean::New(info.Env(), outcome.number != 0);
    case Outcome::Kind::job: return AsyncJob::start(info, std::move(outcome.job));
    default: return info.Env().Undefined();
  }
}

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  keepFreedMemory();
  for (const Binding& binding : allBindings().all())
    exports.Set(binding.name, Napi::Function::New(env, call, binding.name, const_cast<Binding*>(&binding)));
  return exports;
}

NODE_API_MODULE(cipherprune, init)

}  // namespace cipherprune
