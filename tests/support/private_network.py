"""A network namespace for one test: nothing but loopback, every port free, and names of its own."""

import ctypes
import fcntl
import os
import pathlib
import socket
import struct

from harness import expect

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def own_network(hosts=None):
    """Puts this process and what it starts into one; for a user who is not root, inside a user namespace. With `hosts`, a file,
    that is its /etc/hosts."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(what, *arguments):
        expect(getattr(libc, what)(*arguments) == 0, f"no network of its own: {what}: {os.strerror(ctypes.get_errno())}")

    flags = CLONE_NEWNET | (CLONE_NEWNS if hosts else 0) | (0 if os.geteuid() == 0 else CLONE_NEWUSER)
    call("unshare", flags)
    if hosts:
        call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        call("mount", os.fsencode(pathlib.Path(hosts)), b"/etc/hosts", None, MS_BIND, None)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = struct.pack("16sH14x", b"lo", 0)
        current = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, name))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", current | IFF_UP))
