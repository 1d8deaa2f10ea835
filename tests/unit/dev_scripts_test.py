"""What the scripts in dev/ find, refuse and say, on machines other than this one."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIB = ROOT / "dev" / "lib.sh"
BROWSERS = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")


@pytest.fixture
def shell(tmp_path):
    """Runs a line with dev/lib.sh at hand: (exit code, standard output, standard error)."""

    def run(line, **variables):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            **variables,
        }
        done = subprocess.run(
            ["bash", "-c", f'. "{LIB}"; {line}'],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    return run


@pytest.fixture
def program(tmp_path):
    """Makes a program of this name on a PATH of its own, and returns its path."""

    def make(name, content="#!/bin/sh\n"):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        path.chmod(0o755)
        return str(path)

    return make


# -------------------------------------------------------------------- browsers
def only_here(tmp_path):
    """A PATH of what bash needs, without the machine's own browsers."""
    tools = tmp_path / "tools"
    tools.mkdir()
    folders = [Path(folder) for folder in os.environ["PATH"].split(":")]
    for folder in folders:
        for found in folder.glob("*") if folder.is_dir() else ():
            if found.name not in BROWSERS and not (tools / found.name).exists():
                (tools / found.name).symlink_to(found)
    return f"{tmp_path / 'bin'}:{tools}"


def test_the_browser_named_by_hand_is_taken(shell, program, tmp_path):
    mine = program("my browser")
    code, found, _said = shell("find_browser", CHROME=mine)
    assert (code, found) == (0, mine)
    # Odoo looks for one of its names on the PATH: it finds ours there
    code, found, _said = shell("need_chromium; command -v google-chrome", CHROME=mine)
    assert code == 0
    assert f'exec "{mine}" "$@"' in Path(found).read_text()


def test_a_browser_that_is_none_is_refused(shell):
    for line in ("find_browser", "need_chromium"):
        code, _found, said = shell(line, CHROME="/nowhere/chrome")
        assert code == 1
        assert "CHROME=/nowhere/chrome is no program" in said


def test_a_snap_is_passed_over_for_a_browser_that_works(shell, program, tmp_path):
    program("chromium", '#!/bin/sh\nexec /snap/bin/chromium "$@"\n')
    path = only_here(tmp_path)
    assert shell("find_browser", PATH=path)[0] == 1
    real = program("chromium-browser")
    assert shell("find_browser", PATH=path)[1] == real


# -------------------------------------------------------------------- Odoo
def release(folder, version):
    (folder / "odoo").mkdir(parents=True)
    (folder / "odoo" / "release.py").write_text(f"version_info = ({version}, 'final', 0, '')\n")


def test_a_checkout_of_odoo_is_taken(shell, tmp_path):
    release(tmp_path / "odoo", "19, 0")
    (tmp_path / "odoo" / "addons").mkdir()
    line = 'need_odoo; echo "$ODOO|$ODOO_ADDONS"'
    _code, found, _said = shell(line, ODOO_HOME=str(tmp_path / "odoo"))
    home = (tmp_path / "odoo").resolve()
    assert found == f"{home}|{home}/addons,{home}/odoo/addons"


@pytest.mark.parametrize(("version", "said"), [
    ("18, 0", "holds no Odoo 19.0 (found: '18.0')"),
    (None, "is no folder"),
])  # fmt: skip
def test_another_odoo_is_refused_with_the_remedy(shell, tmp_path, version, said):
    home = tmp_path / "other"
    if version:
        release(home, version)
    code, _out, error = shell("need_odoo", ODOO_HOME=str(home))
    assert code == 1
    assert said in error
    assert "ODOO_HOME=" in error


def test_without_apt_the_remedy_is_named(shell, tmp_path, program):
    tools = only_here(tmp_path)
    (tmp_path / "tools" / "apt-get").unlink(missing_ok=True)
    code, _out, error = shell("apt_install postgresql", PATH=tools)
    assert code == 1
    assert "install by hand what they call postgresql" in error
    code, _out, error = shell("download_odoo", PATH=tools)
    assert "set ODOO_HOME to a checkout of Odoo 19.0" in error


def test_sources_of_a_named_mirror_are_debians(shell, tmp_path):
    """Whatever the machine is, a Debian mirror is read as one, signed by Debian's key."""
    line = 'apt_install() { :; }; write_apt_source "$CACHE/apt"; cat "$CACHE/apt/sources.list"'
    _code, source, _said = shell(line, DEBIAN_MIRROR="http://mirror.example/debian")
    assert source.endswith("http://mirror.example/debian sid main")
    assert "debian-archive-keyring.gpg" in source


# -------------------------------------------------------------------- places
def test_python_is_one_that_odoo_runs_on(shell, program):
    old = program("python-old", "#!/bin/sh\nexit 1\n")
    code, _out, error = shell("need_python", PYTHON=old)
    assert code == 1
    assert f"PYTHON={old} is no Python 3.10 to 3.13" in error


def test_the_socket_lies_where_a_socket_can(shell):
    short = "/var/lib/pg"
    assert shell(f"PG_DIR={short}; socket_folder")[1] == short
    for awkward in ("/home/of somebody/pg", "/home/" + "long/" * 20):
        _code, folder, _said = shell(f'PG_DIR="{awkward}"; socket_folder; rmdir /tmp/$ADDON-*')
        assert folder.startswith("/tmp/ar_credit_control-")
        assert len(folder) < 80


def test_a_full_disk_is_told_before_it_is_met(shell):
    code, _out, error = shell("need_space 999999999")
    assert code == 1
    assert "999999999 are needed: make room, or set XDG_CACHE_HOME" in error


def test_two_builds_wait_for_each_other(shell, tmp_path):
    log = tmp_path / "log"
    line = (
        f'build() {{ echo start >>"{log}"; sleep 0.3; echo end >>"{log}"; }}; '
        "with_lock same build & with_lock same build & wait"
    )
    assert shell(line)[0] == 0
    assert log.read_text().split() == ["start", "end"] * 2


# -------------------------------------------------------------------- arguments
@pytest.mark.parametrize(("arguments", "said"), [
    (["nosuchthing"], "no test file begins with 'nosuchthing'"),
    (["browser", "exposure"], "there are no such tests"),
])  # fmt: skip
def test_a_run_without_any_test_is_an_error(arguments, said, tmp_path):
    done = subprocess.run(
        [ROOT / "dev" / "test", *arguments],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr
