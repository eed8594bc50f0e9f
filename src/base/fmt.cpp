// fmt's own functions, compiled once: Debian has no archive of the library, and as headers only it would be compiled
// again in every file that formats something, a quarter of the compiler's time.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

// What format.h declares as instantiated elsewhere; vformat_to() since fmt 10.
template void vformat_to<char>(buffer<char>&, string_view, basic_format_args<format_context>, locale_ref);
template auto thousands_sep_impl<char>(locale_ref) -> thousands_sep_result<char>;
template auto decimal_point_impl(locale_ref) -> char;

}  // namespace detail
FMT_END_NAMESPACE
