// Rows of tables: embedding, and rows gathered and put back.
#include "float-arguments.h"
#include "src/float/embedding.h"

namespace cipherprune {

namespace {

using namespace float32;

void embeddingCall(FloatArguments& in) {
  EmbeddingArgs a = {};
  a.batch = in.size("batch");
  a.tokens = in.size("tokens");
  a.columns = in.size("columns");
  a.words = in.uncheckedRows("words", in.product({a.batch, a.tokens}));
  a.types = in.uncheckedRows("types", in.product({a.batch, a.tokens}));
  int64_t words, positions, types;
  a.wordTable = in.table("wordTable", a.columns, words);
  a.positionTable = in.table("positionTable", a.columns, positions);
  a.typeTable = in.table("typeTable", a.columns, types);
  in.checkRows("words", a.words, a.batch * a.tokens, words);
  in.checkRows("types", a.types, a.batch * a.tokens, types);
  if (positions < a.tokens) in.fail("positionTable", "a position for every token");
  a.out = in.floats("out", in.product({a.batch, a.tokens, a.columns}));
  embedding(a);
}

void embeddingGradCall(FloatArguments& in) {
  EmbeddingGradArgs a = {};
  a.batch = in.size("batch");
  a.tokens = in.size("tokens");
  a.columns = in.size("columns");
  a.words = in.uncheckedRows("words", in.product({a.batch, a.tokens}));
  a.types = in.uncheckedRows("types", in.product({a.batch, a.tokens}));
  a.dy = in.floats("dy", in.product({a.batch, a.tokens, a.columns}));
  a.dWord = in.table("dWord", a.columns, a.wordRows);
  a.dPosition = in.table("dPosition", a.columns, a.positionRows);
  a.dType = in.table("dType", a.columns, a.typeRows);
  in.checkRows("words", a.words, a.batch * a.tokens, a.wordRows);
  in.checkRows("types", a.types, a.batch * a.tokens, a.typeRows);
  if (a.positionRows < a.tokens) in.fail("dPosition", "a position for every token");
  embeddingGrad(a);
}

void gatherRowsCall(FloatArguments& in) {
  const int64_t columns = in.size("columns");
  int64_t tableRows, count;
  const float* x = in.table("x", columns, tableRows);
  const int32_t* rows = in.anyIntegers("rows", count);
  in.checkRows("rows", rows, count, tableRows);
  gatherRows(x, columns, rows, count, in.floats("out", in.product({count, columns})));
}

void scatterRowsCall(FloatArguments& in) {
  const int64_t columns = in.size("columns");
  int64_t count, outRows;
  const float* x = in.table("x", columns, count);
  const int32_t* rows = in.uncheckedRows("rows", count);
  float* out = in.table("out", columns, outRows);
  in.checkRows("rows", rows, count, outRows);
  scatterRows(x, columns, rows, count, out, outRows);
}

}  // namespace

void addFloatRows(Bindings& bindings) {
  bindings.add<embeddingCall>("floatEmbedding");
  bindings.add<embeddingGradCall>("floatEmbeddingGrad");
  bindings.add<gatherRowsCall>("floatGatherRows");
  bindings.add<scatterRowsCall>("floatScatterRows");
}

}  // namespace cipherprune
