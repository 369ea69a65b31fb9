// Functions of one variable, and mixes of two.
#include "float-arguments.h"
#include "src/float/encoder-ops.h"

namespace cipherprune {

namespace {

using namespace float32;

void curveCall(FloatArguments& in) {
  const Curve curve = in.curve("curve");
  CurveArgs args = {};
  args.curve = &curve;
  args.x = in.anyFloats("x", args.size);
  args.y = in.floats("y", args.size);
  args.derivative = in.optionalFloats("derivative", args.size);
  applyCurve(args);
}

void mixCall(FloatArguments& in) {
  const Curve high = in.curve("high"), low = in.curve("low");
  const int64_t rows = in.size("rows"), columns = in.size("columns");
  const float* x = in.floats("x", in.product({rows, columns}));
  const float* rowHigh = in.floats("rowHigh", rows);
  mixRows({&high, &low, rows, columns, x, rowHigh, in.floats("y", in.product({rows, columns}))});
}

void mixGradCall(FloatArguments& in) {
  const Curve high = in.curve("high"), low = in.curve("low");
  const int64_t rows = in.size("rows"), columns = in.size("columns");
  const float* x = in.floats("x", in.product({rows, columns}));
  const float* rowHigh = in.floats("rowHigh", rows);
  const float* dy = in.floats("dy", in.product({rows, columns}));
  float* dx = in.floats("dx", in.product({rows, columns}));
  mixRowsGrad({&high, &low, rows, columns, x, rowHigh, dy, dx, in.floats("dRowHigh", rows)});
}

}  // namespace

void addFloatCurves(Bindings& bindings) {
  bindings.add<curveCall>("floatCurve");
  bindings.add<mixCall>("floatMix");
  bindings.add<mixGradCall>("floatMixGrad");
}

}  // namespace cipherprune
