# shellcheck shell=bash
# Shared by the scripts in this folder: finds or installs what they need. Sourced, never run.
#
# What it leaves behind lies in caches that all clones share, never in the tree:
#   $CACHE/odoo-debian Odoo, when neither ODOO_HOME nor an importable odoo 19.0 is there
#   $CACHE/venv-*      a Python environment with dev/requirements.txt
#   $CACHE/base        the files of the prepared database that the others are copied from
#   $CACHE/trees/*     per clone: the links that give the addon its name, odoo.conf, the filestore
#   $PG_DIR            a private PostgreSQL cluster, reached by its socket only
set -euo pipefail
unset PYTHONPATH # ours from a calling script would be taken for an Odoo of the machine's own

ADDON=ar_credit_control
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
ODOO_PACKAGE=odoo-19
ODOO_TESTED=19.0.0+dfsg-1 # the package this tree was last tested with
# What the base database holds beside our own dependencies: menus for sales, payment links,
# an Italian and a French company for the demo.
BASE_MODULES=account,account_payment,sale_management,portal,l10n_it_edi,l10n_fr_account
export LC_ALL=C.UTF-8 # machines without a locale, and messages that these scripts can read

say() { printf '%s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
digest() { cksum | cut -d' ' -f1; }

# ---------------------------------------------------------------- where things lie
find_cache() {
  : "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
  CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/$ADDON
  if ! mkdir -p "$CACHE" 2>/dev/null || [ ! -w "$CACHE" ]; then # service accounts have no home
    CACHE=/var/tmp/$ADDON-$(id -u)
    own_folder "$CACHE" || die "no folder to build in: set XDG_CACHE_HOME to one you may write to."
    export HOME=$CACHE
  fi
  CACHE=$(cd "$CACHE" && pwd -P)
  unset PYTHONDONTWRITEBYTECODE
  export PYTHONPYCACHEPREFIX=$CACHE/pycache # quick starts, and a tree without __pycache__
  # shellcheck disable=SC2034 # names the databases of this clone
  TREE_ID=$(tree_id "$ROOT")
  TREE=$CACHE/trees/$(printf '%s' "$ROOT" | digest)
}

tree_id() { printf '%s' "$CACHE $1" | digest; }

# Below /tmp anyone could have been there first.
own_folder() { [ -O "$1" ] || mkdir -m 700 "$1" 2>/dev/null; }

need_space() {
  local free; free=$(df -Pk "$CACHE" | awk 'NR == 2 {print int($4 / 1024)}')
  [ "$free" -ge "$1" ] || die "only $free MB are free for $CACHE and $1 are needed: make room, or set XDG_CACHE_HOME to a folder on another disk."
}

# with_lock NAME COMMAND…: two clones that start together must not build over each other.
with_lock() {
  local name=$1; shift
  ( flock -n 9 || { say "Waiting for another build ($name) …"; flock 9; }
    "$@" 9>&- ) 9>"$CACHE/lock-$name"
}

# ---------------------------------------------------------------- Debian's packages
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || die "'$*' needs root: install sudo, or run it once as root."
  sudo "$@"
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2; }

apt_update() {
  apt_get update -qq || die "the package lists could not be read: check the network and the machine's apt sources."
}

# apt_install PACKAGE…
apt_install() {
  command -v apt-get >/dev/null || die "this is no Debian or Ubuntu: install by hand what they call $*."
  say "Installing $* …"
  with_lock apt apt_install_now "$@"
}

apt_install_now() {
  apt_update
  apt_get install -y -qq --no-install-recommends "$@" ||
    die "'$*' could not be installed: check the machine's apt sources, or install it by hand."
}

# ---------------------------------------------------------------- Python
# The interpreter itself rather than a version manager's shim, which changes with the folder.
find_python() {
  local candidate candidates=(python3 python3.12 python3.13 python3.11 python3.10)
  [ -z "${PYTHON:-}" ] || candidates=("$PYTHON")
  for candidate in "${candidates[@]}"; do
    "$candidate" -c 'import sys
if not (3, 10) <= sys.version_info[:2] <= (3, 13): sys.exit(1)
print(sys.executable)' 2>/dev/null && return
  done
  return 1
}

need_python() {
  if ! BASE_PYTHON=$(find_python); then
    [ -z "${PYTHON:-}" ] || die "PYTHON=$PYTHON is no Python 3.10 to 3.13."
    apt_install python3 python3-venv
    BASE_PYTHON=$(find_python) || die "Odoo 19 needs Python 3.10 to 3.13: install one and name it, PYTHON=/path/to/python3.12 dev/…"
  fi
  local version; version=$("$BASE_PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  VENV=$CACHE/venv-$version-$(digest <"$ROOT/dev/requirements.txt")
  PY=$VENV/bin/python
  venv_is_complete || with_lock venv build_venv
}

# A removed interpreter leaves a dangling link behind.
venv_is_complete() { [ -e "$VENV/.complete" ] && [ -x "$PY" ]; }

build_venv() {
  if venv_is_complete; then return; fi
  need_space 1000
  say "Installing Python dependencies …"
  rm -rf "$VENV"
  "$BASE_PYTHON" -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
  "$BASE_PYTHON" -m venv "$VENV" >&2 ||
    die "$BASE_PYTHON makes no environment: install its 'venv' package, or name another one, PYTHON=/path/to/python3.12 dev/…"
  "$PY" -m pip install -q --disable-pip-version-check --use-pep517 -r "$ROOT/dev/requirements.txt" >&2 ||
    die "the Python packages of dev/requirements.txt could not be installed: see pip's message above; without a network, set PIP_INDEX_URL or PIP_FIND_LINKS to what you have."
  touch "$VENV/.complete"
}

# ---------------------------------------------------------------- Odoo
# Sets ODOO (the folder that holds the package odoo) and ODOO_ADDONS (comma separated).
need_odoo() {
  if [ -n "${ODOO_HOME:-}" ]; then
    ODOO=$(cd "$ODOO_HOME" 2>/dev/null && pwd -P) || die "ODOO_HOME=$ODOO_HOME is no folder."
    [ "$(odoo_version "$ODOO")" = 19.0 ] ||
      die "ODOO_HOME=$ODOO_HOME holds no Odoo 19.0 (found: '$(odoo_version "$ODOO")'): point it to a checkout of 19.0."
  elif ! find_importable_odoo; then
    ODOO=$CACHE/odoo-debian/usr/lib/python3/dist-packages
    [ -e "$CACHE/odoo-debian/.complete" ] || with_lock odoo download_odoo
  fi
  ODOO_ADDONS=$ODOO/odoo/addons
  [ ! -d "$ODOO/addons" ] || ODOO_ADDONS=$ODOO/addons,$ODOO_ADDONS
}

# Where init.py is missing odoo is a namespace package, so the release file names the version.
odoo_version() { sed -n 's/^version_info = (\([0-9]*\), \([0-9]*\).*/\1.\2/p' "$1/odoo/release.py" 2>/dev/null || true; }

find_importable_odoo() {
  ODOO=$(cd / && "$BASE_PYTHON" -c 'import odoo, os; print(os.path.dirname(list(odoo.__path__)[0]))' 2>/dev/null) || return 1
  [ "$(odoo_version "$ODOO")" = 19.0 ] && return
  say "Note: $ODOO holds Odoo '$(odoo_version "$ODOO")', not 19.0; it is left alone."
  return 1
}

# The mirror that this machine's own apt uses, so that no address is written here.
own_mirror() {
  # shellcheck disable=SC2016 # apt fills them in
  apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(LABEL)' 'Created-By: Packages' |
    awk '$2 == "main" && $1 !~ /security/ && ($3 == "Debian" || $3 == "Ubuntu") && mirror == "" {mirror = $1} END {print mirror}'
}

# A private list for the suite that carries the package; Ubuntu takes it over into its newest.
write_apt_source() {
  local apt=$1 id=debian suite=sid component=main mirror
  if grep -qi '^ID=ubuntu' /etc/os-release && [ -z "${DEBIAN_MIRROR:-}" ]; then
    id=ubuntu suite=devel component="main universe"
  fi
  mirror=${DEBIAN_MIRROR:-$(own_mirror)}
  [ -n "$mirror" ] || die "apt names no mirror of Debian or Ubuntu: set DEBIAN_MIRROR to one, or ODOO_HOME to a checkout of Odoo 19.0."
  [ -e /usr/share/keyrings/$id-archive-keyring.gpg ] || apt_install $id-archive-keyring
  rm -rf "$apt"
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/debs"
  echo "deb [signed-by=/usr/share/keyrings/$id-archive-keyring.gpg] $mirror $suite $component" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<END
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt";
Acquire::Languages "none";
APT::Sandbox::User "root";
END
}

download_odoo() {
  if [ -e "$CACHE/odoo-debian/.complete" ]; then return; fi
  command -v apt-get >/dev/null || die "no Odoo 19.0 found: set ODOO_HOME to a checkout of Odoo 19.0."
  need_space 2500
  say "Downloading Odoo 19 (120 MB) …"
  [ -n "$(own_mirror)" ] || apt_update # a new container has no package lists yet
  write_apt_source "$CACHE/apt"
  APT_CONFIG=$CACHE/apt/apt.conf apt-get update -qq >&2 ||
    die "the suite that holds $ODOO_PACKAGE could not be read from the machine's mirror: check the network, or set DEBIAN_MIRROR, or ODOO_HOME to a checkout of Odoo 19.0."
  ( cd "$CACHE/apt/debs" && download_packages && unpack_packages )
  note_odoo_version
  # Left out of the package for its licence; its absence is a console error on every page.
  local missing=$ODOO/odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js
  mkdir -p "$(dirname "$missing")"; touch "$missing"
  rm -rf "$CACHE/apt"
  touch "$CACHE/odoo-debian/.complete"
}

# Odoo's package links its fonts and scripts into these others; the icons must be the 4.7 of
# the machine's own suite, since Odoo's style sheets name its glyphs.
download_packages() {
  APT_CONFIG=$CACHE/apt/apt.conf apt-get download -qq $ODOO_PACKAGE libjs-jquery libjs-underscore libjs-jquery-form \
    fonts-roboto-unhinted fonts-montserrat fonts-inconsolata fonts-ocr-b fonts-glyphicons-halflings >&2 ||
    die "package $ODOO_PACKAGE could not be had from the machine's mirror: set DEBIAN_MIRROR, or ODOO_HOME to a checkout of Odoo 19.0."
  download_icons || { apt_update; download_icons; } || die "package fonts-font-awesome could not be had from the machine's mirror."
}

download_icons() { apt-get download -qq -o APT::Sandbox::User=root fonts-font-awesome >&2; }

unpack_packages() {
  local deb
  rm -rf "$CACHE/odoo-debian"
  mkdir -p "$CACHE/odoo-debian"
  for deb in *.deb; do dpkg-deb -x "$deb" "$CACHE/odoo-debian" || die "$deb could not be unpacked: is the disk full?"; done
  dpkg-deb -f ${ODOO_PACKAGE}_*.deb Version >"$CACHE/odoo-debian/version"
}

note_odoo_version() {
  local version; version=$(cat "$CACHE/odoo-debian/version")
  [ "$(odoo_version "$ODOO")" = 19.0 ] || die "package $ODOO_PACKAGE $version holds no Odoo 19.0: set ODOO_HOME to a checkout of it."
  [ "$version" = "$ODOO_TESTED" ] || say "Note: Odoo $version is another one than the tested $ODOO_TESTED."
}

# ---------------------------------------------------------------- PostgreSQL
# The server refuses to run as root, and root's home is closed to other accounts: as root the
# cluster lies in /var/cache and runs as 'postgres'.
need_postgres() {
  if [ "$(id -u)" = 0 ]; then PG_DIR=/var/cache/$ADDON/pg; else PG_DIR=$CACHE/pg; fi
  mkdir -p "$PG_DIR"
  find_pg_bin || { apt_install postgresql; find_pg_bin; } ||
    die "no PostgreSQL server found below /usr/lib/postgresql: install the package postgresql."
  [ "$(id -u)" != 0 ] || id postgres >/dev/null 2>&1 || die "as root the server runs as 'postgres', and there is no such account: create it."
  export PGHOST PGPORT=5499 PGUSER=odoo PGDATABASE=postgres
  PGHOST=$(socket_folder)
  # Whoever holds this lock uses the server: see release_postgres.
  exec 8>"$PG_DIR.users"
  flock -s 8
  "$PG_BIN/pg_isready" -q || with_lock postgres start_postgres
}

# The newest server, but for a cluster that is there the one that made it.
find_pg_bin() {
  local version
  version=$(cat "$PG_DIR/data/PG_VERSION" 2>/dev/null) || version='*'
  [ -x "/usr/lib/postgresql/$version/bin/initdb" ] || version='*'
  # shellcheck disable=SC2086,SC2012 # a pattern to expand; plain names to sort by version
  PG_BIN=$(ls -d /usr/lib/postgresql/$version/bin 2>/dev/null | sort -V | tail -1)
  [ -x "$PG_BIN/initdb" ]
}

# The path of a socket has at most 107 bytes, and the setting that names it no quoting to rely on.
socket_folder() {
  local short
  if [ ${#PG_DIR} -lt 80 ] && [[ $PG_DIR != *[!A-Za-z0-9/._-]* ]]; then printf '%s' "$PG_DIR"; return; fi
  short=/tmp/$ADDON-$(printf '%s' "$PG_DIR" | digest)
  own_folder "$short" || die "$short belongs to somebody else: remove it."
  printf '%s' "$short"
}

as_postgres() {
  if [ "$(id -u)" = 0 ]; then ( cd / && setpriv --reuid=postgres --regid=postgres --init-groups "$@" ) else "$@"; fi
}

start_postgres() {
  if "$PG_BIN/pg_isready" -q; then return; fi
  # the cluster of a server that was removed since is of no use
  [ "$(cat "$PG_DIR/data/PG_VERSION" 2>/dev/null)" = "$(basename "${PG_BIN%/bin}")" ] || create_cluster
  forget_dead_server
  as_postgres "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -l "$PG_DIR/log" -t 120 -w start >/dev/null 8>&- ||
    die "PostgreSQL did not start: see $PG_DIR/log; everything in $PG_DIR can be built again, so you may remove it."
}

create_cluster() {
  say "Creating the database cluster …"
  need_space 1000
  rm -rf "$PG_DIR/data" "$PG_DIR/new"
  if [ "$(id -u)" = 0 ]; then chown postgres: "$PG_DIR"; fi
  as_postgres "$PG_BIN/initdb" -D "$PG_DIR/new" -U odoo -A trust -E UTF8 --locale=C.UTF-8 >/dev/null || die "the database cluster could not be created."
  # A development cluster: a crash may lose it, and then it is simply built again.
  cat >>"$PG_DIR/new/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$PGHOST'
unix_socket_permissions = 0700
port = $PGPORT
fsync = off
full_page_writes = off
synchronous_commit = off
shared_buffers = 1GB
work_mem = 32MB
maintenance_work_mem = 512MB
max_wal_size = 4GB
max_connections = 100
jit = off
random_page_cost = 1.1
END
  mv "$PG_DIR/new" "$PG_DIR/data"
}

# After a crash or a reboot the number in the pid file may be another program's.
forget_dead_server() {
  local pid; pid=$(head -1 "$PG_DIR/data/postmaster.pid" 2>/dev/null) || return 0
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ] || rm -f "$PG_DIR/data/postmaster.pid" "$PGHOST/.s.PGSQL.$PGPORT.lock"
}

# The last script to end stops the server: nothing is left running.
release_postgres() {
  if ! flock -n -x 8; then return 0; fi
  [ "$(sql "select count(*) from pg_stat_activity where backend_type = 'client backend'" 2>/dev/null)" = 1 ] &&
    as_postgres "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -m fast -w stop >/dev/null
  exec 8>&-
}

sql() { "$PG_BIN/psql" -d postgres -XAtqc "$1"; }
has_db() { [ "$(sql "select 1 from pg_database where datname = '$1'")" = 1 ]; }
drop_db() { "$PG_BIN/dropdb" --if-exists --force "$1" 2>/dev/null && rm -rf "$(filestore "$1")"; }
rename_db() { drop_db "$2"; sql "alter database \"$1\" rename to \"$2\""; mv "$(filestore "$1")" "$(filestore "$2")" 2>/dev/null || true; }
copy_db() { drop_db "$2"; "$PG_BIN/createdb" -T "$1" "$2"
  [ ! -d "$(filestore "$1")" ] || { mkdir -p "$TREE/data/filestore"; cp -a "$(filestore "$1")" "$(filestore "$2")"; } }
filestore() { case $1 in ar_base_*) echo "$CACHE/base/filestore/$1" ;; *) echo "$TREE/data/filestore/$1" ;; esac; }

# ---------------------------------------------------------------- this clone
# What clones that were deleted since have left behind.
forget_gone_clones() {
  local link tree_id name
  for link in "$CACHE"/trees/*/addons/"$ADDON"; do
    if [ ! -L "$link" ] || [ -e "$link" ]; then continue; fi
    tree_id=$(tree_id "$(readlink "$link")")
    for name in $(sql "select datname from pg_database where datname ~ '^ar_[a-z0-9]+_${tree_id}(_|$)'"); do drop_db "$name"; done
    rm -rf "${link%/addons/*}"
  done
}

need_tree() {
  forget_gone_clones
  mkdir -p "$TREE/addons" "$TREE/data" "$TREE/python"
  ln -sfn "$ROOT" "$TREE/addons/$ADDON"
  # the package alone: the folder it lies in may hold other versions of what $VENV holds
  ln -sfn "$ODOO/odoo" "$TREE/python/odoo"
  ODOO_RC=$TREE/odoo.conf
  cat >"$ODOO_RC.$$" <<END
[options]
addons_path = $ODOO_ADDONS,$TREE/addons${EXTRA_ADDONS:+,$EXTRA_ADDONS}
data_dir = $TREE/data
db_host = $PGHOST
db_port = $PGPORT
db_user = $PGUSER
http_interface = 127.0.0.1
http_port = ${HTTP_PORT:-8069}
limit_time_real = 3600
limit_time_cpu = 3600
list_db = False
END
  mv "$ODOO_RC.$$" "$ODOO_RC"
  export ODOO_RC PYTHONPATH=$TREE/python
  export QT_QPA_PLATFORM=offscreen # wkhtmltopdf, on machines without a screen
}

need_all() { need_python; need_odoo; need_postgres; need_tree; }

odoo() { "$PY" -m odoo "$@"; }

# A database with Odoo's own modules, made once per Odoo and list of modules; others copy it.
need_base_db() {
  local version
  version=$(cat "$CACHE/odoo-debian/version" 2>/dev/null) || version=
  [ -z "${ODOO_HOME:-}" ] || version=$(git -C "$ODOO" rev-parse HEAD 2>/dev/null) || version=
  BASE_DB=ar_base_$(printf '%s' "$CACHE $ODOO $version $BASE_MODULES" | digest)
  base_db_is_complete || with_lock base build_base_db
}

base_db_is_complete() { [ -d "$(filestore "$BASE_DB")" ] && has_db "$BASE_DB"; }

build_base_db() {
  if base_db_is_complete; then return; fi
  need_space 1000
  say "Preparing a database with Odoo's modules (a few minutes, once) …"
  local new=${BASE_DB}_new
  drop_db "$BASE_DB"; drop_db "$new"
  odoo -d "$new" -i $BASE_MODULES --data-dir="$CACHE/base" --stop-after-init --no-http --log-level=warn </dev/null >&2 ||
    die "Odoo could not be installed into a new database: see its log above."
  mkdir -p "$(filestore "$new")"
  # a template that somebody is connected to cannot be copied
  sql "alter database $new allow_connections false"
  rename_db "$new" "$BASE_DB"
}

# Statements and letters as PDF. Debian dropped the package after 12; without it Odoo prints HTML.
need_wkhtmltopdf() {
  if command -v wkhtmltopdf >/dev/null ; then return; fi
  [ -n "$(apt-cache madison wkhtmltopdf 2>/dev/null)" ] && apt_install wkhtmltopdf && return
  say "Note: wkhtmltopdf is not to be had from this machine's packages: PDFs are not printed (install it by hand if you need them)."
}

# The browser's name for Odoo, which takes the first of some names on the PATH: even one that
# cannot run its tests.
need_chromium() {
  local browser
  browser=$(find_browser) || { install_chromium; browser=$(find_browser); } ||
    die "no Chrome or Chromium was found: install one, or name it, CHROME=/path/to/chrome dev/test"
  mkdir -p "$TREE/bin"
  printf '#!/bin/sh\nexec "%s" "$@"\n' "$browser" >"$TREE/bin/google-chrome"
  chmod +x "$TREE/bin/google-chrome"
  export PATH=$TREE/bin:$PATH
}

find_browser() {
  local name path
  if [ -n "${CHROME:-}" ]; then
    [ -x "$CHROME" ] || die "CHROME=$CHROME is no program: name Chrome or Chromium itself."
    printf '%s' "$CHROME"
    return
  fi
  for name in google-chrome google-chrome-stable chromium chromium-browser; do
    path=$(PATH=${PATH#"$TREE/bin:"} command -v $name) || continue
    if ! is_snap "$path"; then printf '%s' "$path"; return; fi
  done
  return 1
}

# A snap cannot see the tests' folders, and Ubuntu's package chromium-browser is a shell around one.
is_snap() { [[ $(readlink -f "$1") =~ ^(/snap/|/usr/bin/snap$) ]] || head -c 4096 "$1" | grep -aq /snap/bin; }

install_chromium() {
  [ -z "${CHROME:-}" ] || exit 1
  if grep -qi '^ID=ubuntu' /etc/os-release; then
    die "the browser tests need Chrome or Chromium, and Ubuntu's package is a snap that cannot run them: install Google Chrome's .deb, or name a browser, CHROME=/path/to/chrome dev/test. 'dev/test unit odoo' runs everything else."
  fi
  apt_install chromium
}

find_cache
