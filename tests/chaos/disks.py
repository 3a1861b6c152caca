"""Small file systems that really fill up, and disks that go wrong."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MIB = 1024 * 1024


@dataclass(frozen=True)
class SmallDisk:
    """A file system of a few MiB, which a file takes all the room of, and gives it back."""

    folder: Path

    @property
    def filler(self) -> Path:
        return self.folder / "something-else"

    def fill(self) -> None:
        """Takes every block that is left."""
        with self.filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 4096)

    def leave(self, size: int) -> None:
        """Gives so many bytes of it back."""
        os.truncate(self.filler, self.filler.stat().st_size - size)

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """As after a kernel has found it at fault; the test is skipped where nobody may do that."""
        change = ["mount", "-o", "remount,ro", str(self.folder)]
        if os.geteuid() != 0 or subprocess.run(change, capture_output=True, check=False).returncode != 0:
            pytest.skip("making a file system read-only needs root")
        try:
            yield
        finally:
            subprocess.run(["mount", "-o", "remount,rw", str(self.folder)], check=True)

    def free(self) -> None:
        """Gives all of that back."""
        self.filler.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[SmallDisk]:
    """A small file system at a new folder; the test is skipped where nobody may mount one."""
    folder.mkdir()
    tmpfs = ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=700", "kolli-tests", str(folder)]
    if os.geteuid() == 0 and subprocess.run(tmpfs, capture_output=True, check=False).returncode == 0:
        try:
            yield SmallDisk(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    # Whoever is not root may mount in a namespace, which others get into by way of the process that holds it.
    script = f"{' '.join(tmpfs)} && echo mounted && exec cat"
    try:
        holder = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        pytest.skip("a small file system needs root, or the command unshare")
    with holder:
        if not holder.stdout or holder.stdout.readline() != b"mounted\n":
            pytest.skip("a small file system needs root, or namespaces that everybody may make")
        yield SmallDisk(Path(f"/proc/{holder.pid}/root{folder.absolute()}"))
        assert holder.stdin
        holder.stdin.close()


@dataclass(frozen=True)
class FaultyDisk:
    """A disk that fails a server when a test says so: see `faulty_disk.c`."""

    folder: Path

    def be_read_only(self) -> None:
        (self.folder / "read-only").touch()

    def be_writable(self) -> None:
        (self.folder / "read-only").unlink()

    def fail_sync(self, number: int) -> None:
        """The sync of this number fails, counted from the server's start."""
        (self.folder / "fail-sync").write_text(str(number))

    def watch(self) -> None:
        """Has `events` begin."""
        (self.folder / "events").touch()

    @property
    def events(self) -> list[str]:
        """What was done since `watch`, in this order: `wrote` to the database's files, `synced` them, `answered`."""
        return (self.folder / "events").read_text().split()

    @property
    def syncs(self) -> list[str]:
        """Every sync of the database's files so far: `ok` or `failed`."""
        log = self.folder / "syncs"
        return log.read_text().split() if log.exists() else []


@contextmanager
def faulty_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyDisk]:
    """Processes that are started inside have a faulty disk; the test is skipped where no C compiler is."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("a disk that goes wrong needs Linux and a C compiler (gcc)")
    folder.mkdir()
    library = folder / "faulty_disk.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", library, HERE / "faulty_disk.c", "-ldl", "-lpthread"], check=True
    )
    with monkeypatch.context() as changed:
        changed.setenv("LD_PRELOAD", str(library))
        changed.setenv("FAULTY_DISK", str(folder))
        yield FaultyDisk(folder)
