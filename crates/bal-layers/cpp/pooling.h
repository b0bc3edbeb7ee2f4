// Max-pooling, with the ReLU of it or without.
#pragma once
#include "vectors.h"

namespace bal {
namespace {

// The maximum of four, or its ReLU, and where it is. A NaN wins, as in max_pool2d.
template <typename T>
inline void store_maximum(const Floats (&window)[4], bool relu, T* out, std::uint8_t* where) {
  Floats best = window[0];
  Ints place = {};
  for (int p = 1; p < 4; ++p) {
    const Ints wins = (window[p] > best) | (window[p] != window[p]);
    best = wins ? window[p] : best;
    place = wins ? Ints{} + p : place;
  }
  const Ints held = (best <= 0.0f) & (Ints{} - relu);
  store(out, held ? Floats{} : best);
  const Bytes bytes = __builtin_convertvector(held ? Ints{} + NOWHERE : place, Bytes);
  std::memcpy(where, &bytes, sizeof bytes);
}

template <typename T>
void pool_forward(Features f, bool relu, const T* in, T* out, std::uint8_t* where) {
  const std::int64_t row = f.w * f.c;
  for (std::int64_t image = 0; image < f.n; ++image, in += f.h * row) {
    for (std::int64_t y = 0; y < f.h / 2; ++y) {
      for (std::int64_t x = 0; x < f.w / 2; ++x, out += f.c, where += f.c) {
        const T* corner = in + 2 * y * row + 2 * x * f.c;
        for (std::int64_t c = 0; c < f.c; c += LANES) {
          const Floats window[4] = {load(corner + c), load(corner + f.c + c), load(corner + row + c),
                                    load(corner + row + f.c + c)};
          store_maximum(window, relu, out + c, where + c);
        }
      }
    }
  }
}

template <typename T>
void pool_backward(Features f, const T* grad_out, const std::uint8_t* where, T* grad_in) {
  const std::int64_t row = f.w * f.c;
  const bool covered = f.h % 2 == 0 && f.w % 2 == 0;
  if (!covered) {
    std::memset(static_cast<void*>(grad_in), 0, sizeof(T) * f.n * f.h * row);
  }
  for (std::int64_t image = 0; image < f.n; ++image, grad_in += f.h * row) {
    for (std::int64_t y = 0; y < f.h / 2; ++y) {
      for (std::int64_t x = 0; x < f.w / 2; ++x, grad_out += f.c, where += f.c) {
        T* corner = grad_in + 2 * y * row + 2 * x * f.c;
        for (std::int64_t c = 0; c < f.c; c += LANES) {
          const Floats gradient = load(grad_out + c);
          const Ints place = load_where(where + c);
          store(corner + c, (place == 0) ? gradient : Floats{});
          store(corner + f.c + c, (place == 1) ? gradient : Floats{});
          store(corner + row + c, (place == 2) ? gradient : Floats{});
          store(corner + row + f.c + c, (place == 3) ? gradient : Floats{});
        }
      }
    }
  }
}

}  // namespace
}  // namespace bal
