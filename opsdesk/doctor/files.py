"""Files and folders: who can read them, and on what kind of disk they lie."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from opsdesk.doctor.findings import Finding, mend, watch, well

MOUNTS = Path("/proc/self/mountinfo")
LITTLE_SPACE, TOO_LITTLE_SPACE = 1_000_000_000, 100_000_000

_OVER_THE_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "gpfs", "beegfs", "davfs"}
)
_REMOTE_FUSE = re.compile(r"fuse\.(sshfs|rclone|s3fs|gcsfuse|glusterfs|ceph|davfs2?|smbnetfs|juicefs)")


def private_files(store: Path | None, state: Path) -> Iterator[Finding]:
    """Look who can read the store, the keys and the notes."""
    wanted = [path for path in (_with_journals(store) if store else ()) if path.exists()]
    wanted += [state] if state.exists() else []
    wanted += [*sorted(state.glob("*.key")), *sorted(state.glob("anchors/*"))]
    open_to_all = [path for path in wanted if path.stat().st_mode & (0o077 if path.suffix == ".key" else 0o007)]
    open_to_group = [path for path in wanted if path.stat().st_mode & 0o070 and path not in open_to_all]
    for path in open_to_all:
        yield mend("file modes", f"Others on this machine can reach {path}.", f"chmod {_private(path)} {path}")
    for path in open_to_group:
        sentence = f"The group {_group(path)} can reach {path}."
        yield watch("file modes", sentence, f"If not all of them work in the shop: chmod {_private(path)} {path}")
    if not open_to_all and not open_to_group:
        yield well("file modes", "The store and the keys are private.")
    if store is not None and store.parent.exists() and store.parent.stat().st_mode & 0o1002 == 0o0002:
        sentence = f"Everybody on this machine can replace files in {store.parent}."
        yield mend("folder", sentence, f"chmod o-w {store.parent}")


def disk(store: Path, mounts: Path = MOUNTS) -> Iterator[Finding]:
    """Look on what the store lies: a network file system corrupts it, a full disk stops the shop."""
    kind = filesystem_of(store, mounts)
    if kind in _OVER_THE_NETWORK or _REMOTE_FUSE.fullmatch(kind):
        sentence = f"{store} lies on a network file system ({kind}), where SQLite's locks do not hold."
        yield mend("file system", sentence, "Move the store to a local disk, or use Postgres for several machines.")
    else:
        yield well("file system", f"The store lies on a local file system{f' ({kind})' if kind else ''}.")
    free = shutil.disk_usage(_existing(store)).free
    room = f"{free / 1e9:.1f} GB are free where the store lies."
    if free < TOO_LITTLE_SPACE:
        yield mend("disk space", room, "Make room: without it nothing can be saved.")
    elif free < LITTLE_SPACE:
        yield watch("disk space", room, "Make room before it becomes urgent.")
    else:
        yield well("disk space", room)


def filesystem_of(path: Path, mounts: Path = MOUNTS) -> str:
    """Return the kind of file system that a path lies on; empty where the system does not tell."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    place, found = _existing(path).resolve(), (-1, "")
    for line in lines:
        before, _, after = line.partition(" - ")
        parts = before.split()
        if len(parts) < 5 or not after:
            continue
        mount = Path(re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), parts[4]))
        if mount == place or mount in place.parents:
            found = max(found, (len(mount.parts), after.split()[0]), key=lambda known: known[0])
    return found[1]


def _existing(path: Path) -> Path:
    return next(parent for parent in (path.absolute(), *path.absolute().parents) if parent.exists())


def _with_journals(store: Path) -> tuple[Path, ...]:
    return (store, *(store.with_name(store.name + end) for end in ("-wal", "-shm")))


def _private(path: Path) -> str:
    return "700" if path.is_dir() else "600"


def _group(path: Path) -> str:
    try:
        return path.group()
    except KeyError:
        return str(path.stat().st_gid)
