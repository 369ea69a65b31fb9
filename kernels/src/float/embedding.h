// Sum of word, position and token-type rows, and its gradient by table.
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

}  // namespace cipherprune::float32
