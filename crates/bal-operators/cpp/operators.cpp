// Operators by name, called through the dispatcher, so that autograd sees them as it sees those of PyTorch.

#include <ATen/ScalarOps.h>
#include <ATen/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "guarded.h"

namespace {

// What Rust's `Value` may be, by number.
enum Kind : int { NONE, TENSOR, TENSORS, INT, INTS, FLOAT, FLOATS, BOOL, BOOLS, TEXT, DEVICE, OTHER };

// The type inside an optional one.
c10::TypePtr inner(const c10::TypePtr& type) {
  const auto optional = type->cast<c10::OptionalType>();
  return optional ? optional->getElementType() : type;
}

// The type of a list's items; null for what is no list.
c10::TypePtr item(const c10::TypePtr& type) {
  const auto list = inner(type)->cast<c10::ListType>();
  return list ? list->getElementType() : nullptr;
}

bool is(const c10::TypePtr& type, c10::TypeKind kind) { return type && type->kind() == kind; }

// What Python writes down where C++ wants another type: integers for numbers with a point, numbers for tensors, one number for as
// many as there are dimensions, and lists without items, which have no type of their own.
c10::IValue fitting(const c10::Argument& argument, const c10::IValue& value) {
  const c10::TypePtr one = inner(argument.type()), of_list = item(argument.type());
  if (is(one, c10::TypeKind::FloatType) && value.isInt()) return static_cast<double>(value.toInt());
  if (is(one, c10::TypeKind::TensorType) && value.isScalar()) {
    // It decides no type: a tensor in single precision plus 1.5 stays in single precision.
    at::Tensor number = c10::scalar_to_tensor(value.toScalar());
    number.unsafeGetTensorImpl()->set_wrapped_number(true);
    return number;
  }
  if (!of_list) return value;
  const bool whole = is(of_list, c10::TypeKind::IntType) || is(of_list, c10::TypeKind::SymIntType);
  if (whole && value.isInt() && argument.N()) return std::vector<std::int64_t>(*argument.N(), value.toInt());
  if (!value.isIntList()) return value;
  const auto ints = value.toIntVector();
  if (is(of_list, c10::TypeKind::FloatType)) return std::vector<double>(ints.begin(), ints.end());
  if (ints.empty() && is(of_list, c10::TypeKind::TensorType)) return std::vector<at::Tensor>();
  return value;
}

// Whether the kernel may take `value` for what its schema says: it does not look itself.
bool fits(const c10::TypePtr& type, const c10::IValue& value) {
  if (value.isNone()) return type->cast<c10::OptionalType>() || is(type, c10::TypeKind::NoneType);
  const c10::TypePtr one = inner(type);
  if (is(one, c10::TypeKind::NumberType)) return value.isInt() || value.isDouble() || value.isBool();
  if (is(one, c10::TypeKind::SymIntType)) return value.isInt();
  if (is(item(type), c10::TypeKind::SymIntType)) return value.isIntList();
  return value.type()->isSubtypeOf(*one);
}

Kind kind(const c10::IValue& value) {
  if (value.isNone()) return NONE;
  if (value.isTensor()) return TENSOR;
  if (value.isTensorList()) return TENSORS;
  if (value.isInt() || value.isSymInt()) return INT;
  if (value.isIntList()) return INTS;
  if (value.isDouble()) return FLOAT;
  if (value.isBool()) return BOOL;
  return OTHER;
}

}  // namespace

// A call that is being put together, and then what came of it.
struct BalCall {
  c10::OperatorHandle handle;
  std::vector<std::optional<c10::IValue>> arguments;
  std::vector<c10::IValue> results;
};

extern "C" {

// Null where there is no such operator.
const c10::OperatorHandle* bal_operator_find(const char* name, const char* overload, char* message,
                                             std::size_t capacity) {
  const c10::OperatorHandle* found = nullptr;
  bal::guarded(
      [&] { found = new c10::OperatorHandle(c10::Dispatcher::singleton().findSchemaOrThrow(name, overload)); },
      message, capacity);
  return found;
}

void bal_operator_free(const c10::OperatorHandle* handle) { delete handle; }

// The place of an argument; -1 where there is none of this name.
std::int64_t bal_operator_argument(const c10::OperatorHandle* handle, const char* name) {
  const auto place = handle->schema().argumentIndexWithName(name);
  return place ? *place : -1;
}

std::size_t bal_operator_arguments(const c10::OperatorHandle* handle) { return handle->schema().arguments().size(); }

// Whether the operator writes to the tensor in this place.
bool bal_operator_writes(const c10::OperatorHandle* handle, std::size_t place) {
  const auto* alias = handle->schema().arguments().at(place).alias_info();
  return alias != nullptr && alias->isWrite();
}

BalCall* bal_call_new(const c10::OperatorHandle* handle) {
  return new BalCall{*handle, std::vector<std::optional<c10::IValue>>(handle->schema().arguments().size()), {}};
}

void bal_call_free(BalCall* call) { delete call; }

void bal_call_none(BalCall* call, std::size_t place) { call->arguments[place] = c10::IValue(); }

void bal_call_tensor(BalCall* call, std::size_t place, const at::Tensor* value) { call->arguments[place] = *value; }

// A null pointer is a tensor that is left out, in a list of tensors some of which may be.
void bal_call_tensors(BalCall* call, std::size_t place, const at::Tensor* const* values, std::size_t count) {
  const auto& type = inner(call->handle.schema().arguments().at(place).type());
  const auto list = type->cast<c10::ListType>();
  if (list && list->getElementType()->kind() == c10::TypeKind::OptionalType) {
    c10::List<std::optional<at::Tensor>> some;
    for (std::size_t i = 0; i < count; i++) {
      some.push_back(values[i] ? std::optional<at::Tensor>(*values[i]) : std::nullopt);
    }
    call->arguments[place] = some;
    return;
  }
  std::vector<at::Tensor> all;
  for (std::size_t i = 0; i < count; i++) all.push_back(values[i] ? *values[i] : at::Tensor());
  call->arguments[place] = all;
}

void bal_call_int(BalCall* call, std::size_t place, std::int64_t value) { call->arguments[place] = value; }

void bal_call_ints(BalCall* call, std::size_t place, const std::int64_t* values, std::size_t count) {
  call->arguments[place] = std::vector<std::int64_t>(values, values + count);
}

void bal_call_float(BalCall* call, std::size_t place, double value) { call->arguments[place] = value; }

void bal_call_floats(BalCall* call, std::size_t place, const double* values, std::size_t count) {
  call->arguments[place] = std::vector<double>(values, values + count);
}

void bal_call_bool(BalCall* call, std::size_t place, bool value) { call->arguments[place] = value; }

void bal_call_bools(BalCall* call, std::size_t place, const bool* values, std::size_t count) {
  c10::List<bool> list;
  for (std::size_t i = 0; i < count; i++) list.push_back(values[i]);
  call->arguments[place] = list;
}

void bal_call_text(BalCall* call, std::size_t place, const char* value) {
  call->arguments[place] = std::string(value);
}

// Negative for the CPU, else the number of a GPU.
void bal_call_device(BalCall* call, std::size_t place, int number) {
  call->arguments[place] =
      number < 0 ? c10::Device(c10::kCPU) : c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(number));
}

bool bal_call_run(BalCall* call, char* message, std::size_t capacity) {
  return bal::guarded(
      [&] {
        const auto& wanted = call->handle.schema().arguments();
        std::vector<c10::IValue> stack;
        for (std::size_t i = 0; i < wanted.size(); i++) {
          const c10::Argument& argument = wanted[i];
          if (!call->arguments[i]) {
            TORCH_CHECK(argument.default_value(), "argument `", argument.name(), "` is missing");
            stack.push_back(*argument.default_value());
            continue;
          }
          stack.push_back(fitting(argument, *call->arguments[i]));
          TORCH_CHECK(fits(argument.type(), stack.back()), "argument `", argument.name(), "` is ",
                      stack.back().type()->repr_str(), " where ", argument.type()->repr_str(), " is wanted");
        }
        call->handle.callBoxed(&stack);
        call->results = std::move(stack);
      },
      message, capacity);
}

std::size_t bal_call_results(const BalCall* call) { return call->results.size(); }

int bal_call_kind(const BalCall* call, std::size_t place) { return kind(call->results.at(place)); }

// Null for a tensor that is not defined.
at::Tensor* bal_call_result_tensor(const BalCall* call, std::size_t place) {
  const at::Tensor& tensor = call->results.at(place).toTensor();
  return tensor.defined() ? new at::Tensor(tensor) : nullptr;
}

// How many tensors the list holds, or numbers.
std::size_t bal_call_result_length(const BalCall* call, std::size_t place) {
  const c10::IValue& value = call->results.at(place);
  return value.isTensorList() ? value.toTensorVector().size() : value.toIntVector().size();
}

at::Tensor* bal_call_result_tensor_at(const BalCall* call, std::size_t place, std::size_t item) {
  const at::Tensor tensor = call->results.at(place).toTensorVector().at(item);
  return tensor.defined() ? new at::Tensor(tensor) : nullptr;
}

std::int64_t bal_call_result_int_at(const BalCall* call, std::size_t place, std::size_t item) {
  return call->results.at(place).toIntVector().at(item);
}

// Whether there was an integer; one that only tracing knows is none.
bool bal_call_result_int(const BalCall* call, std::size_t place, std::int64_t* value) {
  const c10::IValue& result = call->results.at(place);
  if (result.isInt()) {
    *value = result.toInt();
    return true;
  }
  const auto known = result.toSymInt().maybe_as_int();
  if (known) *value = *known;
  return known.has_value();
}

double bal_call_result_float(const BalCall* call, std::size_t place) { return call->results.at(place).toDouble(); }

bool bal_call_result_bool(const BalCall* call, std::size_t place) { return call->results.at(place).toBool(); }

}  // extern "C"
