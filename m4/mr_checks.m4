# mr_checks.m4 - configure checks of millrace's own.  Same licence as millrace (COPYING).

# MR_TRY_LINK(LIBS, PROLOGUE, BODY, IF-YES, IF-NO): link a small program with LIBS.
AC_DEFUN([MR_TRY_LINK], [
mr_save_LIBS=$LIBS
LIBS="$1 $LIBS"
AC_LINK_IFELSE([AC_LANG_PROGRAM([$2], [$3])], [LIBS=$mr_save_LIBS
$4], [LIBS=$mr_save_LIBS
$5])])

# MR_CHECK_MBEDTLS(IF-YES, IF-NO): 2.28 or newer.  Debian ships no .pc file for it.
AC_DEFUN([MR_CHECK_MBEDTLS], [
AC_ARG_VAR([MBEDTLS_LIBS], [linker flags for mbedTLS (default: -lmbedcrypto)])
AS_IF([test -z "$MBEDTLS_LIBS"], [MBEDTLS_LIBS=-lmbedcrypto])
mr_mbedtls_version=none
AC_MSG_CHECKING([for mbedTLS >= 2.28])
MR_TRY_LINK([$MBEDTLS_LIBS], [
#include <mbedtls/chachapoly.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/version.h>
#if MBEDTLS_VERSION_NUMBER < 0x021c0000
#error too old
#endif
], [
mbedtls_chachapoly_context c;
mbedtls_chachapoly_init(&c);
mbedtls_hkdf(0, 0, 0, 0, 0, 0, 0, 0, 0);
], [
mr_mbedtls_version=`printf '%s\n' '#include <mbedtls/version.h>' 'mr_version MBEDTLS_VERSION_STRING' |
	$CC $CPPFLAGS -E -P - 2>/dev/null | $SED -n 's/^mr_version "\(.*\)".*/\1/p'`
AC_MSG_RESULT([$mr_mbedtls_version])
$1], [AC_MSG_RESULT([no])
$2])])

# MR_CHECK_SECP256K1(IF-YES, IF-NO): the modules that a build of libsecp256k1 may lack.
AC_DEFUN([MR_CHECK_SECP256K1], [
AC_MSG_CHECKING([for ecdh, extrakeys and schnorrsig in libsecp256k1])
mr_save_CPPFLAGS=$CPPFLAGS
CPPFLAGS="$CPPFLAGS $SECP256K1_CFLAGS"
MR_TRY_LINK([$SECP256K1_LIBS], [
#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>
], [
secp256k1_xonly_pubkey key;
(void)secp256k1_ecdh(0, 0, 0, 0, 0, 0);
(void)secp256k1_xonly_pubkey_parse(0, &key, 0);
(void)secp256k1_schnorrsig_verify(0, 0, 0, 0, &key);
], [CPPFLAGS=$mr_save_CPPFLAGS
AC_MSG_RESULT([yes])
$1], [CPPFLAGS=$mr_save_CPPFLAGS
AC_MSG_RESULT([no])
$2])])

# MR_CHECK_IPSEC_MB(IF-YES): no .pc file either; the direct ChaCha20-Poly1305 calls came with 1.0.
AC_DEFUN([MR_CHECK_IPSEC_MB], [
AC_ARG_VAR([IPSEC_MB_LIBS], [linker flags for libipsec-mb (default: -lIPSec_MB)])
AS_IF([test -z "$IPSEC_MB_LIBS"], [IPSEC_MB_LIBS=-lIPSec_MB])
AC_MSG_CHECKING([for libipsec-mb])
MR_TRY_LINK([$IPSEC_MB_LIBS], [#include <intel-ipsec-mb.h>], [
IMB_MGR *m = alloc_mb_mgr(0);
free_mb_mgr(m);
], [AC_MSG_RESULT([yes])
$1], [AC_MSG_RESULT([no])])])

# MR_CHECK_LANES(IF-YES): a compiler for x86-64 that knows the instructions of plugins/lanes; their flags.
AC_DEFUN([MR_CHECK_LANES], [
AC_SUBST([CFLAGS_AVX512], ["-mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512ifma -mavx512vbmi2 -mbmi2"])
AC_MSG_CHECKING([whether $CC knows AVX-512])
mr_save_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS $CFLAGS_AVX512"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([#include <immintrin.h>], [
__m512i x = _mm512_shrdi_epi64(_mm512_setzero_si512(), _mm512_setzero_si512(), 44);
return (int)_mm_cvtsi128_si64(_mm512_castsi512_si128(_mm512_madd52lo_epu64(x, x, x)));
])], [AC_MSG_RESULT([yes])
$1], [AC_MSG_RESULT([no])])
CFLAGS=$mr_save_CFLAGS])

# MR_BUILD_OPTION(NAME, HELP): --enable-NAME, default no; named in $mr_options when given.
AC_DEFUN([MR_BUILD_OPTION], [
AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$2])], [], [enable_$1=no])
AS_IF([test "$enable_$1" != no], [enable_$1=yes
mr_options="${mr_options:+$mr_options }$1"])])

# MR_SANITIZERS: $enable_asan and its like to SANITIZE_FLAGS, for compiling and linking.
AC_DEFUN([MR_SANITIZERS], [
AC_SUBST([SANITIZE_FLAGS])
mr_sanitize=
AS_IF([test $enable_asan = yes], [mr_sanitize="$mr_sanitize,address"])
AS_IF([test $enable_ubsan = yes], [mr_sanitize="$mr_sanitize,undefined"])
AS_IF([test $enable_tsan = yes], [mr_sanitize="$mr_sanitize,thread"])
AS_IF([test $enable_fuzzers = yes], [mr_sanitize="$mr_sanitize,fuzzer-no-link"])
AS_IF([test -n "$mr_sanitize"], [
	SANITIZE_FLAGS="-fsanitize=${mr_sanitize#,} -fno-sanitize-recover=all -fno-omit-frame-pointer"
	AC_MSG_CHECKING([whether $CC takes $SANITIZE_FLAGS])
	mr_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS $SANITIZE_FLAGS"
	AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no])
		AC_MSG_ERROR([$CC cannot link with $SANITIZE_FLAGS (libFuzzer needs clang: ./configure CC=clang)])])
	CFLAGS=$mr_save_CFLAGS])
: "${mr_options:=none}"])

# MR_WARNING_FLAG(FLAG): add it to WARNING_FLAGS when the compiler knows it.
AC_DEFUN([MR_WARNING_FLAG], [
AC_MSG_CHECKING([whether $CC knows $1])
mr_save_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -Werror $1"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])
WARNING_FLAGS="$WARNING_FLAGS $1"], [AC_MSG_RESULT([no])])
CFLAGS=$mr_save_CFLAGS])
