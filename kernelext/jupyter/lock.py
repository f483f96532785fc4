"""Writes a lock of Python packages and their dependencies, with the hash of each file. Without
arguments it writes JupyterLab's requirements.txt.

    python3.11 -m venv /tmp/lock && /tmp/lock/bin/python lock.py > requirements.txt
    /tmp/lock/bin/python lock.py -pythons 3.11,3.12 -platforms "linux x86_64" jax==0.10.2 > jax.txt

It asks pip what it would install for each Python and platform below, and collects the
hashes of those files. Run it with the oldest of the Pythons: pip evaluates the conditions
of dependencies for the Python that it runs on. ipykernel and its dependencies are left
out, because the lessons are written in Go.
"""
import argparse, json, subprocess, sys, tempfile
from pip._vendor.packaging.markers import default_environment
from pip._vendor.packaging.requirements import Requirement

WANTED = ["jupyterlab==4.6.6", "notebook==7.6.5", "nbconvert==7.17.2", "nbclient==0.11.0",
          "jupyter-client==8.10.0", "jupyter-kernel-test==0.7.0"]
LEFT_OUT = {"ipykernel"}
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
PLATFORMS = {
    "linux x86_64": [f"manylinux_2_{g}_x86_64" for g in (5, 12, 17, 26, 27, 28, 31, 34)] + ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"],
    "linux aarch64": [f"manylinux_2_{g}_aarch64" for g in (17, 26, 27, 28, 31, 34)] + ["manylinux2014_aarch64"],
    "darwin arm64": [f"macosx_{v}_{a}" for v in ("11_0", "12_0", "13_0", "14_0", "15_0", "10_9", "10_13", "10_15") for a in ("arm64", "universal2")],
}

parser = argparse.ArgumentParser()
parser.add_argument("wanted", nargs="*", default=WANTED)
parser.add_argument("-left-out", type=lambda s: set(s.split(",")), default=LEFT_OUT)
parser.add_argument("-pythons", type=lambda s: s.split(","), default=PYTHONS)
parser.add_argument("-platforms", type=lambda s: s.split(","), default=list(PLATFORMS))
args = parser.parse_args()
WANTED, LEFT_OUT, PYTHONS = args.wanted, args.left_out, args.pythons
PLATFORMS = {p: PLATFORMS[p] for p in args.platforms}


def plan(python, tags):
    """What pip would install: name → (version, dependencies, SHA-256)."""
    with tempfile.TemporaryDirectory() as tmp:
        command = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed", "--target", tmp, "--only-binary=:all:",
                   "--implementation", "cp", "--python-version", python, "--abi", "cp" + python.replace(".", ""), "--abi", "abi3", "--abi", "none",
                   "--report", tmp + "/report.json"]
        for tag in tags:
            command += ["--platform", tag]
        subprocess.run(command + WANTED, check=True)
        with open(tmp + "/report.json") as f:
            return {canonical(i["metadata"]["name"]): (i["metadata"]["version"], i["metadata"].get("requires_dist", []),
                    i["download_info"]["archive_info"]["hashes"]["sha256"]) for i in json.load(f)["install"]}


def canonical(name):
    return name.lower().replace("_", "-").replace(".", "-")


def needed(found, python, platform):
    """The names of WANTED and of all their dependencies, without LEFT_OUT."""
    env = default_environment() | {"python_version": python, "python_full_version": python + ".9",
                                   "sys_platform": platform.split()[0], "platform_machine": platform.split()[1]}
    names, todo = {}, [Requirement(w) for w in WANTED]
    while todo:
        r = todo.pop()
        name, extras = canonical(r.name), frozenset(r.extras)
        if name in LEFT_OUT or name in names and extras <= names[name]:
            continue
        names[name] = names.get(name, frozenset()) | extras
        for text in found[name][1]:
            d = Requirement(text)
            if d.marker is None or any(d.marker.evaluate(env | {"extra": e}) for e in {"", *r.extras}):
                todo.append(d)
    return names


lock = {}  # name → version → ({hashes}, {pythons})
for python in PYTHONS:
    for platform, tags in PLATFORMS.items():
        found = plan(python, tags)
        for name in needed(found, python, platform):
            hashes, pythons = lock.setdefault(name, {}).setdefault(found[name][0], (set(), set()))
            hashes.add(found[name][2])
            pythons.add(python)
print(f"# Written by lock.py for CPython {', '.join(PYTHONS)} on {', '.join(PLATFORMS)}; do not edit.")
for name in sorted(lock):
    for version, (hashes, pythons) in sorted(lock[name].items()):
        marker = "" if len(pythons) == len(PYTHONS) else " ; " + " or ".join(f'python_version == "{p}"' for p in sorted(pythons))
        print(f"{name}=={version}{marker} \\\n" + " \\\n".join(f"    --hash=sha256:{h}" for h in sorted(hashes)))
