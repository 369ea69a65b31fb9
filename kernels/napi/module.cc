// The addon: every binding as a function of Node, and what only a process has.
#include <napi.h>

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

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

/** Gives back what keepFreedMemory() keeps, where the C library is told to keep it. */
static void returnFreedMemory(const Napi::CallbackInfo&) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  keepFreedMemory();
  for (const Binding& binding : allBindings().all())
    exports.Set(binding.name, Napi::Function::New(env, call, binding.name, const_cast<Binding*>(&binding)));
  // No kernel: it is not among those that a program lists.
  exports.DefineProperty(Napi::PropertyDescriptor::Function(env, exports, "returnFreedMemory", returnFreedMemory));
  return exports;
}

NODE_API_MODULE(cipherprune, init)

}  // namespace cipherprune
