#include "module.h"
#include "src/base/allocator.h"

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  cipherprune::keepFreedMemory();
  cipherprune::registerCpu(env, exports);
  cipherprune::registerNtt(env, exports);
  cipherprune::registerRlwe(env, exports);
  cipherprune::registerPrg(env, exports);
  cipherprune::registerOt(env, exports);
  cipherprune::registerFerret(env, exports);
  cipherprune::registerFloat(env, exports);
  cipherprune::registerRing(env, exports);
  cipherprune::registerSeedMatrix(env, exports);
  cipherprune::registerLeaf(env, exports);
  return exports;
}

NODE_API_MODULE(cipherprune, init)
