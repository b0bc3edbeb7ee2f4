// The loops of the fused layers, on plain memory. No LibTorch here: kernels.cpp is compiled once for each
// instruction set, and a header of inline functions compiled with a newer one could leak into the rest.
//
// Memory order: images [n][c][h][w]; features [n][h][w][c]. Features after pooling are [n][h/2][w/2][c]:
// an odd last row or column is dropped, as max_pool2d does. c is a multiple of LANES.
//
// `where` has one byte for each pooled value: the place of the maximum in its 2x2 window, 0..3 in reading
// order, the first of equal ones; or NOWHERE if the ReLU holds it at zero, so that no gradient passes.
#pragma once
#include <cstdint>

namespace bal {

// Channels that a kernel takes at once.
constexpr std::int64_t LANES = 8;
constexpr std::uint8_t NOWHERE = 4;

struct Bfloat16 {
  std::uint16_t bits;
};

// h and w: height and width before pooling.
struct Features {
  std::int64_t n, h, w, c;
};

// A convolution of stride 1: a square kernel on `channels`, `padding` zeros around the image.
// There are kernels for sides of 1, 3, 5 and 7.
struct Convolution {
  std::int64_t channels, side, padding;
};

// `relu` asks for the ReLU of what is pooled; without it no byte of `where` is NOWHERE.
template <typename T>
struct Pool {
  // out = max over 2x2 windows of in
  void (*forward)(Features, bool relu, const T* in, T* out, std::uint8_t* where);
  // Writes every value of grad_in.
  void (*backward)(Features, const T* grad_out, const std::uint8_t* where, T* grad_in);
};

// The first layer: few input channels, so that a library's convolution is mostly padding, and an output that
// is large before pooling and is never written here. `f.c` counts output channels.
// Weights [c][channels][side][side], in fp32 also where T is not.
template <typename T>
struct Stem {
  // out = max over 2x2 windows of (x * weight + bias)
  void (*forward)(Features f, Convolution k, bool relu, const T* x, const float* weight, const float* bias, T* out,
                  std::uint8_t* where);
  void (*backward_input)(Features f, Convolution k, const float* weight, const T* grad_out, const std::uint8_t* where,
                         T* grad_x);
  void (*backward_weights)(Features f, Convolution k, const T* x, const T* grad_out, const std::uint8_t* where,
                           float* grad_weight, float* grad_bias);
};

// A convolution on channels that fill vectors, followed by Pool. Backward, at most a quarter of the convolution's outputs,
// and fewer with the ReLU, have a gradient: only those are visited, where a library's convolution would multiply
// zeros. `f.c` counts output channels; x is [n][h][w][channels], weights [c][side][side][channels]; channels is a
// multiple of LANES. Weights are in fp32 also where T is not.
template <typename T>
struct PooledConvolution {
  // Kernels of 3x3: out = max over 2x2 windows of (x * weight + bias)
  void (*forward_3x3)(Features f, Convolution k, bool relu, const T* x, const float* weight, const float* bias, T* out,
                      std::uint8_t* where);
  void (*backward_input)(Features f, Convolution k, const float* weight, const T* grad_out, const std::uint8_t* where,
                         T* grad_x);
  void (*backward_weights)(Features f, Convolution k, const T* x, const T* grad_out, const std::uint8_t* where,
                           float* grad_weight, float* grad_bias);
};

template <typename T>
struct For {
  Pool<T> pool;
  Stem<T> stem;
  PooledConvolution<T> convolution;
};

struct Kernels {
  For<float> fp32;
  For<Bfloat16> bfloat16;
};

// Those for any processor, and those for x86-64 with AVX2 and FMA.
const Kernels* baseline_kernels();
const Kernels* avx2_kernels();

}  // namespace bal
