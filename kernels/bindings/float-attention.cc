// Attention of sequences of any lengths, with column weights and a mix of exponentials per row.
#include <vector>

#include "float-arguments.h"
#include "src/float/encoder-ops.h"

namespace cipherprune {

namespace {

using namespace float32;

/** The arguments that both directions begin with, and the memory that some of them point into. */
struct Inputs {
  Curve high, low;
  std::vector<int64_t> starts{0}, pairs{0};
  AttentionArgs args = {};
  int64_t tokenRows, queryRows, hidden;

  explicit Inputs(FloatArguments& in) : high(in.curve("high")), low(in.curve("low")) {
    const int32_t* lengths = in.anyIntegers("lengths", args.batch);
    args.firstOnly = in.flag("firstOnly");
    args.highShift = shift(in, "highShift");
    args.lowShift = shift(in, "lowShift");
    args.mostHalvings = static_cast<float>(in.size("mostHalvings", 0));
    args.heads = in.size("heads");
    args.headSize = in.size("headSize");
    place(in, lengths);
    hidden = in.product({args.heads, args.headSize});
    args.high = &high;
    args.low = &low;
    args.q = in.floats("q", in.product({queryRows, hidden}));
    args.k = in.floats("k", in.product({tokenRows, hidden}));
    args.v = in.floats("v", in.product({tokenRows, hidden}));
    args.columnWeight = in.floats("columnWeight", tokenRows);
    args.rowHigh = in.floats("rowHigh", queryRows);
    args.dropout = in.rate("dropout");
    args.seed = in.seed("seed");
  }
  Inputs(const Inputs&) = delete;

  int64_t numberOfPairs() const { return pairs.back(); }

 private:
  static RowShift shift(FloatArguments& in, const char* what) {
    const int64_t value = in.size(what, 0);
    if (value > 2) in.fail(what, "0, 1 or 2");
    return static_cast<RowShift>(value);
  }

  void place(FloatArguments& in, const int32_t* lengths) {
    for (int64_t b = 0; b < args.batch; b++) {
      if (lengths[b] < 1) in.fail("lengths", "integers of at least 1");
      const int64_t queries = args.firstOnly ? 1 : lengths[b];
      starts.push_back(starts.back() + lengths[b]);
      pairs.push_back(pairs.back() + in.product({args.heads, queries, lengths[b]}));
    }
    args.starts = starts.data();
    args.pairs = pairs.data();
    tokenRows = starts.back();
    queryRows = args.firstOnly ? args.batch : tokenRows;
  }
};

void attentionCall(FloatArguments& in) {
  Inputs inputs(in);
  AttentionArgs a = inputs.args;
  a.context = in.floats("context", in.product({inputs.queryRows, inputs.hidden}));
  a.scores = in.optionalFloats("scores", inputs.tokenRows);
  a.logits = in.floats("logits", inputs.numberOfPairs());
  attention(a);
}

void attentionGradCall(FloatArguments& in) {
  Inputs inputs(in);
  AttentionGradArgs g = {};
  g.forward = inputs.args;
  g.forward.logits = in.floats("logits", inputs.numberOfPairs());
  const int64_t ofQueries = in.product({inputs.queryRows, inputs.hidden});
  const int64_t ofTokens = in.product({inputs.tokenRows, inputs.hidden});
  g.dContext = in.floats("dContext", ofQueries);
  g.dScores = in.optionalFloats("dScores", inputs.tokenRows);
  g.dq = in.floats("dq", ofQueries);
  g.dk = in.floats("dk", ofTokens);
  g.dv = in.floats("dv", ofTokens);
  g.dColumnWeight = in.floats("dColumnWeight", inputs.tokenRows);
  g.dRowHigh = in.floats("dRowHigh", inputs.queryRows);
  attentionGrad(g);
}

}  // namespace

void addFloatAttention(Bindings& bindings) {
  bindings.add<attentionCall>("floatAttention");
  bindings.add<attentionGradCall>("floatAttentionGrad");
}

}  // namespace cipherprune
