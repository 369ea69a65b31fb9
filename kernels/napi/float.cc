// Float kernels of training: each part checks every argument's type and length, then calls src/float.
#include <algorithm>

#include "float-arguments.h"
#include "module.h"
#include "src/base/parallel.h"

namespace cipherprune {

namespace {

Napi::Value threadsCall(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), parallelThreads()); }

void setThreadsCall(const Napi::CallbackInfo& info) {
  const int64_t threads = Arguments(info, "setFloatThreads").size("threads");
  setParallelThreads(static_cast<int>(std::min<int64_t>(threads, 1024)));
}

}  // namespace

void registerFloat(Napi::Env env, Napi::Object exports) {
  exports.Set("floatThreads", Napi::Function::New(env, threadsCall));
  exports.Set("setFloatThreads", Napi::Function::New(env, setThreadsCall));
  registerFloatProducts(env, exports);
  registerFloatCurves(env, exports);
  registerFloatLayerNorm(env, exports);
  registerFloatAttention(env, exports);
  registerFloatRows(env, exports);
  registerFloatOptimizer(env, exports);
}

}  // namespace cipherprune
