// What the convolutions share: sizes, sides of kernels, and the gradient of the bias.
#pragma once
#include "vectors.h"

namespace bal {
namespace {

// The height or width of an image whose convolution has that of `output`.
inline std::int64_t input(Convolution k, std::int64_t output) { return output + k.side - 1 - 2 * k.padding; }

// The side of a kernel as a type, so that loops over it are unrolled.
template <int N>
struct Side {
  static constexpr int VALUE = N;
};

template <typename Function>
void for_side(std::int64_t side, Function function) {
  switch (side) {
    case 1: return function(Side<1>{});
    case 3: return function(Side<3>{});
    case 5: return function(Side<5>{});
    case 7: return function(Side<7>{});
  }
}

// The sum over one image of the gradients that pass, added to grad_bias. `sums`: [c], overwritten.
template <typename T>
void add_bias_gradient(Features f, const T* grad_out, const std::uint8_t* where, Buffer& sums, float* grad_bias) {
  sums.clear();
  for (std::int64_t pixel = 0; pixel < (f.h / 2) * (f.w / 2) * f.c; pixel += f.c) {
    for (std::int64_t c = 0; c < f.c; c += LANES) {
      const Ints passes = load_where(where + pixel + c) != NOWHERE;
      store(sums.data() + c, load(sums.data() + c) + (passes ? load(grad_out + pixel + c) : Floats{}));
    }
  }
  for (std::int64_t c = 0; c < f.c; ++c) grad_bias[c] += sums.data()[c];
}

}  // namespace
}  // namespace bal
