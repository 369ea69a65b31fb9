// Rows of tables. Sum of word, position and token-type rows, and its gradient by table.
#pragma once
#include <cstdint>

namespace cipherprune::float32 {

/** Tables [*, columns]; `words` and `types` [batch · tokens] are row numbers; position row i is the token's place. */
struct EmbeddingArgs {
  int64_t batch, tokens, columns;
  const int32_t *words, *types;
  const float *wordTable, *positionTable, *typeTable;
  float* out;
};

struct EmbeddingGradArgs {
  int64_t batch, tokens, columns;
  const int32_t *words, *types;
  const float* dy;
  int64_t wordRows, positionRows, typeRows;
  float *dWord, *dPosition, *dType;
};

void embedding(const EmbeddingArgs& args);
void embeddingGrad(const EmbeddingGradArgs& args);

/** out [count, columns] = the named rows of x. */
void gatherRows(const float* x, int64_t columns, const int32_t* rows, int64_t count, float* out);
/** out [outRows, columns] = the rows of x [count, columns] at their (distinct) places, 0 elsewhere. */
void scatterRows(const float* x, int64_t columns, const int32_t* rows, int64_t count, float* out, int64_t outRows);

}  // namespace cipherprune::float32
