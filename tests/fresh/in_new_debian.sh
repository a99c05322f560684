#!/usr/bin/env bash
# A minimal Debian 12 in a folder, a clean clone of the committed tree in it, and the README's two commands there by chroot:
# so that a package missing from scripts/setup shows. Needs root, debootstrap and a Debian mirror. About half an hour.
#   POMONA_FRESH=DIR   where the system is made (default: a new folder in /var/tmp, removed at the end)
set -euo pipefail
here="$(cd "$(dirname "$0")/../.." && pwd)"

[ "$(id -u)" -eq 0 ] || { echo "fresh: needs root, for debootstrap and chroot: run it with sudo" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "fresh: debootstrap is missing: apt-get install debootstrap" >&2; exit 1; }

if [ -n "${POMONA_FRESH:-}" ]; then
  root="$POMONA_FRESH"
  mkdir -p "$root"
else
  root="$(mktemp -d /var/tmp/pomona-fresh.XXXXXX)"
  trap 'rm -rf --one-file-system "$root" "$root.log"' EXIT
  trap 'exit 143' INT TERM
fi

# The new system uses the mirrors and the network of this one, and nothing else of it.
sources() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 'Component: main' |
    awk '$2 ~ /^bookworm(-updates|-security)?$/ {print "deb", $1, $2, "main"}' | sort -u
}
mirror="$(sources | awk '$3 == "bookworm" {print $2; exit}')"
[ -n "$mirror" ] || { echo "fresh: no Debian 12 (bookworm) mirror among this machine's apt sources" >&2; exit 1; }
begin=$SECONDS
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 ||
  { tail -20 "$root.log" >&2; echo "fresh: debootstrap failed, its log is $root.log" >&2; exit 1; }
rm -f "$root.log"
sources >"$root/etc/apt/sources.list"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
# A network that inspects TLS has a root certificate of its own: apt's ca-certificates picks it up from here.
if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
  mkdir -p "$root/usr/local/share/ca-certificates"
  cp -L /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
fi
environment=(HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8)
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then # Debian's Node.js does not read the system's certificates
  cp -L "$NODE_EXTRA_CA_CERTS" "$root/etc/node-extra-ca.pem"
  environment+=(NODE_EXTRA_CA_CERTS=/etc/node-extra-ca.pem)
fi
for name in http_proxy https_proxy no_proxy; do
  [ -z "${!name:-}" ] || environment+=("$name=${!name}")
done
git clone -q --no-local "$here" "$root/root/pomona"
echo "fresh: a minimal Debian 12 after $((SECONDS - begin)) s"

# Mounts and processes end with the namespaces.
in_new_system() {
  unshare --mount --pid --fork --kill-child bash -euc '
    root="$1"
    shift
    mount --bind "$root" "$root" # so that its / is a mount, as on a machine: tests make mount namespaces
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    exec chroot "$root" env -i "$@"' - "$root" "${environment[@]}" bash -c "cd /root/pomona && $1"
}
for command in scripts/demo scripts/test; do
  begin=$SECONDS
  in_new_system "$command"
  echo "fresh: $command passed after $((SECONDS - begin)) s"
done
