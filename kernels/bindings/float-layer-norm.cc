// LayerNorm with dropout, residual and row weights.
#include "float-arguments.h"
#include "src/float/encoder-ops.h"

namespace cipherprune {

namespace {

using namespace float32;

void layerNormCall(FloatArguments& in) {
  LayerNormArgs a = {};
  a.rows = in.size("rows");
  a.columns = in.size("columns");
  a.x = in.floats("x", in.product({a.rows, a.columns}));
  a.residual = in.optionalFloats("residual", in.product({a.rows, a.columns}));
  a.gamma = in.floats("gamma", a.columns);
  a.beta = in.floats("beta", a.columns);
  a.rowWeight = in.optionalFloats("rowWeight", a.rows);
  a.epsilon = in.rate("epsilon");
  a.inputDropout = in.rate("inputDropout");
  a.outputDropout = in.rate("outputDropout");
  a.seed = in.seed("seed");
  a.y = in.floats("y", in.product({a.rows, a.columns}));
  a.normalized = in.floats("normalized", in.product({a.rows, a.columns}));
  a.inverseDeviation = in.floats("inverseDeviation", a.rows);
  layerNorm(a);
}

void layerNormGradCall(FloatArguments& in) {
  LayerNormGradArgs a = {};
  a.rows = in.size("rows");
  a.columns = in.size("columns");
  a.dy = in.floats("dy", in.product({a.rows, a.columns}));
  a.normalized = in.floats("normalized", in.product({a.rows, a.columns}));
  a.inverseDeviation = in.floats("inverseDeviation", a.rows);
  a.gamma = in.floats("gamma", a.columns);
  a.beta = in.floats("beta", a.columns);
  a.rowWeight = in.optionalFloats("rowWeight", a.rows);
  a.inputDropout = in.rate("inputDropout");
  a.outputDropout = in.rate("outputDropout");
  a.seed = in.seed("seed");
  a.dx = in.floats("dx", in.product({a.rows, a.columns}));
  a.dResidual = in.floats("dResidual", in.product({a.rows, a.columns}));
  a.dGamma = in.floats("dGamma", a.columns);
  a.dBeta = in.floats("dBeta", a.columns);
  a.dRowWeight = in.optionalFloats("dRowWeight", a.rows);
  layerNormGrad(a);
}

}  // namespace

void addFloatLayerNorm(Bindings& bindings) {
  bindings.add<layerNormCall>("floatLayerNorm");
  bindings.add<layerNormGradCall>("floatLayerNormGrad");
}

}  // namespace cipherprune
