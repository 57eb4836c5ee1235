import pytest

from scbsim.cluster.options import Options
from scbsim.cluster.submission import arrays
from scbsim.errors import SpecError


@pytest.mark.parametrize(
    ("time", "minutes"),
    [
        ("60", 60),
        ("90:00", 90),
        ("90:01", 91),
        ("2:30:00", 150),
        ("1-0", 1440),
        ("1-12", 2160),
        ("1-12:30", 2190),
        ("2-00:00:01", 2881),
    ],
)
def test_times_are_those_of_sbatch(time, minutes):
    assert Options(time=time).minutes == minutes


@pytest.mark.parametrize("time", ["", "soon", "1:2:3:4", "1h", "-5", "1.5"])
def test_other_times_are_named_with_what_is_allowed(time):
    with pytest.raises(SpecError, match=f'--time: "{time}" is no time; it takes minutes'):
        Options(time=time)


def test_all_faults_at_once():
    with pytest.raises(
        SpecError, match=r"2 faults:\n  --time: 2 is below 3 .*\n  --sbatch: \"--x\""
    ):
        Options(time="2", sbatch=("--x", "qos=long"))


def test_ranks_are_those_of_all_nodes_and_srun_is_told_how_they_meet():
    assert Options().ranks == 1
    assert Options(nodes=4, ntasks_per_node=2).ranks == 8
    with pytest.raises(SpecError, match='--srun-mpi: "--mpi" is none of what `srun --mpi=list`'):
        Options(srun_mpi="--mpi")


def test_other_options_have_a_value_or_none():
    assert Options(sbatch=("qos=a=b", "exclusive")).others == {"qos": "a=b", "exclusive": True}


def test_runs_are_bundled_and_arrays_are_split_where_a_site_ends_them():
    names = [f"seed={i}" for i in range(23)]
    parts = arrays(names, Options(runs_per_task=2, array_parallelism=9), 5)
    assert [len(tasks) for tasks, _ in parts] == [5, 5, 2]
    assert [name for tasks, _ in parts for task in tasks for name in task] == names
    assert {len(task) for tasks, _ in parts for task in tasks} == {2, 1}
    assert [options.array_parallelism for _, options in parts] == [3, 3, 3]
    assert arrays([], Options(), 5) == []


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        ("array=0-3", "--array-parallelism"),
        ("arr=0-3", "--array-parallelism"),
        ("job-name=mine", "found by it"),
        ("output=x.txt", "the folder slurm/"),
        ("error=x.txt", "the folder slurm/"),
        ("time=5", "--time"),
        ("nodes=3", "--nodes"),
        ("ntasks=3", "--ntasks-per-node"),
        ("cpus-per-task=3", "--cpus-per-task"),
        ("mem=8G", "--mem"),
        ("partition=big", "--partition"),
        ("signal=TERM@5", "stop with a checkpoint"),
        ("no-requeue", "goes on in the same job"),
        ("wrap=true", "has a script"),
        ("wait", "waits for no job"),
        ("clusters=all", "the queue that squeue shows"),
    ],
)
def test_what_jobs_depend_on_cannot_be_given(words, instead):
    options = Options(sbatch=("qos=long", words))
    with pytest.raises(SpecError, match=f'--sbatch: "{words}" cannot be given: .*{instead}'):
        options.require_free()


def test_other_options_of_sbatch_are_free():
    free = "qos=long exclusive constraint=a nodelist=n1 mem-per-cpu=2G time-min=3 gres=gpu:1 hold"
    Options(sbatch=tuple(free.split())).require_free()


def test_sizes_of_memory():
    for mem in ("0", "4000", "512M", "16g", "2GB"):
        assert Options(mem=mem).mem == mem
    for mem in ("-5", "lots", "", "1.5G", "4 G", "4X"):
        with pytest.raises(SpecError, match=f'--mem: "{mem}" is no size; it takes a whole number'):
            Options(mem=mem)
