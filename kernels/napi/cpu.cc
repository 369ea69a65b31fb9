#include "src/base/cpu.h"

#include "module.h"

namespace cipherprune {

void registerCpu(Napi::Env env, Napi::Object exports) {
  exports.Set("detectedIsa", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                return Napi::Number::New(info.Env(), static_cast<int>(detectedIsa()));
              }));
  exports.Set("hasBfloat16", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                return Napi::Boolean::New(info.Env(), hasBfloat16());
              }));
  exports.Set("limitIsa", Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
                limitIsa(static_cast<Isa>(info[0].As<Napi::Number>().Int32Value()));
              }));
}

}  // namespace cipherprune
