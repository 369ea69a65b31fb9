// Float kernels of training: checks every argument's type and length, then calls src/float.
#include <string>

#include "napi/module.h"
#include "src/float/embedding.h"
#include "src/float/encoder-ops.h"
#include "src/float/gemm.h"
#include "src/parallel.h"

namespace cipherprune {

namespace {

using namespace float32;

/** Reads the arguments of one call in order. */
class Arguments {
 public:
  Arguments(const Napi::CallbackInfo& info, const char* name) : info_(info), name_(name) {}

  int64_t size(const char* what, int64_t least = 1) {
    const double value = number(what);
    if (value < least || value > 9007199254740991.0 || value != static_cast<double>(static_cast<int64_t>(value)))
      fail(what, "an integer of at least " + std::to_string(least));
    return static_cast<int64_t>(value);
  }

  double number(const char* what) {
    const Napi::Value value = info_[next_++];
    if (!value.IsNumber()) fail(what, "a number");
    return value.As<Napi::Number>().DoubleValue();
  }

  bool flag(const char* what) {
    const Napi::Value value = info_[next_++];
    if (!value.IsBoolean()) fail(what, "a boolean");
    return value.As<Napi::Boolean>().Value();
  }

  float* floats(const char* what, int64_t length) {
    return typed<float>(info_[next_++], what, length, napi_float32_array, "a Float32Array");
  }

  float* optionalFloats(const char* what, int64_t length) {
    if (info_[next_].IsNull()) {
      next_++;
      return nullptr;
    }
    return floats(what, length);
  }

  /** A Float32Array of any length, told through `length`. */
  float* anyFloats(const char* what, int64_t& length) {
    const Napi::Value value = info_[next_++];
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array)
      fail(what, "a Float32Array");
    length = static_cast<int64_t>(value.As<Napi::TypedArray>().ElementLength());
    return value.As<Napi::Float32Array>().Data();
  }

  /** Row numbers before the table that they point into is known. */
  const int32_t* uncheckedRows(const char* what, int64_t length) {
    return typed<int32_t>(info_[next_++], what, length, napi_int32_array, "an Int32Array");
  }

  void checkRows(const char* what, const int32_t* data, int64_t length, int64_t limit) {
    for (int64_t i = 0; i < length; i++)
      if (data[i] < 0 || data[i] >= limit) fail(what, "row numbers below " + std::to_string(limit));
  }

  Curve curve(const char* what) {
    const Napi::Value value = info_[next_++];
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array)
      fail(what, "a Float64Array");
    const Napi::Float64Array array = value.As<Napi::Float64Array>();
    const size_t length = array.ElementLength();
    const double* data = array.Data();
    if (length < 4 || data[0] < 0 || data[0] > 3) fail(what, "a curve");
    Curve curve = {};
    curve.kind = static_cast<CurveKind>(static_cast<int>(data[0]));
    if (curve.kind != CurveKind::polynomial) return curve;
    if (!(data[1] >= 0 && data[1] <= 16 && data[2] >= 1 && data[2] <= kMostSegments && data[3] >= 0 &&
          data[3] <= kMostDegree))
      fail(what, "a curve of at most 6 segments and degree 12");
    curve.squarings = static_cast<int>(data[1]);
    curve.segments = static_cast<int>(data[2]);
    curve.degree = static_cast<int>(data[3]);
    if (length != 4 + static_cast<size_t>(curve.segments - 1 + curve.segments * (curve.degree + 1)))
      fail(what, "as many numbers as its head says");
    const double* rest = data + 4;
    for (int s = 0; s + 1 < curve.segments; s++) curve.bounds[s] = static_cast<float>(*rest++);
    for (int s = 0; s < curve.segments; s++)
      for (int d = 0; d <= curve.degree; d++) curve.coefficients[s][d] = static_cast<float>(*rest++);
    return curve;
  }

 private:
  template <typename T>
  T* typed(const Napi::Value& value, const char* what, int64_t length, napi_typedarray_type type, const char* kind) {
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) fail(what, kind);
    const int64_t got = static_cast<int64_t>(value.As<Napi::TypedArray>().ElementLength());
    if (got != length)
      fail(what, std::string(kind) + " of length " + std::to_string(length) + ", got " + std::to_string(got));
    return value.As<Napi::TypedArrayOf<T>>().Data();
  }

  [[noreturn]] void fail(const char* what, const std::string& expected) {
    throw Napi::TypeError::New(info_.Env(), std::string(name_) + ": " + what + ": expected " + expected);
  }

  const Napi::CallbackInfo& info_;
  const char* name_;
  size_t next_ = 0;
};

void gemmCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatGemm");
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
  if (lengthA != g.m * g.k * (strideA ? batch : 1) || lengthB != g.k * g.n * (strideB ? batch : 1) ||
      lengthC != g.m * g.n * batch)
    throw Napi::TypeError::New(info.Env(), "floatGemm: expected arrays of m·k, k·n and m·n numbers, got " +
                                               std::to_string(lengthA) + ", " + std::to_string(lengthB) + ", " +
                                               std::to_string(lengthC));
  batchGemm(g, batch, strideA, strideB);
}

void columnSumsCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatColumnSums");
  int64_t length;
  const float* x = in.anyFloats("x", length);
  const int64_t rows = in.size("rows"), columns = in.size("columns");
  if (length != rows * columns) throw Napi::TypeError::New(info.Env(), "floatColumnSums: x: expected rows · columns");
  columnSums(x, rows, columns, in.floats("out", columns));
}

Napi::Value sumOfSquaresCall(const Napi::CallbackInfo& info) {
  int64_t length;
  const float* x = Arguments(info, "floatSumOfSquares").anyFloats("x", length);
  return Napi::Number::New(info.Env(), sumOfSquares(x, length));
}

template <void (*body)(const PairArgs&)>
void pairCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatPair");
  PairArgs args = {};
  args.x = in.anyFloats("x", args.size);
  args.y = in.floats("y", args.size);
  args.out = in.floats("out", args.size);
  body(args);
}

void curveCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatCurve");
  const Curve curve = in.curve("curve");
  CurveArgs args = {};
  args.curve = &curve;
  args.x = in.anyFloats("x", args.size);
  args.y = in.floats("y", args.size);
  args.derivative = in.optionalFloats("derivative", args.size);
  applyCurve(args);
}

void mixCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatMix");
  const Curve high = in.curve("high"), low = in.curve("low");
  const int64_t rows = in.size("rows"), columns = in.size("columns");
  const float* x = in.floats("x", rows * columns);
  const float* rowHigh = in.floats("rowHigh", rows);
  mixRows({&high, &low, rows, columns, x, rowHigh, in.floats("y", rows * columns)});
}

void mixGradCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatMixGrad");
  const Curve high = in.curve("high"), low = in.curve("low");
  const int64_t rows = in.size("rows"), columns = in.size("columns");
  const float* x = in.floats("x", rows * columns);
  const float* rowHigh = in.floats("rowHigh", rows);
  const float* dy = in.floats("dy", rows * columns);
  float* dx = in.floats("dx", rows * columns);
  mixRowsGrad({&high, &low, rows, columns, x, rowHigh, dy, dx, in.floats("dRowHigh", rows)});
}

float rate(Arguments& in, const char* what) { return static_cast<float>(in.number(what)); }

void layerNormCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatLayerNorm");
  LayerNormArgs a = {};
  a.rows = in.size("rows");
  a.columns = in.size("columns");
  a.x = in.floats("x", a.rows * a.columns);
  a.residual = in.optionalFloats("residual", a.rows * a.columns);
  a.gamma = in.floats("gamma", a.columns);
  a.beta = in.floats("beta", a.columns);
  a.rowWeight = in.optionalFloats("rowWeight", a.rows);
  a.epsilon = rate(in, "epsilon");
  a.inputDropout = rate(in, "inputDropout");
  a.outputDropout = rate(in, "outputDropout");
  a.seed = static_cast<uint32_t>(in.size("seed", 0));
  a.y = in.floats("y", a.rows * a.columns);
  a.normalized = in.floats("normalized", a.rows * a.columns);
  a.inverseDeviation = in.floats("inverseDeviation", a.rows);
  layerNorm(a);
}

void layerNormGradCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatLayerNormGrad");
  LayerNormGradArgs a = {};
  a.rows = in.size("rows");
  a.columns = in.size("columns");
  a.dy = in.floats("dy", a.rows * a.columns);
  a.normalized = in.floats("normalized", a.rows * a.columns);
  a.inverseDeviation = in.floats("inverseDeviation", a.rows);
  a.gamma = in.floats("gamma", a.columns);
  a.beta = in.floats("beta", a.columns);
  a.rowWeight = in.optionalFloats("rowWeight", a.rows);
  a.inputDropout = rate(in, "inputDropout");
  a.outputDropout = rate(in, "outputDropout");
  a.seed = static_cast<uint32_t>(in.size("seed", 0));
  a.dx = in.floats("dx", a.rows * a.columns);
  a.dResidual = in.floats("dResidual", a.rows * a.columns);
  a.dGamma = in.floats("dGamma", a.columns);
  a.dBeta = in.floats("dBeta", a.columns);
  a.dRowWeight = in.optionalFloats("dRowWeight", a.rows);
  layerNormGrad(a);
}

/** The arguments that both directions of attention begin with. */
AttentionArgs attentionInputs(Arguments& in, const Curve& high, const Curve& low) {
  AttentionArgs a = {};
  a.high = &high;
  a.low = &low;
  a.batch = in.size("batch");
  a.queries = in.size("queries");
  a.tokens = in.size("tokens");
  a.heads = in.size("heads");
  a.headSize = in.size("headSize");
  const int64_t hidden = a.heads * a.headSize;
  a.q = in.floats("q", a.batch * a.queries * hidden);
  a.k = in.floats("k", a.batch * a.tokens * hidden);
  a.v = in.floats("v", a.batch * a.tokens * hidden);
  a.columnWeight = in.floats("columnWeight", a.batch * a.tokens);
  a.rowHigh = in.floats("rowHigh", a.batch * a.queries);
  a.dropout = rate(in, "dropout");
  a.seed = static_cast<uint32_t>(in.size("seed", 0));
  return a;
}

void checkQueries(const Napi::CallbackInfo& info, const AttentionArgs& a) {
  if (a.queries > a.tokens) throw Napi::TypeError::New(info.Env(), "floatAttention: expected queries <= tokens");
}

void attentionCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatAttention");
  const Curve high = in.curve("high"), low = in.curve("low");
  AttentionArgs a = attentionInputs(in, high, low);
  checkQueries(info, a);
  a.context = in.floats("context", a.batch * a.queries * a.heads * a.headSize);
  a.scores = in.optionalFloats("scores", a.batch * a.tokens);
  a.shifted = in.floats("shifted", a.batch * a.heads * a.queries * a.tokens);
  attention(a);
}

void attentionGradCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatAttentionGrad");
  const Curve high = in.curve("high"), low = in.curve("low");
  AttentionGradArgs g = {};
  AttentionArgs& a = g.forward;
  a = attentionInputs(in, high, low);
  checkQueries(info, a);
  const int64_t hidden = a.heads * a.headSize;
  a.shifted = in.floats("shifted", a.batch * a.heads * a.queries * a.tokens);
  g.dContext = in.floats("dContext", a.batch * a.queries * hidden);
  g.dScores = in.optionalFloats("dScores", a.batch * a.tokens);
  g.dq = in.floats("dq", a.batch * a.queries * hidden);
  g.dk = in.floats("dk", a.batch * a.tokens * hidden);
  g.dv = in.floats("dv", a.batch * a.tokens * hidden);
  g.dColumnWeight = in.floats("dColumnWeight", a.batch * a.tokens);
  g.dRowHigh = in.floats("dRowHigh", a.batch * a.queries);
  attentionGrad(g);
}

/** A table of rows of `columns` numbers; `rows` becomes how many it has. */
float* table(const Napi::CallbackInfo& info, Arguments& in, const char* what, int64_t columns, int64_t& rows) {
  int64_t length;
  float* data = in.anyFloats(what, length);
  if (length % columns != 0)
    throw Napi::TypeError::New(info.Env(), std::string("floatEmbedding: ") + what + ": expected rows of " +
                                               std::to_string(columns) + " numbers");
  rows = length / columns;
  return data;
}

void embeddingCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatEmbedding");
  EmbeddingArgs a = {};
  a.batch = in.size("batch");
  a.tokens = in.size("tokens");
  a.columns = in.size("columns");
  a.words = in.uncheckedRows("words", a.batch * a.tokens);
  a.types = in.uncheckedRows("types", a.batch * a.tokens);
  int64_t words, positions, types;
  a.wordTable = table(info, in, "wordTable", a.columns, words);
  a.positionTable = table(info, in, "positionTable", a.columns, positions);
  a.typeTable = table(info, in, "typeTable", a.columns, types);
  in.checkRows("words", a.words, a.batch * a.tokens, words);
  in.checkRows("types", a.types, a.batch * a.tokens, types);
  if (positions < a.tokens) throw Napi::TypeError::New(info.Env(), "floatEmbedding: expected a position for every token");
  a.out = in.floats("out", a.batch * a.tokens * a.columns);
  embedding(a);
}

void embeddingGradCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatEmbeddingGrad");
  EmbeddingGradArgs a = {};
  a.batch = in.size("batch");
  a.tokens = in.size("tokens");
  a.columns = in.size("columns");
  a.words = in.uncheckedRows("words", a.batch * a.tokens);
  a.types = in.uncheckedRows("types", a.batch * a.tokens);
  a.dy = in.floats("dy", a.batch * a.tokens * a.columns);
  a.dWord = table(info, in, "dWord", a.columns, a.wordRows);
  a.dPosition = table(info, in, "dPosition", a.columns, a.positionRows);
  a.dType = table(info, in, "dType", a.columns, a.typeRows);
  in.checkRows("words", a.words, a.batch * a.tokens, a.wordRows);
  in.checkRows("types", a.types, a.batch * a.tokens, a.typeRows);
  if (a.positionRows < a.tokens)
    throw Napi::TypeError::New(info.Env(), "floatEmbeddingGrad: expected a position for every token");
  embeddingGrad(a);
}

/** The numbers that end both calls of AdamW. */
void adamWNumbers(Arguments& in, AdamWArgs& a) {
  a.gradientScale = rate(in, "gradientScale");
  a.rate = rate(in, "rate");
  a.beta1 = rate(in, "beta1");
  a.beta2 = rate(in, "beta2");
  a.epsilon = rate(in, "epsilon");
  a.decay = rate(in, "decay");
  a.correction1 = rate(in, "correction1");
  a.correction2 = rate(in, "correction2");
}

void adamWCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatAdamW");
  AdamWArgs a = {};
  a.parameter = in.anyFloats("parameter", a.size);
  a.mean = in.floats("mean", a.size);
  a.square = in.floats("square", a.size);
  a.gradient = in.floats("gradient", a.size);
  adamWNumbers(in, a);
  adamW(a);
}

void adamWRowsCall(const Napi::CallbackInfo& info) {
  Arguments in(info, "floatAdamWRows");
  AdamWArgs a = {};
  const int64_t columns = in.size("columns"), count = in.size("count");
  int64_t tableRows;
  a.parameter = table(info, in, "parameter", columns, tableRows);
  a.mean = in.floats("mean", tableRows * columns);
  a.square = in.floats("square", tableRows * columns);
  const int32_t* rows = in.uncheckedRows("rows", count);
  in.checkRows("rows", rows, count, tableRows);
  a.gradient = in.floats("gradient", count * columns);
  adamWNumbers(in, a);
  adamWRows(a, rows, count, columns);
}

Napi::Value threadsCall(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), parallelThreads()); }

void setThreadsCall(const Napi::CallbackInfo& info) {
  setParallelThreads(static_cast<int>(Arguments(info, "setFloatThreads").size("threads")));
}

}  // namespace

void registerFloat(Napi::Env env, Napi::Object exports) {
  exports.Set("floatThreads", Napi::Function::New(env, threadsCall));
  exports.Set("setFloatThreads", Napi::Function::New(env, setThreadsCall));
  exports.Set("floatGemm", Napi::Function::New(env, gemmCall));
  exports.Set("floatColumnSums", Napi::Function::New(env, columnSumsCall));
  exports.Set("floatSumOfSquares", Napi::Function::New(env, sumOfSquaresCall));
  exports.Set("floatAdd", Napi::Function::New(env, pairCall<addPairs>));
  exports.Set("floatMultiply", Napi::Function::New(env, pairCall<multiplyPairs>));
  exports.Set("floatCurve", Napi::Function::New(env, curveCall));
  exports.Set("floatMix", Napi::Function::New(env, mixCall));
  exports.Set("floatMixGrad", Napi::Function::New(env, mixGradCall));
  exports.Set("floatLayerNorm", Napi::Function::New(env, layerNormCall));
  exports.Set("floatLayerNormGrad", Napi::Function::New(env, layerNormGradCall));
  exports.Set("floatAttention", Napi::Function::New(env, attentionCall));
  exports.Set("floatAttentionGrad", Napi::Function::New(env, attentionGradCall));
  exports.Set("floatEmbedding", Napi::Function::New(env, embeddingCall));
  exports.Set("floatEmbeddingGrad", Napi::Function::New(env, embeddingGradCall));
  exports.Set("floatAdamWRows", Napi::Function::New(env, adamWRowsCall));
  exports.Set("floatAdamW", Napi::Function::New(env, adamWCall));
}

}  // namespace cipherprune
