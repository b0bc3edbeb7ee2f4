// The fused layers as nodes of LibTorch's autograd, and their C interface.
#include <torch/torch.h>

#include <cstdio>
#include <exception>

#include "kernels.h"

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Beyond this many input channels a library's convolution is no longer mostly padding.
constexpr std::int64_t STEM_CHANNELS = 4;

const bal::Kernels& kernels() {
#ifndef BAL_NO_AVX2
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) return *bal::avx2_kernels();
#endif
  return *bal::baseline_kernels();
}

// What kernels.h calls T, for each element type of LibTorch.
template <typename T>
T* data(const at::Tensor& x) {
  return static_cast<T*>(x.data_ptr());
}

template <typename Function>
void for_type(at::ScalarType type, Function function) {
  if (type == at::kFloat) {
    function(float{}, kernels().fp32);
  } else {
    function(bal::Bfloat16{}, kernels().bfloat16);
  }
}

bool has_kernels(const at::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

at::Tensor fp32(const at::Tensor& x) { return x.to(at::kFloat).contiguous(); }

at::Tensor channels_last(const at::Tensor& x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }

// Features [n, c, h, w], channels innermost.
at::Tensor features(std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w, const at::TensorOptions& options) {
  return at::empty({n, c, h, w}, options.memory_format(at::MemoryFormat::ChannelsLast));
}

bal::Features shape(const at::Tensor& before_pooling) {
  return {before_pooling.size(0), before_pooling.size(2), before_pooling.size(3), before_pooling.size(1)};
}

// Max-pool 2x2, and the ReLU of it if asked for.
struct Pool : torch::autograd::Function<Pool> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, bool relu) {
    const at::Tensor in = channels_last(input);
    const bal::Features f = shape(in);
    at::Tensor out = features(f.n, f.c, f.h / 2, f.w / 2, in.options());
    at::Tensor where = at::empty({out.numel()}, at::kByte);
    for_type(in.scalar_type(), [&](auto t, auto kernels) {
      using T = decltype(t);
      kernels.pool.forward(f, relu, data<T>(in), data<T>(out), data<std::uint8_t>(where));
    });
    context->save_for_backward({where});
    context->saved_data["shape"] = in.sizes().vec();
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const at::Tensor where = context->get_saved_variables()[0];
    const auto size = context->saved_data["shape"].toIntVector();
    const at::Tensor grad_out = channels_last(grads[0]);
    at::Tensor grad_in = features(size[0], size[1], size[2], size[3], grad_out.options());
    for_type(grad_out.scalar_type(), [&](auto t, auto kernels) {
      using T = decltype(t);
      kernels.pool.backward(shape(grad_in), data<T>(grad_out), data<std::uint8_t>(where), data<T>(grad_in));
    });
    return {grad_in, {}};
  }
};

// The convolution of `weight`, [c, channels, side, side].
bal::Convolution convolution(const at::Tensor& weight, std::int64_t padding) {
  return {weight.size(1), weight.size(2), padding};
}

// What that convolution of x has before pooling.
bal::Features convolved(const at::Tensor& x, const at::Tensor& weight, std::int64_t padding) {
  const std::int64_t more = 2 * padding - weight.size(2) + 1;
  return {x.size(0), x.size(2) + more, x.size(3) + more, weight.size(0)};
}

// Those gradients of a convolution with its pooling that are asked for, by the kernels that `select` picks, which have
// images and weights in `layout`. Saved: images, weights, where the maxima were; and the padding.
template <typename Select>
variable_list gradients(AutogradContext* context, const variable_list& grads, at::MemoryFormat layout, Select select) {
  const variable_list saved = context->get_saved_variables();
  const at::Tensor &x = saved[0], &weight = saved[1], &where = saved[2];
  const std::int64_t padding = context->saved_data["padding"].toInt();
  const at::Tensor grad_out = channels_last(grads[0]);
  const bal::Features f = convolved(x, weight, padding);
  const bal::Convolution k = convolution(weight, padding);
  at::Tensor grad_x, grad_weight, grad_bias;
  for_type(grad_out.scalar_type(), [&](auto t, auto kernels) {
    using T = decltype(t);
    const auto of = select(kernels);
    if (context->needs_input_grad(0)) {
      grad_x = at::empty_like(x, layout);
      const at::Tensor w = weight.to(at::kFloat).contiguous(layout);
      of.backward_input(f, k, data<float>(w), data<T>(grad_out), data<std::uint8_t>(where), data<T>(grad_x));
    }
    if (context->needs_input_grad(1) || context->needs_input_grad(2)) {
      grad_weight = at::empty_like(weight, weight.options().dtype(at::kFloat), layout);
      grad_bias = at::empty({f.c}, weight.options().dtype(at::kFloat));
      of.backward_weights(f, k, data<T>(x), data<T>(grad_out), data<std::uint8_t>(where), data<float>(grad_weight),
                          data<float>(grad_bias));
      grad_weight = grad_weight.to(weight.scalar_type());
      grad_bias = grad_bias.to(weight.scalar_type());
    }
  });
  return {grad_x, grad_weight, grad_bias, {}, {}};
}

// Convolution on few channels, max-pool 2x2, and the ReLU of it if asked for.
struct Stem : torch::autograd::Function<Stem> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& bias, std::int64_t padding, bool relu) {
    const at::Tensor x = input.contiguous();
    const bal::Features f = convolved(x, weight, padding);
    at::Tensor out = features(f.n, f.c, f.h / 2, f.w / 2, x.options());
    at::Tensor where = at::empty({out.numel()}, at::kByte);
    const at::Tensor w = fp32(weight), b = fp32(bias);
    for_type(x.scalar_type(), [&](auto t, auto kernels) {
      using T = decltype(t);
      kernels.stem.forward(f, convolution(weight, padding), relu, data<T>(x), data<float>(w), data<float>(b),
                           data<T>(out), data<std::uint8_t>(where));
    });
    context->save_for_backward({x, weight, where});
    context->saved_data["padding"] = padding;
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    return gradients(context, grads, at::MemoryFormat::Contiguous, [](const auto& kernels) { return kernels.stem; });
  }
};

// The same on channels that fill vectors. Forward, kernels of other sides than 3 are left to LibTorch's convolution.
struct ConvPool : torch::autograd::Function<ConvPool> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& bias, std::int64_t padding, bool relu) {
    const at::Tensor x = channels_last(input);
    const bal::Features f = convolved(x, weight, padding);
    at::Tensor out = features(f.n, f.c, f.h / 2, f.w / 2, x.options());
    at::Tensor where = at::empty({out.numel()}, at::kByte);
    for_type(x.scalar_type(), [&](auto t, auto kernels) {
      using T = decltype(t);
      if (weight.size(2) == 3) {
        const at::Tensor w = channels_last(weight.to(at::kFloat)), b = fp32(bias);
        kernels.convolution.forward_3x3(f, convolution(weight, padding), relu, data<T>(x), data<float>(w),
                                        data<float>(b), data<T>(out), data<std::uint8_t>(where));
      } else {
        const at::Tensor before =
            channels_last(at::conv2d(x, channels_last(weight), bias, {1, 1}, {padding, padding}));
        kernels.pool.forward(f, relu, data<T>(before), data<T>(out), data<std::uint8_t>(where));
      }
    });
    context->save_for_backward({x, weight, where});
    context->saved_data["padding"] = padding;
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    return gradients(context, grads, at::MemoryFormat::ChannelsLast,
                     [](const auto& kernels) { return kernels.convolution; });
  }
};

at::Tensor pool(const at::Tensor& x, bool relu) {
  const bool fits = has_kernels(x) && x.dim() == 4 && x.size(1) % bal::LANES == 0 && x.size(2) >= 2 && x.size(3) >= 2;
  if (fits) return Pool::apply(x, relu);
  const at::Tensor pooled = at::max_pool2d(x, {2, 2});
  return relu ? at::relu(pooled) : pooled;
}

// How many more channels fill vectors.
std::int64_t missing(std::int64_t channels) { return (bal::LANES - channels % bal::LANES) % bal::LANES; }

// Whether the kernels take this; otherwise LibTorch does, or says what is wrong.
bool fits(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, std::int64_t padding) {
  if (!has_kernels(x) || x.dim() != 4 || weight.dim() != 4 || weight.size(1) != x.size(1)) return false;
  const std::int64_t side = weight.size(2);
  const bool known = (side == 1 || side == 3 || side == 5 || side == 7) && weight.size(3) == side;
  if (!known || padding < 0 || padding >= side || bias.dim() != 1 || bias.size(0) != weight.size(0)) return false;
  const bal::Features f = convolved(x, weight, padding);
  return f.h >= 2 && f.w >= 2;
}

at::Tensor conv_pool(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, std::int64_t padding,
                     bool relu) {
  if (!fits(x, weight, bias, padding)) return pool(at::conv2d(x, weight, bias, {1, 1}, {padding, padding}), relu);
  // Channels of zeros fill the last vector, and are cut off again.
  const std::int64_t c = weight.size(0), more = missing(c);
  if (more > 0) {
    const at::Tensor wide = conv_pool(x, at::constant_pad_nd(weight, {0, 0, 0, 0, 0, 0, 0, more}),
                                      at::constant_pad_nd(bias, {0, more}), padding, relu);
    return wide.narrow(1, 0, c);
  }
  if (x.size(1) <= STEM_CHANNELS) return Stem::apply(x, weight, bias, padding, relu);
  if (const std::int64_t more_x = missing(x.size(1)); more_x > 0) {
    return ConvPool::apply(at::constant_pad_nd(channels_last(x), {0, 0, 0, 0, 0, more_x}),
                           at::constant_pad_nd(channels_last(weight), {0, 0, 0, 0, 0, more_x}), bias, padding, relu);
  }
  return ConvPool::apply(x, weight, bias, padding, relu);
}

// The result on the heap, or null with what went wrong in `message`.
template <typename Function>
at::Tensor* guarded(Function function, char* message, std::size_t capacity) {
  try {
    return new at::Tensor(function());
  } catch (const std::exception& error) {
    std::snprintf(message, capacity, "%s", error.what());
  } catch (...) {
    std::snprintf(message, capacity, "an exception that LibTorch does not describe");
  }
  return nullptr;
}

}  // namespace

extern "C" at::Tensor* bal_pool(const at::Tensor* x, bool relu, char* message, std::size_t capacity) {
  return guarded([&] { return pool(*x, relu); }, message, capacity);
}

extern "C" at::Tensor* bal_conv_pool(const at::Tensor* x, const at::Tensor* weight, const at::Tensor* bias,
                                     std::int64_t padding, bool relu, char* message, std::size_t capacity) {
  return guarded([&] { return conv_pool(*x, *weight, *bias, padding, relu); }, message, capacity);
}
