// Loads, stores and sums of rows of numbers, in whatever width this processor computes with.
#pragma once
#include <ATen/cpu/vec/functional.h>
#include <ATen/cpu/vec/vec.h>
#include <c10/util/BFloat16.h>

#include <cstdint>
#include <type_traits>

namespace brewslm {

using Vec = at::vec::Vectorized<float>;
constexpr int64_t WIDTH = Vec::size();

inline Vec load(const float* from, int64_t count = WIDTH) {
  return count == WIDTH ? Vec::loadu(from) : Vec::loadu(from, count);
}

inline Vec load(const c10::BFloat16* from, int64_t count = WIDTH) {
  Vec wide;
  if (count == WIDTH) {
    at::vec::load_fp32_from_bf16(from, wide);
    return wide;
  }
  c10::BFloat16 padded[WIDTH] = {};
  std::copy(from, from + count, padded);
  at::vec::load_fp32_from_bf16(padded, wide);
  return wide;
}

inline void store(float* to, const Vec& values, int64_t count = WIDTH) {
  if (count == WIDTH) {
    values.store(to);
  } else {
    values.store(to, static_cast<int>(count));
  }
}

inline void store(c10::BFloat16* to, const Vec& values, int64_t count = WIDTH) {
  at::vec::convert_from_float<c10::BFloat16>(values, values).store(to, static_cast<int>(count));
}

// Calls body(place, count) for each piece of [0, size) that fits into one vector.
template <typename Body>
inline void for_pieces(int64_t size, const Body& body) {
  int64_t place = 0;
  for (; place + WIDTH <= size; place += WIDTH) body(place, WIDTH);
  if (place < size) body(place, size - place);
}

inline float sum_of(const Vec& values) {
  return at::vec::vec_reduce_all<float>([](const Vec& a, const Vec& b) { return a + b; }, values);
}

inline float largest_of(const Vec& values) {
  return at::vec::vec_reduce_all<float>([](const Vec& a, const Vec& b) { return at::vec::maximum(a, b); }, values);
}

inline Vec sigmoid(const Vec& x) {
  const Vec one(1.0f);
  return one / (one + x.neg().exp_u20());
}

}  // namespace brewslm
