/* Linked into the provider where glibc is linked statically (see build.rs), and never elsewhere.
 *
 * To resolve a name, glibc loads the plugins that /etc/nsswitch.conf lists. Into a static program they bring a second glibc,
 * that of the machine, which crashes where its version is another. So names are resolved by the two ways that glibc has built
 * in, as musl does it: /etc/hosts, then the servers of /etc/resolv.conf.
 */
#include <features.h>
#include <nss.h>
#include <stdlib.h>

/* Before 2.34 even `files` and `dns` are plugins; before 2.36 a static program cannot unpack the relocations that
 * `cargo xtask dist` packs. */
#if !__GLIBC_PREREQ(2, 36)
#error "this glibc is older than 2.36: build for musl instead"
#endif

/* Before main: no thread is there yet that could resolve a name. */
__attribute__((constructor)) static void resolve_names_without_plugins(void) {
    if (__nss_configure_lookup("hosts", "files dns") != 0)
        abort();
}
