// The native surface by area: each napi/<area>.cc adds its functions to the exports. Buffers in, buffers out.
#pragma once
#include <napi.h>

namespace cipherprune {
void registerCpu(Napi::Env env, Napi::Object exports);
void registerNtt(Napi::Env env, Napi::Object exports);
void registerRlwe(Napi::Env env, Napi::Object exports);
void registerPrg(Napi::Env env, Napi::Object exports);
void registerOt(Napi::Env env, Napi::Object exports);
void registerFerret(Napi::Env env, Napi::Object exports);
void registerFloat(Napi::Env env, Napi::Object exports);
void registerRing(Napi::Env env, Napi::Object exports);
void registerSeedMatrix(Napi::Env env, Napi::Object exports);
void registerLeaf(Napi::Env env, Napi::Object exports);
}
