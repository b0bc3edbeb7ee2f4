// See kernels.h. BAL_KERNELS names the function that hands out this compilation's kernels.
#include "kernels.h"

#include "pooled_convolution.h"
#include "pooling.h"
#include "stem.h"
#include "winograd.h"

namespace bal {
namespace {

// The kernels for any side.

template <typename T>
void any_stem_forward(Features f, Convolution k, bool relu, const T* x, const float* weight, const float* bias, T* out,
                      std::uint8_t* where) {
  for_side(k.side, [&](auto side) { stem_forward<decltype(side)::VALUE>(f, k, relu, x, weight, bias, out, where); });
}

template <typename T>
void any_stem_backward_input(Features f, Convolution k, const float* weight, const T* grad_out,
                             const std::uint8_t* where, T* grad_x) {
  for_side(k.side, [&](auto side) {
    stem_backward_input<decltype(side)::VALUE>(f, k, weight, grad_out, where, grad_x);
  });
}

template <typename T>
void any_stem_backward_weights(Features f, Convolution k, const T* x, const T* grad_out, const std::uint8_t* where,
                               float* grad_weight, float* grad_bias) {
  for_side(k.side, [&](auto side) {
    stem_backward_weights<decltype(side)::VALUE>(f, k, x, grad_out, where, grad_weight, grad_bias);
  });
}

template <typename T>
void any_convolution_backward_input(Features f, Convolution k, const float* weight, const T* grad_out,
                                    const std::uint8_t* where, T* grad_x) {
  for_side(k.side, [&](auto side) {
    convolution_backward_input<decltype(side)::VALUE>(f, k, weight, grad_out, where, grad_x);
  });
}

template <typename T>
void any_convolution_backward_weights(Features f, Convolution k, const T* x, const T* grad_out,
                                      const std::uint8_t* where, float* grad_weight, float* grad_bias) {
  for_side(k.side, [&](auto side) {
    convolution_backward_weights<decltype(side)::VALUE>(f, k, x, grad_out, where, grad_weight, grad_bias);
  });
}

template <typename T>
constexpr For<T> KERNELS_FOR = {
    {pool_forward<T>, pool_backward<T>},
    {any_stem_forward<T>, any_stem_backward_input<T>, any_stem_backward_weights<T>},
    {winograd_forward<T>, any_convolution_backward_input<T>, any_convolution_backward_weights<T>},
};
constexpr Kernels KERNELS = {KERNELS_FOR<float>, KERNELS_FOR<Bfloat16>};

}  // namespace

const Kernels* BAL_KERNELS() { return &KERNELS; }

}  // namespace bal
