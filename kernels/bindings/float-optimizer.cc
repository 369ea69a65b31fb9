// AdamW, of whole tensors and of rows.
#include "float-arguments.h"
#include "src/float/encoder-ops.h"

namespace cipherprune {

namespace {

using namespace float32;

/** The numbers that end both calls of AdamW. */
void adamWNumbers(FloatArguments& in, AdamWArgs& a) {
  a.gradientScale = in.rate("gradientScale");
  a.rate = in.rate("rate");
  a.beta1 = in.rate("beta1");
  a.beta2 = in.rate("beta2");
  a.epsilon = in.rate("epsilon");
  a.decay = in.rate("decay");
  a.correction1 = in.rate("correction1");
  a.correction2 = in.rate("correction2");
}

void adamWCall(FloatArguments& in) {
  AdamWArgs a = {};
  a.parameter = in.anyFloats("parameter", a.size);
  a.mean = in.floats("mean", a.size);
  a.square = in.floats("square", a.size);
  a.gradient = in.floats("gradient", a.size);
  adamWNumbers(in, a);
  adamW(a);
}

void adamWRowsCall(FloatArguments& in) {
  AdamWArgs a = {};
  const int64_t columns = in.size("columns"), count = in.size("count");
  int64_t tableRows;
  a.parameter = in.table("parameter", columns, tableRows);
  a.mean = in.floats("mean", in.product({tableRows, columns}));
  a.square = in.floats("square", in.product({tableRows, columns}));
  const int32_t* rows = in.uncheckedRows("rows", count);
  in.checkRows("rows", rows, count, tableRows);
  a.gradient = in.floats("gradient", in.product({count, columns}));
  adamWNumbers(in, a);
  adamWRows(a, rows, count, columns);
}

}  // namespace

void addFloatOptimizer(Bindings& bindings) {
  bindings.add<adamWCall>("floatAdamW");
  bindings.add<adamWRowsCall>("floatAdamWRows");
}

}  // namespace cipherprune
