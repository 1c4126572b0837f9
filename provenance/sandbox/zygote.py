"""The warm process: it loads the entry once, then forks a locked child for each request.

It never sees a job: children talk to the parent on a socket of their own. It is told what to do on a control socket
(SOCK_SEQPACKET, one JSON object a message), and each request brings two descriptors: the child's socket, and the socket
on which the child's fate is reported: `{"pid": n}`, then `{"signal": n}` or `{"exit": n}`.

A dead child stays a zombie until the parent closes that socket, so its pid means nobody else while the parent sets its
limits and reads its clock. If the parent closes first, the child is killed. When the parent is gone, by whatever death,
so is all of this: the control socket reads its end, the parent's pidfd fires, and every child dies with its zygote
(PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import codecs
import encodings
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
import time
import warnings
from dataclasses import dataclass
from typing import Any, NoReturn

from provenance.model.errors import SandboxError
from provenance.sandbox import frames, lock, serve
from provenance.sandbox.limits import Limits

_LINK = 3


@dataclass(slots=True)
class _Ward:
    """A child and the socket on which its fate is reported; None once the parent has closed it."""

    pid: int
    fate: socket.socket | None
    told: bool = False


def main(argument: str) -> NoReturn:
    """Run the warm process until its parent is gone. `argument`: JSON, as `box` writes it."""
    asked = json.loads(argument)
    control = socket.socket(fileno=asked["control"])
    control.setblocking(True)
    os.chdir("/")
    parent = _watch(asked["parent"])
    try:
        entry = _load(asked["entry"], asked["roots"])
    except BaseException as error:  # whatever importing a module may raise, SystemExit too
        _tell(control, {"error": frames.sentence(f"{type(error).__name__}: {error}")})
        os._exit(1)
    _tell(control, {"ready": True})
    _Zygote(control, parent, entry, Limits(**asked["limits"]), asked["unlocked"], asked["without"]).run()


def _watch(parent: int) -> int | None:
    """Return a descriptor that is readable once the parent has ended, where the kernel has such.

    The end of the control socket alone would not do: a process that the parent forked holds a copy of it.
    """
    try:
        watch = os.pidfd_open(parent)
    except (AttributeError, OSError):
        watch = None
    if os.getppid() != parent:
        os._exit(0)
    return watch


def _load(name: str, roots: list[str]) -> serve.Entry:
    """Import the entry, and everything that is otherwise only found at the first use: nothing opens behind the lock."""
    # After the interpreter's own folders: an entry's folder shadows no library.
    sys.path.extend(root for root in roots if root not in sys.path)
    module_name, _, function = name.partition(":")
    module = importlib.import_module(module_name)
    entry: serve.Entry = getattr(module, function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for info in pkgutil.iter_modules(encodings.__path__):
            try:
                codecs.lookup(info.name)
            except (LookupError, ImportError):
                continue
        time.tzset()
        preload = getattr(module, "preload", None)
        if preload is not None:
            preload()
    if _threads() > 1:
        raise RuntimeError("loading left a thread running; a fork would copy its locks but not the thread")
    gc.collect()
    gc.freeze()
    return entry


def _threads() -> int:
    """Count the threads of this process, those of C libraries included; 1 where there is no /proc."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1


def _tell(to: socket.socket, what: dict[str, Any]) -> None:
    try:
        to.send(json.dumps(what).encode())
    except OSError:
        pass


class _Zygote:
    def __init__(
        self,
        control: socket.socket,
        parent: int | None,
        entry: serve.Entry,
        limits: Limits,
        unlocked: bool,
        without: list[str],
    ) -> None:
        self._control, self._entry, self._limits = control, entry, limits
        self._unlocked, self._without = unlocked, without
        self._wards: dict[int, _Ward] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._on_control)
        if parent is not None:
            self._selector.register(parent, selectors.EVENT_READ, self._end)
        self._bell, ring = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(self._bell, selectors.EVENT_READ, self._on_death)

    def run(self) -> NoReturn:
        while True:
            for key, _events in self._selector.select():
                if isinstance(key.data, _Ward):
                    self._release(key.data)
                else:
                    key.data()

    def _end(self) -> NoReturn:
        for ward in self._wards.values():
            os.kill(ward.pid, signal.SIGKILL)
        for ward in self._wards.values():
            os.waitpid(ward.pid, 0)
        os._exit(0)

    def _on_control(self) -> None:
        """Fork a child for a request. The end of the socket is the end of everything."""
        message, descriptors, _flags, _address = socket.recv_fds(self._control, 16, 2)
        if not message or len(descriptors) != 2:
            self._end()
        link, me = descriptors[0], os.getpid()
        told = socket.socket(fileno=descriptors[1])
        try:
            pid = os.fork()
        except OSError as error:  # too many processes or too little memory: those that run already go on
            _tell(told, {"error": error.strerror})
            told.close()
            os.close(link)
            return
        if pid == 0:
            self._child(me, link)
        os.close(link)
        ward = self._wards[pid] = _Ward(pid, told)
        self._selector.register(told, selectors.EVENT_READ, ward)
        _tell(told, {"pid": pid})
        self._on_death()  # its bell may have rung before it was a ward

    def _on_death(self) -> None:
        """Report every child that has died, and bury those whose parent has heard."""
        try:
            os.read(self._bell, 4096)
        except BlockingIOError:
            pass
        for ward in list(self._wards.values()):
            if ward.fate is None:
                if os.waitpid(ward.pid, os.WNOHANG) != (0, 0):
                    del self._wards[ward.pid]
            elif not ward.told:
                end = os.waitid(os.P_PID, ward.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if end is not None:
                    ward.told = True
                    _tell(ward.fate, {"exit" if end.si_code == os.CLD_EXITED else "signal": end.si_status})

    def _release(self, ward: _Ward) -> None:
        """The parent is done with a child. Its death is not waited for: a read may hang in the kernel for long."""
        if ward.fate is not None:
            self._selector.unregister(ward.fate)
            ward.fate.close()
            ward.fate = None
        os.kill(ward.pid, signal.SIGKILL)
        self._on_death()

    def _child(self, zygote: int, link: int) -> NoReturn:
        """In the new process: keep the one socket, lock, serve."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # Python turns SIGINT into an exception; whoever signals a child means to end it.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.dup2(link, _LINK)
            os.closerange(_LINK + 1, os.sysconf("SC_OPEN_MAX"))
            socket_to_parent = socket.socket(fileno=_LINK)
            _first_to_go()
            lock.die_with(zygote)
            lock.apply(self._limits, unlocked=self._unlocked, without=self._without)
        except SandboxError:
            os._exit(lock.UNLOCKABLE)
        except BaseException:
            os._exit(1)
        serve.forever(socket_to_parent, self._entry)


def _first_to_go() -> None:
    """When memory runs out, the kernel shall take a child, not the build that feeds it."""
    try:
        with open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
            file.write(b"1000")
    except OSError:
        pass
