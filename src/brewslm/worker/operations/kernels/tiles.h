// Small matrix products out of the cache, for the blocks of attention.
#pragma once
#include <algorithm>

#include "vectors.h"

namespace brewslm {

constexpr int64_t TILE_ROWS = 6;          // 6 x 2 sums, 2 columns and 1 row: 15 of the 16 registers of AVX2
constexpr int64_t TILE_COLUMNS = 2 * WIDTH;

inline int64_t round_up(int64_t number, int64_t unit) { return (number + unit - 1) / unit * unit; }

// A matrix whose element (row, column) is at data[row * row_stride + column * column_stride].
struct Matrix {
  const float* data;
  int64_t row_stride;
  int64_t column_stride;
};

// The compiler's own vectors: it keeps arrays of them in registers, which it does not do with arrays of classes.
using Lanes = float __attribute__((vector_size(WIDTH * sizeof(float)), aligned(alignof(float)), may_alias));

// out[ROWS, TILE_COLUMNS] = or += left[ROWS, inner] @ right[inner, TILE_COLUMNS]
template <int ROWS, bool ADDS>
inline void multiply_tile(const Matrix& left, const float* right, int64_t right_stride, int64_t inner, float* out,
                          int64_t out_stride) {
  Lanes sums[ROWS][2];
#pragma GCC unroll 6
  for (int row = 0; row < ROWS; ++row) {
    const auto* old = reinterpret_cast<const Lanes*>(out + row * out_stride);
    sums[row][0] = ADDS ? old[0] : Lanes{};
    sums[row][1] = ADDS ? old[1] : Lanes{};
  }
  for (int64_t i = 0; i < inner; ++i) {
    const auto* columns = reinterpret_cast<const Lanes*>(right + i * right_stride);
    const Lanes low = columns[0], high = columns[1];
    const float* factors = left.data + i * left.column_stride;
#pragma GCC unroll 6
    for (int row = 0; row < ROWS; ++row) {
      sums[row][0] += factors[row * left.row_stride] * low;
      sums[row][1] += factors[row * left.row_stride] * high;
    }
  }
#pragma GCC unroll 6
  for (int row = 0; row < ROWS; ++row) {
    auto* sum = reinterpret_cast<Lanes*>(out + row * out_stride);
    sum[0] = sums[row][0];
    sum[1] = sums[row][1];
  }
}

template <bool ADDS, int ROWS = TILE_ROWS>
inline void multiply_few_rows(const Matrix& left, const float* right, int64_t right_stride, int64_t inner, float* out,
                              int64_t out_stride, int64_t num_rows) {
  if constexpr (ROWS > 0) {
    if (num_rows == ROWS) {
      multiply_tile<ROWS, ADDS>(left, right, right_stride, inner, out, out_stride);
    } else {
      multiply_few_rows<ADDS, ROWS - 1>(left, right, right_stride, inner, out, out_stride, num_rows);
    }
  }
}

// out[num_rows, num_columns] = or += left @ right[inner, num_columns]; num_columns is a multiple of TILE_COLUMNS.
template <bool ADDS>
void multiply(const Matrix& left, const float* right, int64_t right_stride, int64_t inner, float* out,
              int64_t out_stride, int64_t num_rows, int64_t num_columns) {
  for (int64_t column = 0; column < num_columns; column += TILE_COLUMNS) {
    for (int64_t row = 0; row < num_rows; row += TILE_ROWS) {
      const Matrix rows{left.data + row * left.row_stride, left.row_stride, left.column_stride};
      multiply_few_rows<ADDS>(rows, right + column, right_stride, inner, out + row * out_stride + column, out_stride,
                              std::min(TILE_ROWS, num_rows - row));
    }
  }
}

}  // namespace brewslm
