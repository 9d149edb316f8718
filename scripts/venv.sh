# Sourced by scripts/run and scripts/test, which set `root`: a virtual environment in $root.
#
# Which versions it gets, $CORS_PACKAGES says; each choice has an environment of its own:
#   tested  .venv         exactly those of scripts/tested-versions.txt, whatever was released since; the default
#   newest  .venv-newest  whatever is served today
#   oldest  .venv-oldest  those of scripts/oldest-versions.txt: the lower bounds in pyproject.toml, and of what these
#                         need in turn the newest that they permit
#
# Law 1: an environment counts as set up for a use (run, test) only while $venv/USE.stamp holds exactly what `wanted`
#        prints: the place, the interpreter, the choice of versions, and the files that say what is to be installed.
# Law 2: stamps are removed before anything changes and written last, so what was interrupted is never taken as whole;
#        without any stamp, or with other versions chosen, an environment is made anew: no old package stays behind.
# Law 3: nothing that these scripts did not make is removed.

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

packages=${CORS_PACKAGES:-tested}
case $packages in
  tested) venv=$root/.venv ;;
  newest | oldest) venv=$root/.venv-$packages ;;
  *) die "CORS_PACKAGES is \"$packages\"; it may be tested, newest or oldest." ;;
esac

# Sets `misfit` to what keeps the interpreter $1 from being used, or succeeds.
fits() {
  misfit=$("$1" -c '
import sys
if sys.version_info < (3, 12):
    sys.exit("is Python %d.%d" % sys.version_info[:2])
try:
    import ensurepip, ssl, venv
except ImportError:
    sys.exit("lacks venv or ssl: on Debian and Ubuntu, apt install python%d.%d-venv" % sys.version_info[:2])
' 2>&1) && return
  misfit=$(printf '%s\n' "$misfit" | tail -n 1)
  return 1
}

# Sets `python` to an interpreter that fits, or says what to install.
find_python() {
  local candidate seen='' pyenv=${PYENV_ROOT:-${HOME:-}/.pyenv}
  if [[ -n ${PYTHON:-} ]]; then
    fits "$PYTHON" || die "The interpreter of \$PYTHON does not fit: $PYTHON ${misfit:-does not run}."
    python=$PYTHON
    return
  fi
  for candidate in python3.13 python3.12 python3.14 python3 python \
    "$pyenv"/versions/3.13.*/bin/python3 "$pyenv"/versions/3.12.*/bin/python3 "$pyenv"/versions/3.14.*/bin/python3; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    if fits "$candidate"; then
      python=$candidate
      return
    fi
    seen+="
  $candidate: ${misfit:-does not run}"
  done
  if command -v uv >/dev/null 2>&1; then
    python=$(uv python find --no-project '>=3.12' 2>/dev/null) && fits "$python" && return
    say "No Python 3.12 or newer here: uv installs one."
    if uv python install 3.13 >&2 && python=$(uv python find --no-project 3.13) && fits "$python"; then return; fi
    seen+="
  uv: found and installed none"
  fi
  die "cors_addon needs Python 3.12 or newer, and there is none here. Looked at:${seen:-
  python3.13, python3.12, python3.14, python3, python, pyenv, uv: not installed}

Install one of
  Debian 13, Ubuntu 24.04 or newer:  sudo apt install python3 python3-venv
  Fedora:                            sudo dnf install python3.13
  macOS, with Homebrew:              brew install python@3.13
  anywhere, with pyenv:              pyenv install 3.13
  anywhere, with uv:                 uv python install 3.13
and start this again, or name an interpreter: PYTHON=/path/to/python3.13 $0"
}

# The first three lines say whether what is there can be brought up to date.
wanted() {
  printf '%s\n' "$root"
  "$venv/bin/python" -I -S -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || return 1
  if [[ $packages == newest ]]; then date +%F; else cksum <"$root/scripts/$packages-versions.txt"; fi
  cat "$root/pyproject.toml" "$root/cors_addon.pth" "$root/cors_addon.start" "$root/_cors_addon_start.py"
}

is_ready() { [[ -f $venv/$1.stamp ]] && wanted 2>/dev/null | cmp -s - "$venv/$1.stamp"; }

# Sets the environment up for $1 (run or test), unless it is.
ensure_venv() {
  is_ready "$1" && return
  exec 9>"$root/.venv.lock"
  if command -v flock >/dev/null 2>&1 && ! flock -n 9; then
    say "Another set-up is under way in $root; waiting for it."
    flock 9
  fi
  is_ready "$1" || set_up "$1"
  exec 9>&-
}

install() {
  if [[ $packages != newest ]]; then
    # As variables, since these reach the build of a package as well: before pip 25.3 the one, from then on the other.
    # pip splits them at blanks, which a relative path has none of.
    export PIP_CONSTRAINT=scripts/$packages-versions.txt PIP_BUILD_CONSTRAINT=scripts/$packages-versions.txt
  fi
  # A PYTHONPATH or a pip.conf of the caller's must not put the packages elsewhere.
  cd "$root" && "$venv/bin/python" -m pip install --disable-pip-version-check --no-user --editable ".$1" 9>&-
}

set_up() {
  local extra='' python='' uses=run
  [[ $1 == test ]] && extra='[test]' uses='run test'
  if [[ -e $venv && ! -e $venv/.made-by-scripts ]]; then
    die "$venv was not made by scripts/run or scripts/test. Move it away, and start this again."
  fi
  if cmp -s <(wanted | head -n 3) <(head -n 3 "$venv/run.stamp" 2>/dev/null); then
    say "Bringing $venv up to date."
    rm -f "$venv"/*.stamp
  else
    find_python
    say "Setting up $venv with $("$python" --version) ($(command -v "$python")); this takes a minute or so, once."
    rm -rf "$venv"
    mkdir "$venv"
    touch "$venv/.made-by-scripts"
    "$python" -m venv "$venv" 9>&-
  fi
  say "Installing cors_addon, mitmproxy and what they need; what pip says goes to $venv/pip.log."
  if ! (install "$extra") >"$venv/pip.log" 2>&1; then
    tail -n 40 "$venv/pip.log" >&2
    die "pip failed: see above, and all of it in $venv/pip.log. Packages of other versions are tried by
  CORS_PACKAGES=newest $0"
  fi
  local use
  for use in $uses; do
    wanted >"$venv/$use.stamp.new"
    mv "$venv/$use.stamp.new" "$venv/$use.stamp"
  done
}
