// Float kernels of training: each part checks every argument's type and length, then calls src/float.
#include <algorithm>

#include "float-arguments.h"
#include "binding.h"
#include "src/base/parallel.h"

namespace cipherprune {

namespace {

double threadsCall(const Arguments&) { return parallelThreads(); }

void setThreadsCall(const Arguments& a) {
  setParallelThreads(static_cast<int>(std::min<int64_t>(a.integer(0, 1, int64_t{1} << 40), 1024)));
}

}  // namespace

void addFloat(Bindings& bindings) {
  bindings.add<threadsCall>("floatThreads");
  bindings.add<setThreadsCall>("setFloatThreads");
  addFloatProducts(bindings);
  addFloatCurves(bindings);
  addFloatLayerNorm(bindings);
  addFloatAttention(bindings);
  addFloatRows(bindings);
  addFloatOptimizer(bindings);
}

}  // namespace cipherprune
