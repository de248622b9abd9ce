// What happens to each row of a packed batch by itself: norms, rotary angles, SwiGLU, cross-entropy.
// Tensors are row-major; a stride is the distance between rows in numbers. interface.py says what each operation does.
#include <ATen/Parallel.h>

#include <cmath>
#include <vector>

#include "vectors.h"

namespace brewslm {

constexpr int64_t ROWS_AT_LEAST = 16;  // of a thread

template <typename T>
void add_norm(const float* residual, int64_t residual_stride, const T* delta, int64_t delta_stride, const float* weight,
              float epsilon, float* stream, T* values, int64_t values_stride, float* scale, int64_t num_rows,
              int64_t size) {
  at::parallel_for(0, num_rows, ROWS_AT_LEAST, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      float* sum = stream + row * size;
      Vec squares(0.0f);
      for_pieces(size, [&](int64_t i, int64_t n) {
        Vec x = load(residual + row * residual_stride + i, n);
        if (delta) x = x + load(delta + row * delta_stride + i, n);
        store(sum + i, x, n);
        squares = at::vec::fmadd(x, x, squares);
      });
      scale[row] = 1.0f / std::sqrt(sum_of(squares) / static_cast<float>(size) + epsilon);
      const Vec factor(scale[row]);
      for_pieces(size, [&](int64_t i, int64_t n) {
        store(values + row * values_stride + i, load(sum + i, n) * factor * load(weight + i, n), n);
      });
    }
  });
}

template <typename T>
void norm_backward(const T* gradient, int64_t gradient_stride, const float* stream, const float* scale,
                   const float* weight, float* total, float* of_weight, int64_t num_rows, int64_t size) {
  // Each thread has a sum of its own, and these are added in the order of the threads: the same bits every time.
  std::vector<float> sums(of_weight ? at::get_num_threads() * size : 0);
  at::parallel_for(0, num_rows, ROWS_AT_LEAST, [&](int64_t begin, int64_t end) {
    float* sum = of_weight ? sums.data() + at::get_thread_num() * size : nullptr;
    for (int64_t row = begin; row < end; ++row) {
      const T* outer = gradient + row * gradient_stride;
      const float* x = stream + row * size;
      const Vec factor(scale[row]);
      Vec along(0.0f);
      for_pieces(size, [&](int64_t i, int64_t n) {
        const Vec product = load(outer + i, n) * load(x + i, n);
        along = at::vec::fmadd(product, load(weight + i, n), along);
        if (sum) store(sum + i, at::vec::fmadd(product, factor, load(sum + i, n)), n);
      });
      const float cube = scale[row] * scale[row] * scale[row];
      const Vec share(-sum_of(along) * cube / static_cast<float>(size));
      float* inner = total + row * size;
      for_pieces(size, [&](int64_t i, int64_t n) {
        const Vec straight = load(outer + i, n) * load(weight + i, n) * factor;
        store(inner + i, load(inner + i, n) + at::vec::fmadd(load(x + i, n), share, straight), n);
      });
    }
  });
  for (int64_t place = 0; place < static_cast<int64_t>(sums.size()); ++place) of_weight[place % size] += sums[place];
}

template <typename T>
void rotate(T* heads, int64_t stride, const float* cosines, const float* sines, float direction, int64_t num_rows,
            int64_t num_heads, int64_t head_size) {
  const int64_t half = head_size / 2;
  const Vec sign(direction);
  at::parallel_for(0, num_rows, ROWS_AT_LEAST, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t head = 0; head < num_heads; ++head) {
        T* first = heads + row * stride + head * head_size;
        T* second = first + half;
        for_pieces(half, [&](int64_t i, int64_t n) {
          const Vec c = load(cosines + row * half + i, n), s = load(sines + row * half + i, n) * sign;
          const Vec x = load(first + i, n), y = load(second + i, n);
          store(first + i, x * c - y * s, n);
          store(second + i, y * c + x * s, n);
        });
      }
    }
  });
}

template <typename T>
void swiglu(const T* gates, int64_t gate_stride, const T* ups, int64_t up_stride, T* out, int64_t out_stride,
            int64_t num_rows, int64_t size) {
  at::parallel_for(0, num_rows, ROWS_AT_LEAST, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for_pieces(size, [&](int64_t i, int64_t n) {
        const Vec x = load(gates + row * gate_stride + i, n);
        store(out + row * out_stride + i, x * sigmoid(x) * load(ups + row * up_stride + i, n), n);
      });
    }
  });
}

// Each piece is read whole before it is written, so that results may lie where they come from.
template <typename T>
void swiglu_backward(const T* gates, int64_t gate_stride, const T* ups, int64_t up_stride, const T* gradient,
                     int64_t gradient_stride, T* of_gates, int64_t of_gate_stride, T* of_ups, int64_t of_up_stride,
                     T* values, int64_t values_stride, int64_t num_rows, int64_t size) {
  const Vec one(1.0f);
  at::parallel_for(0, num_rows, ROWS_AT_LEAST, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for_pieces(size, [&](int64_t i, int64_t n) {
        const Vec x = load(gates + row * gate_stride + i, n), y = load(ups + row * up_stride + i, n);
        const Vec d = load(gradient + row * gradient_stride + i, n);
        const Vec slope = sigmoid(x), silu = x * slope;
        store(of_gates + row * of_gate_stride + i, d * y * at::vec::fmadd(silu, one - slope, slope), n);
        store(of_ups + row * of_up_stride + i, d * silu, n);
        if (values) store(values + row * values_stride + i, silu * y, n);
      });
    }
  });
}

// Logits are [vocabulary, labels]: a thread goes through a part of the vocabulary row by row, for all labels at once.
template <typename T>
void cross_entropy(T* logits, int64_t stride, const int64_t* targets, float scale, float* losses, int64_t vocabulary,
                   int64_t num_labels) {
  const int64_t num_parts = at::get_num_threads();
  const int64_t padded = (num_labels + WIDTH - 1) / WIDTH * WIDTH;
  std::vector<float> parts(num_parts * padded), tops(padded, -INFINITY), sums(padded), of_target(num_labels);
  // Runs body(row, its first logit, the part's own numbers) for every row, each part on one thread.
  const auto for_rows = [&](float start, const auto& body) {
    std::fill(parts.begin(), parts.end(), start);
    at::parallel_for(0, num_parts, 1, [&](int64_t begin, int64_t end) {
      for (int64_t part = begin; part < end; ++part) {
        for (int64_t row = part * vocabulary / num_parts; row < (part + 1) * vocabulary / num_parts; ++row) {
          body(logits + row * stride, parts.data() + part * padded);
        }
      }
    });
  };
  for (int64_t label = 0; label < num_labels; ++label) {
    of_target[label] = static_cast<float>(logits[targets[label] * stride + label]);
  }
  for_rows(-INFINITY, [&](T* row, float* top) {
    for_pieces(num_labels, [&](int64_t i, int64_t n) { store(top + i, at::vec::maximum(load(top + i), load(row + i, n))); });
  });
  for (int64_t i = 0; i < num_parts * padded; ++i) tops[i % padded] = std::max(tops[i % padded], parts[i]);
  for_rows(0.0f, [&](T* row, float* sum) {
    for_pieces(num_labels, [&](int64_t i, int64_t n) {
      const Vec power = (load(row + i, n) - load(tops.data() + i)).exp_u20();
      store(sum + i, load(sum + i) + power);
      // In bfloat16 the power would be rounded twice, so there it is made twice instead.
      if constexpr (std::is_same_v<T, float>) store(row + i, power, n);
    });
  });
  for (int64_t i = 0; i < num_parts * padded; ++i) sums[i % padded] += parts[i];
  for (int64_t label = 0; label < num_labels; ++label) {
    losses[label] = std::log(sums[label]) - (of_target[label] - tops[label]);
    of_target[label] = scale * (std::exp(of_target[label] - tops[label]) / sums[label] - 1.0f);
  }
  for (float& sum : sums) sum = scale / sum;
  for_rows(0.0f, [&](T* row, float*) {
    for_pieces(num_labels, [&](int64_t i, int64_t n) {
      Vec power = load(row + i, n);
      if constexpr (!std::is_same_v<T, float>) power = (power - load(tops.data() + i)).exp_u20();
      store(row + i, power * load(sums.data() + i), n);
    });
  });
  for (int64_t label = 0; label < num_labels; ++label) {
    logits[targets[label] * stride + label] = static_cast<T>(of_target[label]);
  }
}

}  // namespace brewslm

#define EXPORT(SUFFIX, T)                                                                                              \
  extern "C" void add_norm_##SUFFIX(const float* residual, int64_t residual_stride, const T* delta,                    \
                                    int64_t delta_stride, const float* weight, float epsilon, float* stream,           \
                                    T* values, int64_t values_stride, float* scale, int64_t num_rows, int64_t size) {  \
    brewslm::add_norm<T>(residual, residual_stride, delta, delta_stride, weight, epsilon, stream, values,              \
                         values_stride, scale, num_rows, size);                                                        \
  }                                                                                                                    \
  extern "C" void norm_backward_##SUFFIX(const T* gradient, int64_t gradient_stride, const float* stream,              \
                                         const float* scale, const float* weight, float* total, float* of_weight,      \
                                         int64_t num_rows, int64_t size) {                                             \
    brewslm::norm_backward<T>(gradient, gradient_stride, stream, scale, weight, total, of_weight, num_rows, size);     \
  }                                                                                                                    \
  extern "C" void rotate_##SUFFIX(T* heads, int64_t stride, const float* cosines, const float* sines,                  \
                                  float direction, int64_t num_rows, int64_t num_heads, int64_t head_size) {           \
    brewslm::rotate<T>(heads, stride, cosines, sines, direction, num_rows, num_heads, head_size);                      \
  }                                                                                                                    \
  extern "C" void swiglu_##SUFFIX(const T* gates, int64_t gate_stride, const T* ups, int64_t up_stride, T* out,        \
                                  int64_t out_stride, int64_t num_rows, int64_t size) {                                \
    brewslm::swiglu<T>(gates, gate_stride, ups, up_stride, out, out_stride, num_rows, size);                           \
  }                                                                                                                    \
  extern "C" void swiglu_backward_##SUFFIX(                                                                            \
      const T* gates, int64_t gate_stride, const T* ups, int64_t up_stride, const T* gradient,                         \
      int64_t gradient_stride, T* of_gates, int64_t of_gate_stride, T* of_ups, int64_t of_up_stride, T* values,        \
      int64_t values_stride, int64_t num_rows, int64_t size) {                                                         \
    brewslm::swiglu_backward<T>(gates, gate_stride, ups, up_stride, gradient, gradient_stride, of_gates,               \
                                of_gate_stride, of_ups, of_up_stride, values, values_stride, num_rows, size);          \
  }                                                                                                                    \
  extern "C" void cross_entropy_##SUFFIX(T* logits, int64_t stride, const int64_t* targets, float scale,               \
                                         float* losses, int64_t vocabulary, int64_t num_labels) {                      \
    brewslm::cross_entropy<T>(logits, stride, targets, scale, losses, vocabulary, num_labels);                         \
  }

EXPORT(float32, float)
EXPORT(bfloat16, c10::BFloat16)
