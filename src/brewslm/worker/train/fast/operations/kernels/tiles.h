// Small matrix products out of the cache, for the blocks of attention.
#pragma once
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

// out[ROWS, TILE_COLUMNS] = or += left[ROWS, inner] @ right[inner, TILE_COLUMNS]
template <int ROWS, bool ADDS>
inline void multiply_tile(const Matrix& left, const float* right, int64_t right_stride, int64_t inner, float* out,
                          int64_t out_stride) {
  Vec sums[ROWS][2];
  for (int row = 0; row < ROWS; ++row) {
    for (int half = 0; half < 2; ++half) {
      sums[row][half] = ADDS ? load(out + row * out_stride + half * WIDTH) : Vec(0.0f);
    }
  }
  for (int64_t i = 0; i < inner; ++i) {
    const Vec low = load(right + i * right_stride), high = load(right + i * right_stride + WIDTH);
    for (int row = 0; row < ROWS; ++row) {
      const Vec factor(left.data[row * left.row_stride + i * left.column_stride]);
      sums[row][0] = at::vec::fmadd(factor, low, sums[row][0]);
      sums[row][1] = at::vec::fmadd(factor, high, sums[row][1]);
    }
  }
  for (int row = 0; row < ROWS; ++row) {
    for (int half = 0; half < 2; ++half) store(out + row * out_stride + half * WIDTH, sums[row][half]);
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
