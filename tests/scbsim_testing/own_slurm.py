"""A Slurm of two nodes on this machine, of one's own: its daemons are children of the tests."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from signal import SIGTERM
from time import monotonic, sleep

NEEDED = ("slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "munged")
NODES = ("n1", "n2")

CONFIG = """
ClusterName=tests
FirstJobId={first}
SlurmctldHost=localhost
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
SlurmctldPort={ports[0]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,bf_interval=1
MpiDefault=none
ReturnToService=2
KillWait=5
SlurmdTimeout=5
TCPTimeout=1
MessageTimeout=5
SlurmdParameters=config_overrides
MaxArraySize={max_array_size}
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={ports[1]} CPUs=30 RealMemory=8000
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port={ports[2]} CPUs=30 RealMemory=8000
PartitionName=cpu Nodes=ALL Default=YES MaxCPUsPerNode=2 MaxTime=INFINITE State=UP
PartitionName=many Nodes=ALL MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Say why no Slurm can be started here; nothing if one can."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [name for name in NEEDED if shutil.which(name, path=path) is None]
    if missing:
        return f"no {', '.join(missing)} here: apt-get install slurmctld slurmd slurm-client munge"
    return "" if os.geteuid() == 0 else "Slurm's daemons want root here"


def free_ports(count: int) -> list[int]:
    """Return ports that no one has, and that the system gives to no one who does not ask."""
    found: list[int] = []
    while len(found) < count:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("", port))
            found += [port] if port not in found else []
    return found


class OwnSlurm:
    """Runs from construction until :meth:`stop`, and sets ``SLURM_CONF`` for that time."""

    def __init__(self, folder: Path, max_array_size: int) -> None:
        self.folder = folder
        self.config = folder / "slurm.conf"
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("state", *NODES):
            (folder / name).mkdir()
        # No other Slurm on this machine has jobs of these numbers, by which MPICH's ranks meet.
        first = random.SystemRandom().randrange(10**3, 10**7)
        ports = free_ports(3)
        self.config.write_text(
            CONFIG.format(folder=folder, ports=ports, max_array_size=max_array_size, first=first)
        )
        os.environ["SLURM_CONF"] = str(self.config)
        try:
            self._start_munge()
            self._start("slurmctld", "-D", "-c")
            for node in NODES:
                self.start_node(node)
            self.until(lambda: self.node_states() == ["idle", "idle"], 60)
        except BaseException:
            self.stop()
            raise

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        files = [
            f"--{name}={self.folder / f'munge.{suffix}'}"
            for name, suffix in (
                ("key-file", "key"),
                ("socket", "socket"),
                ("pid-file", "pid"),
                ("log-file", "log"),
                ("seed-file", "seed"),
            )
        ]
        # By force: it would have every folder above belong to root alone.
        self._start("munged", "--foreground", "--force", *files)
        self.until((self.folder / "munge.socket").exists, 30)

    def _start(self, name: str, *words: str, node: str = "") -> None:
        program = shutil.which(name) or f"/usr/sbin/{name}"
        # However the tests end, it ends with them.
        line = ["setpriv", "--pdeathsig", "TERM", program, *words]
        with (self.folder / f"{name}{node}.out").open("ab") as out:
            self._daemons[name + node] = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    def node_states(self) -> list[str]:
        """Return the states of the nodes."""
        return self.said("sinfo", "-h", "-N", "-p", "cpu", "-o", "%T").splitlines()

    def start_node(self, node: str) -> None:
        """Start the daemon of a node."""
        self._start("slurmd", "-D", "-N", node, node=node)

    def kill_node(self, node: str) -> None:
        """Kill a node's daemon, and all that runs there, as if its power had gone."""
        daemon = self._daemons.pop(f"slurmd{node}")
        daemon.kill()
        daemon.wait()
        # Those that were found may have begun others meanwhile.
        while found := self.processes_on(node):
            for pid in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, 9)
            sleep(0.02)

    def lose_node(self, node: str) -> None:
        """Kill a node, and tell Slurm at once what it would find out in a quarter of a minute."""
        self.kill_node(node)
        self.said("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=killed")

    def signal(self, task: str, name: str) -> None:
        """Send a signal to a task, once."""
        # Where tasks of its array wait scancel is told to try later, and would do so for minutes.
        self.said("timeout", 3, "scancel", f"--signal={name}", task)

    def restarts(self, task: str) -> int:
        """Return how often a task was put back into the queue."""
        found = re.search(r"Restarts=(\d+)", self.said("scontrol", "-o", "show", "job", task))
        return int(found[1]) if found else 0

    def ranks(self) -> list[int]:
        """Return the processes of all tasks that run, by their ranks."""
        found = {}
        for node in NODES:
            for pid in self.processes_on(node):
                words = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
                of = dict(word.split("=", 1) for word in words if "=" in word)
                if "SLURM_PROCID" in of and "submitit" in Path(f"/proc/{pid}/cmdline").read_text():
                    found[int(of["SLURM_PROCID"])] = pid
        return [found[rank] for rank in sorted(found)]

    def has_begun(self) -> bool:
        """Return whether some task ignores SIGTERM, as each does from its first command on.

        Slurm calls a job running before any of its commands has run.
        """
        masks = []
        try:
            for pid in self.ranks():
                status = Path(f"/proc/{pid}/status").read_text()
                masks.append(int(status.partition("SigIgn:")[2].split()[0], 16))
        except OSError:
            return False
        return any(mask >> (SIGTERM - 1) & 1 for mask in masks)

    def processes_on(self, node: str) -> list[int]:
        """Return the processes of jobs on a node: those that say so, and the shepherds of steps."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            ours = f"SLURM_CONF={self.config}".encode() in environment
            on_it = f"SLURMD_NODENAME={node}".encode() in environment
            shepherd = line.startswith(b"slurmstepd: ") and self._spool_of(entry) == node
            # A zombie has no command line; it is gone as soon as someone asks for it.
            if line and ((ours and on_it) or shepherd):
                found.append(int(entry.name))
        return found

    def _spool_of(self, entry: Path) -> str:
        """Return the node of a shepherd, by the files that it has open."""
        try:
            for descriptor in (entry / "fd").iterdir():
                target = os.readlink(descriptor)
                for node in NODES:
                    if target.startswith(f"{self.folder}/{node}/") or target.endswith(
                        f"{self.folder}/slurmd.{node}.log"
                    ):
                        return node
        except OSError:
            pass
        return ""

    @staticmethod
    def said(*words: object) -> str:
        """Return what a command says."""
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
        return done.stdout.strip()

    def until(self, is_so, seconds: float) -> float:
        """Wait for something; return the seconds that it took."""
        began = monotonic()
        while not is_so():
            assert monotonic() - began < seconds, self.said("squeue", "-r") + self.logs()
            for name, daemon in self._daemons.items():
                assert daemon.poll() is None, f"{name} ended: {self.logs()}"
            # Most questions are answered by a process of Slurm's.
            sleep(0.25)
        return monotonic() - began

    def logs(self) -> str:
        """Return the ends of all logs."""
        files = [*self.folder.glob("*.log"), *self.folder.glob("*.out")]
        return "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in files)

    def stop(self) -> None:
        """End all jobs, and the daemons."""
        if "slurmctld" in self._daemons and self._daemons["slurmctld"].poll() is None:
            self.said("scancel", "--signal=KILL", "--full", "--user=root")
            self.said("scancel", "--user=root")
            for _ in range(100):
                if not self.said("squeue", "-h"):
                    break
                sleep(0.1)
        for name in sorted(self._daemons, key=lambda name: name == "munged"):
            daemon = self._daemons[name]
            daemon.terminate()
            try:
                daemon.wait(15)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        os.environ.pop("SLURM_CONF", None)
