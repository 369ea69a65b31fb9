// Matrix products, sums, and operations on pairs of tensors.
#include "float-arguments.h"
#include "src/float/encoder-ops.h"
#include "src/float/gemm.h"

namespace cipherprune {

namespace {

using namespace float32;

void gemmCall(FloatArguments& in) {
  Gemm g = {};
  g.transposeA = in.flag("transposeA");
  g.transposeB = in.flag("transposeB");
  g.m = in.size("m");
  g.n = in.size("n");
  g.k = in.size("k");
  // The lengths depend on the batch, which comes last; so arrays are taken first and checked after.
  int64_t lengthA, lengthB, lengthC;
  g.a = in.anyFloats("a", lengthA);
  g.b = in.anyFloats("b", lengthB);
  g.c = in.anyFloats("c", lengthC);
  g.bias = in.optionalFloats("bias", g.n);
  g.accumulate = in.flag("accumulate");
  const int64_t batch = in.size("batch");
  const bool strideA = in.flag("strideA"), strideB = in.flag("strideB");
  g.bfloat16 = in.flag("bfloat16");
  if (lengthA != in.product({g.m, g.k, strideA ? batch : 1}) || lengthB != in.product({g.k, g.n, strideB ? batch : 1}) ||
      lengthC != in.product({g.m, g.n, batch}))
    in.fail("a, b, c", "m·k, k·n and m·n numbers (times the batch), got " + std::to_string(lengthA) + ", " +
                           std::to_string(lengthB) + ", " + std::to_string(lengthC));
  batchGemm(g, batch, strideA, strideB);
}

void columnSumsCall(FloatArguments& in) {
  int64_t length;
  const float* x = in.anyFloats("x", length);
  const int64_t rows = in.size("rows"), columns = in.size("columns");
  if (length != in.product({rows, columns})) in.fail("x", "rows · columns numbers");
  columnSums(x, rows, columns, in.floats("out", columns));
}

double sumOfSquaresCall(FloatArguments& in) {
  int64_t length;
  const float* x = in.anyFloats("x", length);
  return sumOfSquares(x, length);
}

template <void (*body)(const PairArgs&)>
void pairCall(FloatArguments& in) {
  PairArgs args = {};
  args.x = in.anyFloats("x", args.size);
  args.y = in.floats("y", args.size);
  args.out = in.floats("out", args.size);
  body(args);
}

}  // namespace

void addFloatProducts(Bindings& bindings) {
  bindings.add<gemmCall>("floatGemm");
  bindings.add<columnSumsCall>("floatColumnSums");
  bindings.add<sumOfSquaresCall>("floatSumOfSquares");
  bindings.add<pairCall<addPairs>>("floatAdd");
  bindings.add<pairCall<multiplyPairs>>("floatMultiply");
}

}  // namespace cipherprune
