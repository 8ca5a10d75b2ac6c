// An owner of 64-byte aligned samples, for tables and work space. Big ones come in huge pages where the system has
// them.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>

namespace lathe {

// Like a vector that never grows: `size()` values of T, set to zero. Movable, not copyable.
template <class T>
class AlignedArray {
 public:
  AlignedArray() = default;
  explicit AlignedArray(std::size_t size) : data_(allocate(size)), size_(size) {
    for (std::size_t i = 0; i < size; ++i) data_[i] = T{};
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(T* p) const { ::operator delete(p, kAlignment); }
  };
  static_assert(std::is_trivially_copyable_v<T>);

  static T* allocate(std::size_t size) {
    return size == 0 ? nullptr : static_cast<T*>(::operator new(size * sizeof(T), kAlignment));
  }

  std::unique_ptr<T[], Free> data_;
  std::size_t size_ = 0;
};

}  // namespace lathe
