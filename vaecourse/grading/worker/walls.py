"""The inner walls: what one student's process may do, built with namespaces, rlimits and a system-call filter.

The outer walls (bubblewrap, :mod:`vaecourse.grading.sandbox`) hide files and the network from the whole server.
These separate one answer from the next, and from the server that forked it. Linux only.
"""

import ctypes
import os
import platform
import resource
import socket
import struct
import sys
from pathlib import Path

SCRATCH = "/scratch"
"""The only folder that an answer can write to, /dev/shm apart; /tmp leads there unless Python itself is in /tmp."""
MEGABYTE = 2**20
SCRATCH_BYTES = 64 * MEGABYTE
MEMORY_BYTES = 2048 * MEGABYTE
"""What the processes of one answer may hold together, on top of what the server had loaded before."""
PROCESSES = 24
"""Processes and threads of one answer."""
OPEN_FILES = 128

_CLONE_NEWNS, _CLONE_NEWCGROUP, _CLONE_NEWUTS, _CLONE_NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
_CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
_NAMESPACES = (
    _CLONE_NEWUSER | _CLONE_NEWPID | _CLONE_NEWNS | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS | _CLONE_NEWCGROUP
)
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_PR_SET_DUMPABLE, _PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 4, 1, 22, 24, 38
_LAST_CAPABILITY = 63
_MAP_SHARED, _MAP_ANONYMOUS = 0x01, 0x20

# System calls that no exercise needs. Those that hand out memory that no limit counts (memfd_create, shmget, ...),
# that look into other processes, and that open doors into the kernel. Numbers: x86-64, arm64.
_FORBIDDEN = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "userfaultfd": (323, 282),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "mknodat": (259, 33),
    "chroot": (161, 51),
    "personality": (135, 92),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "swapon": (167, 224),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "syslog": (103, 116),
    "fanotify_init": (300, 262),
    "inotify_init1": (294, 26),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "vhangup": (153, 58),
}
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_SOCKET_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)
_X32_BIT = 0x40000000
_EPERM, _ENOSYS = 1, 38
_CLONE3 = 435

_libc = ctypes.CDLL(None, use_errno=True)


def enter_namespaces() -> None:
    """Leave the server's users, processes, mounts, network and IPC; the next process forked is the new number 1.

    Raises:
        OSError: the system does not allow it.
    """
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", _NAMESPACES)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def private_files() -> None:
    """Give this process an empty, bounded folder for its files, and a view of its own processes only.

    The rest of the file system is read-only from outside. Needs :func:`enter_namespaces`.
    """
    _call("unshare", _CLONE_NEWNS)
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    options = f"size={SCRATCH_BYTES},nr_inodes=4096,mode=0700"
    _mount("tmpfs", SCRATCH, "tmpfs", _MS_NOSUID | _MS_NODEV, options)
    _mount("tmpfs", "/dev/shm", "tmpfs", _MS_NOSUID | _MS_NODEV, options)
    _mount("/dev/null", "/dev/zero", None, _MS_BIND)  # mapped as shared, it is memory that no limit counts
    try:
        _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    except OSError:  # some containers forbid it; an empty /proc hides more
        _mount("tmpfs", "/proc", "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "size=4096,mode=0555")
    os.chdir(SCRATCH)


def limit(cpu_seconds: float, alone: bool = True) -> None:
    """Bound what this process and those it starts can take. There is no way back.

    Args:
        cpu_seconds: of each process.
        alone: in namespaces of its own; else the user's other processes would count too.
    """
    limits = {
        "CPU": max(1, round(cpu_seconds + 0.5)),
        "FSIZE": SCRATCH_BYTES,
        "NOFILE": OPEN_FILES,
        "CORE": 0,
    }
    if alone:
        limits |= {"NPROC": PROCESSES, "MEMLOCK": 64 * 1024, "MSGQUEUE": 0}
    statm = Path("/proc/self/statm")
    if statm.exists():
        # torch has mapped many gigabytes of libraries; what counts is what comes on top of them.
        limits["AS"] = int(statm.read_text().split()[0]) * resource.getpagesize() + MEMORY_BYTES
    for name, value in limits.items():
        which = getattr(resource, f"RLIMIT_{name}")
        ceiling = resource.getrlimit(which)[1]
        value = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
        resource.setrlimit(which, (value, value))


def give_up_rights() -> None:
    """No capability, no new privilege by any program, and no system call that an exercise has no use for."""
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails for those that this kernel does not have
    header = struct.pack("Ii", 0x20080522, 0)  # version 3, this process
    if _libc.capset(header, bytes(24)) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _filter_system_calls()


def collapse_memory() -> None:
    """Put this process's memory into huge pages: a fork copies one entry for each page, and so becomes quicker.

    Measured on a server with torch loaded (410 MB): 17 ms a fork before, 6.5 ms after. Where the kernel cannot do it
    (before Linux 6.1), nothing happens.
    """
    huge, advise_huge, collapse = 2 * MEGABYTE, 14, 25  # MADV_HUGEPAGE, MADV_COLLAPSE
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, rights, _, device, *_ = line.split()
        special = line.endswith("]") and not line.endswith("[heap]")
        if rights != "rw-p" or device != "00:00" or special:
            continue
        start, end = (int(address, 16) for address in addresses.split("-"))
        start, end = -(-start // huge) * huge, end // huge * huge
        if start < end:
            _libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), advise_huge)
            _libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), collapse)


def dumpable() -> None:
    """Let this process write its own entries in /proc, which a change of user forbids."""
    _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that forked it is gone. (Linux; elsewhere nothing happens.)"""
    if not sys.platform.startswith("linux"):
        return
    _call("prctl", _PR_SET_PDEATHSIG, 9, 0, 0, 0)


def _filter_system_calls() -> None:
    """Install a seccomp filter: the forbidden calls answer EPERM, another architecture's calls kill.

    Classic BPF, as in the kernel's Documentation/userspace-api/seccomp_filter.rst.
    """
    if platform.machine() not in _MACHINES:
        raise OSError(_ENOSYS, f"no system-call filter for {platform.machine()}")
    column, architecture = _MACHINES[platform.machine()]
    load, equal, at_least, flags_set, keep_bits, give = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
    kill, allow, error = 0x80000000, 0x7FFF0000, 0x00050000
    program = [
        (load, 0, 0, 4),  # the architecture
        (equal, 1, 0, architecture),
        (give, 0, 0, kill),
        (load, 0, 0, 0),  # the number of the call
        (at_least, 0, 1, _X32_BIT),
        (give, 0, 0, kill),
        # clone3 passes its flags in memory, where no filter can look; libc falls back to clone.
        (equal, 0, 1, _CLONE3),
        (give, 0, 0, error | _ENOSYS),
        # clone with a new namespace of any kind
        (equal, 0, 4, (56, 220)[column]),
        (load, 0, 0, 16),  # its flags
        (flags_set, 0, 1, _NAMESPACES),
        (give, 0, 0, error | _EPERM),
        (load, 0, 0, 0),
        # mmap of memory that is shared and no file's: out of sight (MADV_DONTNEED) it exists and no limit counts it
        (equal, 0, 5, (9, 222)[column]),
        (load, 0, 0, 40),  # its flags
        (keep_bits, 0, 0, _MAP_SHARED | _MAP_ANONYMOUS),
        (equal, 0, 1, _MAP_SHARED | _MAP_ANONYMOUS),
        (give, 0, 0, error | _EPERM),
        (load, 0, 0, 0),
    ]
    # Sockets of the namespaced families only: AF_VSOCK, for one, leads to the host of a virtual machine.
    program += [(equal, 0, 6, (41, 198)[column]), (load, 0, 0, 16)]
    program += [(equal, 3 - place, 0, family) for place, family in enumerate(_SOCKET_FAMILIES)]
    program += [(give, 0, 0, error | _EPERM), (load, 0, 0, 0)]
    for numbers in _FORBIDDEN.values():
        program += [(equal, 0, 1, numbers[column]), (give, 0, 0, error | _EPERM)]
    program.append((give, 0, 0, allow))
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    description = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    _call("prctl", _PR_SET_SECCOMP, 2, ctypes.c_char_p(description), 0, 0)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    arguments = (source.encode(), target.encode(), kind.encode() if kind else None)
    if _libc.mount(*arguments, ctypes.c_ulong(flags), options.encode() or None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot mount {target}: {os.strerror(number)}")


def _call(name: str, *arguments) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
