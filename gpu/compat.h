// Lets tch 0.26, which is made for LibTorch 2.13, be compiled against an older LibTorch: what it wraps and the older one lacks is
// declared here, and throws where it is called. Nothing of this project calls any of it.
//
// Given to the compiler by `-include` (gpu/pack.sh). The kernels of bal-layers are compiled without LibTorch's folder.
#pragma once
#if __has_include(<torch/version.h>)
#include <torch/version.h>
#if TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR < 12
#include <torch/torch.h>

#define BAL_ABSENT(result, name)                                             \
  template <typename... Arguments>                                           \
  result name(Arguments&&...) {                                              \
    TORCH_CHECK(false, #name " is not in this LibTorch");                    \
  }

namespace torch {
BAL_ABSENT(at::Tensor, _philox_key_split)
BAL_ABSENT(at::Tensor, _philox_key_fold_in)
BAL_ABSENT(at::Tensor, _philox_normal)
BAL_ABSENT(at::Tensor, _philox_normal_)
BAL_ABSENT(at::Tensor, _philox_normal_out)
BAL_ABSENT(at::Tensor, _philox_uniform)
BAL_ABSENT(at::Tensor, _philox_uniform_)
BAL_ABSENT(at::Tensor, _philox_uniform_out)
BAL_ABSENT(at::Tensor, _upsample_lanczos2d_aa)
BAL_ABSENT(at::Tensor, _upsample_lanczos2d_aa_out)
BAL_ABSENT(at::Tensor, _upsample_lanczos2d_aa_backward)
BAL_ABSENT(at::Tensor, _upsample_lanczos2d_aa_backward_out)
BAL_ABSENT(at::Tensor, _flash_attention_forward_no_dropout_inplace)
using AbsentPair = std::tuple<at::Tensor, at::Tensor>;
// There, with an argument less.
BAL_ABSENT(AbsentPair, _scaled_dot_product_attention_math_for_mps)
}  // namespace torch

#undef BAL_ABSENT
#endif
#endif
