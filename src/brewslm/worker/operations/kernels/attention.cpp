// Causal attention within each example of a packed row, forward and backward, in blocks that stay in the cache.
// The heads are those of Ainslie et al. 2023 (arXiv:2305.13245); recomputing the weights in the backward pass from the
// sums of the forward pass is that of Dao et al. 2022 (arXiv:2205.14135).
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <vector>

#include "tiles.h"

namespace brewslm {

constexpr int64_t ROWS_OF_BLOCK = 48;  // queries of a block times heads of a group; a multiple of TILE_ROWS

// One example: its rows of keys and values, and its queries.
struct Span {
  int64_t first, end, first_query, end_query;
};

struct Shape {
  int64_t num_heads, num_groups, head_size;
  int64_t query_stride, key_stride, value_stride;  // between rows of [num_rows, heads, head_size]
  int64_t values_stride;                // between rows of [num_queries, num_heads * head_size]
  int64_t num_queries;
  const int64_t* query_rows;            // the row of each query, or null where each row has one
  int64_t num_spans;
  const Span* spans;
  int64_t window;                       // 0 for none
  float scaling;

  int64_t heads_of_group() const { return num_heads / num_groups; }
  int64_t padded_size() const { return round_up(head_size, TILE_COLUMNS); }
};

// A block of queries of all heads of a group: row r is query first + r / heads_of_group, head r % heads_of_group.
struct Block {
  int64_t first, num_rows;
  int64_t begin, end;  // the keys that any of them sees, rounded out to whole tiles
};

// Memory of a thread that lasts from call to call.
class Buffer {
 public:
  float* take(int64_t size) {
    if (static_cast<int64_t>(values_.size()) < size) values_.resize(size);
    return values_.data();
  }
  float* zeros(int64_t size) {
    float* values = take(size);
    std::fill(values, values + size, 0.0f);
    return values;
  }

 private:
  std::vector<float> values_;
};

// Copies rows side by side, with zeros up to `padded` numbers each.
template <typename T>
void copy_rows(const T* from, int64_t stride, int64_t num_rows, int64_t size, int64_t padded, float factor, float* to) {
  for (int64_t row = 0; row < num_rows; ++row) {
    for_pieces(size, [&](int64_t i, int64_t n) { store(to + row * padded + i, load(from + row * stride + i, n) * Vec(factor), n); });
    std::fill(to + row * padded + size, to + (row + 1) * padded, 0.0f);
  }
}

// Copies rows as columns, with zeros up to `padded_rows` numbers each.
template <typename T>
void copy_columns(const T* from, int64_t stride, int64_t num_rows, int64_t size, int64_t padded_rows, float* to) {
  constexpr int64_t AT_A_TIME = 16;  // a line of the cache: what is written stays there until it is full
  for (int64_t first = 0; first < num_rows; first += AT_A_TIME) {
    const int64_t end = std::min(num_rows, first + AT_A_TIME);
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t row = first; row < end; ++row) to[i * padded_rows + row] = static_cast<float>(from[row * stride + i]);
    }
  }
  for (int64_t i = 0; i < size; ++i) std::fill(to + i * padded_rows + num_rows, to + (i + 1) * padded_rows, 0.0f);
}

// Which keys of the example a query sees: [first, end).
struct Seen {
  int64_t first, end;
};

inline Seen seen_by(const Shape& shape, const Span& span, int64_t query) {
  const int64_t row = shape.query_rows ? shape.query_rows[query] : query;
  const int64_t end = row - span.first + 1;
  return {shape.window ? std::max<int64_t>(0, end - shape.window) : 0, end};
}

inline Block block_at(const Shape& shape, const Span& span, int64_t query) {
  const int64_t group = shape.heads_of_group();
  const int64_t num_queries = std::min(std::max<int64_t>(1, ROWS_OF_BLOCK / group), span.end_query - query);
  return {query, num_queries * group, seen_by(shape, span, query).first / TILE_COLUMNS * TILE_COLUMNS,
          round_up(seen_by(shape, span, query + num_queries - 1).end, TILE_COLUMNS)};
}

// Runs body(span, group) for all of them, the longest examples first, on all threads.
template <typename Body>
void for_tasks(const Shape& shape, const Body& body) {
  std::vector<int64_t> order(shape.num_spans);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return shape.spans[a].end - shape.spans[a].first > shape.spans[b].end - shape.spans[b].first;
  });
  std::atomic<int64_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    for (int64_t task = next++; task < shape.num_spans * shape.num_groups; task = next++) {
      body(shape.spans[order[task / shape.num_groups]], task % shape.num_groups);
    }
  });
}

// Copies the rows of a block, [num_queries, heads_of_group, head_size], out of all queries.
template <typename T>
void copy_block(const T* from, int64_t stride, const Shape& shape, const Block& block, int64_t group, float factor,
                float* to) {
  const int64_t heads = shape.heads_of_group(), padded = shape.padded_size();
  for (int64_t query = 0; query < block.num_rows / heads; ++query) {
    const T* row = from + (block.first + query) * stride + group * heads * shape.head_size;
    copy_rows(row, shape.head_size, heads, shape.head_size, padded, factor, to + query * heads * padded);
  }
}

template <typename T>
void write_block(const float* from, const Shape& shape, const Block& block, int64_t group, const float* factors,
                 float factor, T* to, int64_t stride) {
  const int64_t heads = shape.heads_of_group(), padded = shape.padded_size();
  for (int64_t r = 0; r < block.num_rows; ++r) {
    T* row = to + (block.first + r / heads) * stride + (group * heads + r % heads) * shape.head_size;
    const Vec scale(factors ? factors[r] : factor);
    for_pieces(shape.head_size, [&](int64_t i, int64_t n) { store(row + i, load(from + r * padded + i, n) * scale, n); });
  }
}

// Zero what a query does not see of [begin, end).
inline void hide(float* row, const Block& block, const Seen& seen) {
  std::fill(row, row + std::max<int64_t>(0, seen.first - block.begin), 0.0f);
  std::fill(row + seen.end - block.begin, row + block.end - block.begin, 0.0f);
}

template <typename T>
void attend(const T* query, const T* key, const T* value, const Shape& shape, T* values, float* log_sums) {
  const int64_t size = shape.head_size, padded = shape.padded_size(), heads = shape.heads_of_group();
  for_tasks(shape, [&](const Span& span, int64_t group) {
    static thread_local Buffer keys, value_rows, queries, weights, sums, inverses;
    const int64_t num_keys = span.end - span.first, columns = round_up(num_keys, TILE_COLUMNS);
    const int64_t most_rows = std::max(ROWS_OF_BLOCK, heads);
    float* k = keys.take(size * columns);
    float* v = value_rows.zeros(columns * padded);
    copy_columns(key + span.first * shape.key_stride + group * size, shape.key_stride, num_keys, size, columns, k);
    copy_rows(value + span.first * shape.value_stride + group * size, shape.value_stride, num_keys, size, padded, 1.0f, v);
    float* q = queries.take(most_rows * padded);
    float* w = weights.take(most_rows * columns);
    float* o = sums.take(most_rows * padded);
    float* inverse = inverses.take(most_rows);
    for (int64_t first = span.first_query; first < span.end_query; first += std::max<int64_t>(1, ROWS_OF_BLOCK / heads)) {
      const Block block = block_at(shape, span, first);
      const int64_t seen_columns = block.end - block.begin;
      copy_block(query, shape.query_stride, shape, block, group, shape.scaling, q);
      multiply<false>({q, padded, 1}, k + block.begin, columns, size, w, columns, block.num_rows, seen_columns);
      for (int64_t r = 0; r < block.num_rows; ++r) {
        float* row = w + r * columns;
        const Seen seen = seen_by(shape, span, first + r / heads);
        const int64_t begin = seen.first - block.begin, count = seen.end - seen.first;
        Vec largest(-INFINITY);
        for_pieces(count, [&](int64_t i, int64_t n) {
          const Vec scores = load(row + begin + i, n);
          largest = at::vec::maximum(largest, n == WIDTH ? scores : Vec::set(largest, scores, n));
        });
        const float top = largest_of(largest);
        Vec total(0.0f);
        for_pieces(count, [&](int64_t i, int64_t n) {
          const Vec powers = (load(row + begin + i, n) - Vec(top)).exp_u20();
          store(row + begin + i, powers, n);
          total = total + (n == WIDTH ? powers : Vec::set(Vec(0.0f), powers, n));
        });
        hide(row, block, seen);
        const float sum = sum_of(total);
        inverse[r] = 1.0f / sum;
        log_sums[(group * heads + r % heads) * shape.num_queries + first + r / heads] = top + std::log(sum);
      }
      multiply<false>({w, columns, 1}, v + block.begin * padded, padded, seen_columns, o, padded, block.num_rows, padded);
      write_block(o, shape, block, group, inverse, 0.0f, values, shape.values_stride);
    }
  });
}

// The gradient of the scores from that of the weights: w * (dw - sum(w * dw)), where the sum is that of output * its gradient.
template <typename T>
void attend_backward(const T* gradient, int64_t gradient_stride, const T* query, const T* key, const T* value,
                     const Shape& shape, const T* values, const float* log_sums, T* of_query, int64_t of_query_stride,
                     T* of_key, T* of_value, int64_t of_key_stride) {
  const int64_t size = shape.head_size, padded = shape.padded_size(), heads = shape.heads_of_group();
  for_tasks(shape, [&](const Span& span, int64_t group) {
    static thread_local Buffer keys, key_columns, value_columns, queries, outers, weights, scores, sums, key_sums, value_sums;
    const int64_t num_keys = span.end - span.first, columns = round_up(num_keys, TILE_COLUMNS);
    const int64_t most_rows = std::max(ROWS_OF_BLOCK, heads);
    float* k = keys.zeros(columns * padded);
    float* kc = key_columns.take(size * columns);
    float* vc = value_columns.take(size * columns);
    const T* key_rows = key + span.first * shape.key_stride + group * size;
    const T* value_rows = value + span.first * shape.value_stride + group * size;
    copy_rows(key_rows, shape.key_stride, num_keys, size, padded, 1.0f, k);
    copy_columns(key_rows, shape.key_stride, num_keys, size, columns, kc);
    copy_columns(value_rows, shape.value_stride, num_keys, size, columns, vc);
    float* q = queries.take(most_rows * padded);
    float* outer = outers.take(most_rows * padded);
    float* w = weights.take(most_rows * columns);
    float* s = scores.take(most_rows * columns);
    float* dq = sums.take(most_rows * padded);
    float* dk = key_sums.zeros(columns * padded);
    float* dv = value_sums.zeros(columns * padded);
    for (int64_t first = span.first_query; first < span.end_query; first += std::max<int64_t>(1, ROWS_OF_BLOCK / heads)) {
      const Block block = block_at(shape, span, first);
      const int64_t seen_columns = block.end - block.begin;
      copy_block(query, shape.query_stride, shape, block, group, shape.scaling, q);
      copy_block(gradient, gradient_stride, shape, block, group, 1.0f, outer);
      multiply<false>({q, padded, 1}, kc + block.begin, columns, size, w, columns, block.num_rows, seen_columns);
      multiply<false>({outer, padded, 1}, vc + block.begin, columns, size, s, columns, block.num_rows, seen_columns);
      for (int64_t r = 0; r < block.num_rows; ++r) {
        const int64_t head = group * heads + r % heads, at = first + r / heads;
        const T* output = values + at * shape.values_stride + head * size;
        Vec along(0.0f);
        for_pieces(size, [&](int64_t i, int64_t n) { along = at::vec::fmadd(load(outer + r * padded + i, n), load(output + i, n), along); });
        const Vec inner(sum_of(along)), log_sum(log_sums[head * shape.num_queries + at]);
        const Seen seen = seen_by(shape, span, at);
        float* weight = w + r * columns + seen.first - block.begin;
        float* score = s + r * columns + seen.first - block.begin;
        for_pieces(seen.end - seen.first, [&](int64_t i, int64_t n) {
          const Vec powers = (load(weight + i, n) - log_sum).exp_u20();
          store(score + i, powers * (load(score + i, n) - inner), n);
          store(weight + i, powers, n);
        });
        hide(w + r * columns, block, seen);
        hide(s + r * columns, block, seen);
      }
      multiply<false>({s, columns, 1}, k + block.begin * padded, padded, seen_columns, dq, padded, block.num_rows, padded);
      write_block(dq, shape, block, group, nullptr, shape.scaling, of_query, of_query_stride);
      multiply<true>({w, 1, columns}, outer, padded, block.num_rows, dv + block.begin * padded, padded, seen_columns, padded);
      multiply<true>({s, 1, columns}, q, padded, block.num_rows, dk + block.begin * padded, padded, seen_columns, padded);
    }
    for (int64_t row = 0; row < num_keys; ++row) {
      for_pieces(size, [&](int64_t i, int64_t n) {
        store(of_key + (span.first + row) * of_key_stride + group * size + i, load(dk + row * padded + i, n), n);
        store(of_value + (span.first + row) * of_key_stride + group * size + i, load(dv + row * padded + i, n), n);
      });
    }
  });
}

}  // namespace brewslm

#define EXPORT(SUFFIX, T)                                                                                              \
  extern "C" void attend_##SUFFIX(const T* query, const T* key, const T* value, const brewslm::Shape* shape,           \
                                  T* values, float* log_sums) {                                                        \
    brewslm::attend<T>(query, key, value, *shape, values, log_sums);                                                   \
  }                                                                                                                    \
  extern "C" void attend_backward_##SUFFIX(const T* gradient, int64_t gradient_stride, const T* query, const T* key,   \
                                           const T* value, const brewslm::Shape* shape, const T* values,               \
                                           const float* log_sums, T* of_query, int64_t of_query_stride, T* of_key,     \
                                           T* of_value, int64_t of_key_stride) {                                       \
    brewslm::attend_backward<T>(gradient, gradient_stride, query, key, value, *shape, values, log_sums, of_query,      \
                                of_query_stride, of_key, of_value, of_key_stride);                                     \
  }

EXPORT(float32, float)
EXPORT(bfloat16, c10::BFloat16)
