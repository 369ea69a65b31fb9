#include "embedding.h"

#include <algorithm>

namespace cipherprune::float32 {

void embedding(const EmbeddingArgs& args) {
  const int64_t n = args.columns;
  for (int64_t row = 0; row < args.batch * args.tokens; row++) {
    const float* word = args.wordTable + args.words[row] * n;
    const float* position = args.positionTable + row % args.tokens * n;
    const float* type = args.typeTable + args.types[row] * n;
    float* out = args.out + row * n;
    for (int64_t j = 0; j < n; j++) out[j] = word[j] + position[j] + type[j];
  }
}

static void addTo(float* target, const float* row, int64_t n) {
  for (int64_t j = 0; j < n; j++) target[j] += row[j];
}

void embeddingGrad(const EmbeddingGradArgs& args) {
  const int64_t n = args.columns;
  std::fill(args.dWord, args.dWord + args.wordRows * n, 0.0f);
  std::fill(args.dPosition, args.dPosition + args.positionRows * n, 0.0f);
  std::fill(args.dType, args.dType + args.typeRows * n, 0.0f);
  for (int64_t row = 0; row < args.batch * args.tokens; row++) {
    const float* dy = args.dy + row * n;
    addTo(args.dWord + args.words[row] * n, dy, n);
    addTo(args.dPosition + row % args.tokens * n, dy, n);
    addTo(args.dType + args.types[row] * n, dy, n);
  }
}

void gatherRows(const float* x, int64_t columns, const int32_t* rows, int64_t count, float* out) {
  for (int64_t i = 0; i < count; i++) std::copy_n(x + rows[i] * columns, columns, out + i * columns);
}

void scatterRows(const float* x, int64_t columns, const int32_t* rows, int64_t count, float* out, int64_t outRows) {
  std::fill(out, out + outRows * columns, 0.0f);
  for (int64_t i = 0; i < count; i++) std::copy_n(x + i * columns, columns, out + rows[i] * columns);
}

}  // namespace cipherprune::float32
