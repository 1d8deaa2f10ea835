# Shared by the scripts in this folder: finds or installs what they need. Sourced, never run.
#
# What it leaves behind lies in caches that all clones share, never in the tree:
#   $CACHE/odoo-*      Odoo, when neither ODOO_HOME nor an importable odoo is there
#   $CACHE/venv-*      a Python environment with dev/requirements.txt
#   $CACHE/trees/*     per clone: the link that gives the addon its name, odoo.conf, the filestore
#   $PG_DIR            a private PostgreSQL cluster, reached by its socket only
set -euo pipefail

ADDON=ar_credit_control
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/$ADDON
TREE=$CACHE/trees/$(printf '%s' "$ROOT" | cksum | cut -d' ' -f1)
ODOO_PACKAGE=odoo-19
ODOO_TESTED=19.0.0+dfsg-1 # the package this tree was last tested with
# What the base database holds beside our own dependencies: menus for sales, payment links,
# an Italian and a French company for the demo.
BASE_MODULES=account,account_payment,sale_management,portal,l10n_it_edi,l10n_fr_account

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
digest() { cksum | cut -d' ' -f1; }

# One build at a time per machine: two clones that start together must not unpack over each other.
with_lock() {
  mkdir -p "$CACHE"
  ( flock 9; "$@" 9>&- ) 9>"$CACHE/lock"
}

# apt_install COMMAND PACKAGE…: installs the packages unless COMMAND is there already.
apt_install() {
  local command=$1; shift
  command -v "$command" >/dev/null 2>&1 && return
  command -v apt-get >/dev/null || die "'$command' is missing and this is no Debian or Ubuntu: install it by hand ($*)."
  say "Installing $* …"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 ||
    die "the package lists could not be read: check the network and the machine's apt sources."
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 ||
    die "'$*' could not be installed: check the machine's apt sources, or install it by hand."
}

# ---------------------------------------------------------------- Python
find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.12 python3.13 python3.11 python3.10; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      command -v "$candidate"; return
    fi
  done
  return 1
}

need_python() {
  if ! BASE_PYTHON=$(find_python); then
    apt_install python3 python3 python3-venv
    BASE_PYTHON=$(find_python) || die "Odoo 19 needs Python 3.10 to 3.13: install one and name it, PYTHON=/path/to/python3.12 dev/…"
  fi
  local version; version=$("$BASE_PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  VENV=$CACHE/venv-$version-$(digest <"$ROOT/dev/requirements.txt")
  PY=$VENV/bin/python
  [ -e "$VENV/.complete" ] || with_lock build_venv
}

build_venv() {
  [ -e "$VENV/.complete" ] && return
  say "Installing Python dependencies …"
  rm -rf "$VENV"
  "$BASE_PYTHON" -c 'import ensurepip' 2>/dev/null || apt_install "no-ensurepip" python3-venv
  "$BASE_PYTHON" -m venv "$VENV"
  "$PY" -m pip install -q --disable-pip-version-check -r "$ROOT/dev/requirements.txt" >&2 ||
    die "the Python packages of dev/requirements.txt could not be installed: see pip's message above."
  touch "$VENV/.complete"
}

# ---------------------------------------------------------------- Odoo
# Sets ODOO (put on PYTHONPATH: holds the package odoo) and ODOO_ADDONS (comma separated).
need_odoo() {
  if [ -n "${ODOO_HOME:-}" ]; then
    [ -d "$ODOO_HOME/odoo" ] || die "ODOO_HOME=$ODOO_HOME has no folder 'odoo': point it to a checkout of Odoo 19.0."
    ODOO=$ODOO_HOME
  elif ODOO=$(cd / && "$BASE_PYTHON" -c 'import odoo, os; print(os.path.dirname(list(odoo.__path__)[0]))' 2>/dev/null); then
    :
  else
    unpack_odoo
  fi
  # where init.py is missing odoo is a namespace package, so the release file names the version
  local version
  version=$(sed -n 's/^version_info = (\([0-9]*\), \([0-9]*\).*/\1.\2/p' "$ODOO/odoo/release.py")
  [ "$version" = 19.0 ] || die "$ODOO holds Odoo '$version', but the addon is for 19.0: set ODOO_HOME to a checkout of 19.0."
  ODOO_ADDONS=$ODOO/odoo/addons
  [ -d "$ODOO/addons" ] && ODOO_ADDONS=$ODOO/addons,$ODOO_ADDONS
  ODOO_ID=$(printf '%s' "$ODOO" | digest)
}

unpack_odoo() {
  ODOO=$CACHE/odoo-debian/usr/lib/python3/dist-packages
  [ -e "$CACHE/odoo-debian/.complete" ] || with_lock download_odoo
}

# The mirror and suite that this machine's own apt uses, so that no address is written here.
own_mirror() {
  apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
    awk '$2 == "main" && $1 !~ /security/ {print $1; exit}'
}

download_odoo() {
  [ -e "$CACHE/odoo-debian/.complete" ] && return
  command -v apt-get >/dev/null || die "no Odoo 19 found: set ODOO_HOME to a checkout of Odoo 19.0."
  say "Downloading Odoo 19 (120 MB) …"
  # an empty package list (new containers) has no index target yet
  [ -n "$(own_mirror)" ] || as_root apt-get update -qq >&2
  local apt=$CACHE/apt suite=sid mirror trust=/usr/share/keyrings/debian-archive-keyring.gpg component=main
  if grep -qi '^ID=ubuntu' /etc/os-release; then # Ubuntu's newest suite takes the package over from sid
    suite=devel component="main universe" trust=/usr/share/keyrings/ubuntu-archive-keyring.gpg
  fi
  mirror=${DEBIAN_MIRROR:-$(own_mirror)}
  [ -n "$mirror" ] || die "apt names no mirror: set DEBIAN_MIRROR to one, or ODOO_HOME to a checkout of Odoo 19.0."
  rm -rf "$CACHE/odoo-debian"
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/debs" "$CACHE/odoo-debian"
  echo "deb [signed-by=$trust] $mirror $suite $component" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<EOF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt";
Acquire::Languages "none";
APT::Sandbox::User "root";
EOF
  APT_CONFIG=$apt/apt.conf apt-get update -qq >&2 ||
    die "suite '$suite' could not be read from the machine's mirror: set DEBIAN_MIRROR, or ODOO_HOME to a checkout of Odoo 19.0."
  # Odoo's package links its fonts and scripts into these others; the icons must be the 4.7 of
  # the stable suite, since Odoo's own style sheets name its glyphs.
  ( cd "$apt/debs"
    APT_CONFIG=$apt/apt.conf apt-get download -qq $ODOO_PACKAGE libjs-jquery libjs-underscore libjs-jquery-form \
      fonts-roboto-unhinted fonts-montserrat fonts-inconsolata fonts-ocr-b fonts-glyphicons-halflings >&2 ||
      die "package $ODOO_PACKAGE is not in suite '$suite': set ODOO_HOME to a checkout of Odoo 19.0."
    apt-get download -qq -o APT::Sandbox::User=root fonts-font-awesome >&2
    for deb in *.deb; do dpkg-deb -x "$deb" "$CACHE/odoo-debian"; done
    dpkg-deb -f odoo-19_*.deb Version >"$CACHE/odoo-debian/version" )
  [ "$(cat "$CACHE/odoo-debian/version")" = "$ODOO_TESTED" ] ||
    say "Note: Odoo $(cat "$CACHE/odoo-debian/version") is newer than the tested $ODOO_TESTED."
  # Left out of the package for its licence; its absence is a console error on every page.
  local missing=$ODOO/odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js
  mkdir -p "$(dirname "$missing")"; touch "$missing"
  rm -rf "$apt/debs" "$apt/archives"
  touch "$CACHE/odoo-debian/.complete"
}

# ---------------------------------------------------------------- PostgreSQL
# The server refuses to run as root, and root's home is closed to other accounts: as root the
# cluster lies in /var/cache and runs as 'postgres'.
need_postgres() {
  PG_BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
  if [ ! -x "$PG_BIN/initdb" ]; then
    apt_install initdb postgresql
    PG_BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
    [ -x "$PG_BIN/initdb" ] || die "no PostgreSQL server found below /usr/lib/postgresql: install the package postgresql."
  fi
  if [ "$(id -u)" = 0 ]; then
    PG_DIR=/var/cache/$ADDON/pg; PG_RUN=(setpriv --reuid=postgres --regid=postgres --init-groups)
  else
    PG_DIR=$CACHE/pg; PG_RUN=()
  fi
  export PGHOST=$PG_DIR PGPORT=5499 PGUSER=odoo
  "$PG_BIN/pg_isready" -q && return
  with_lock start_postgres
}

start_postgres() {
  "$PG_BIN/pg_isready" -q && return
  if [ ! -e "$PG_DIR/data/PG_VERSION" ]; then
    say "Creating the database cluster …"
    mkdir -p "$PG_DIR"; [ "$(id -u)" != 0 ] || chown postgres: "$PG_DIR"
    ( cd / && "${PG_RUN[@]}" "$PG_BIN/initdb" -D "$PG_DIR/data" -U odoo -A trust -E UTF8 --locale=C.UTF-8 >/dev/null )
    # A development cluster: a crash may lose it, and then it is simply built again.
    cat >>"$PG_DIR/data/postgresql.conf" <<EOF
listen_addresses = ''
unix_socket_directories = '$PG_DIR'
port = $PGPORT
fsync = off
full_page_writes = off
synchronous_commit = off
shared_buffers = 1GB
work_mem = 32MB
maintenance_work_mem = 512MB
max_wal_size = 4GB
max_connections = 60
jit = off
random_page_cost = 1.1
EOF
  fi
  ( cd / && "${PG_RUN[@]}" "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -l "$PG_DIR/log" -w start >/dev/null ) ||
    die "PostgreSQL did not start: see $PG_DIR/log."
}

has_db() { [ "$("$PG_BIN/psql" -d postgres -Atc "select 1 from pg_database where datname = '$1'")" = 1 ]; }
drop_db() { "$PG_BIN/dropdb" --if-exists --force "$1" 2>/dev/null; }
copy_db() { drop_db "$2"; "$PG_BIN/createdb" -T "$1" "$2"; rm -rf "$TREE/data/filestore/$2"
  [ ! -d "$TREE/data/filestore/$1" ] || cp -a "$TREE/data/filestore/$1" "$TREE/data/filestore/$2"; }

# ---------------------------------------------------------------- this clone
need_tree() {
  mkdir -p "$TREE/addons" "$TREE/data"
  ln -sfn "$ROOT" "$TREE/addons/$ADDON"
  ODOO_RC=$TREE/odoo.conf
  cat >"$ODOO_RC" <<EOF
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
EOF
  export ODOO_RC PYTHONPATH=$ODOO PYTHONDONTWRITEBYTECODE=1
}

need_all() { need_python; need_odoo; need_postgres; need_tree; }

odoo() { "$PY" -m odoo "$@"; }

# A database with Odoo's own modules, made once per Odoo and list of modules; others copy it.
need_base_db() {
  BASE_DB=ar_base_$(printf '%s' "$ODOO_ID $BASE_MODULES $VENV" | digest)
  [ -e "$TREE/data/filestore/$BASE_DB.complete" ] && has_db "$BASE_DB" && return
  with_lock build_base_db
}

build_base_db() {
  [ -e "$TREE/data/filestore/$BASE_DB.complete" ] && has_db "$BASE_DB" && return
  if ! has_db "$BASE_DB"; then
    say "Preparing a database with Odoo's modules (a few minutes, once) …"
    drop_db "${BASE_DB}_new"
    odoo -d "${BASE_DB}_new" -i $BASE_MODULES --stop-after-init --no-http --log-level=warn >&2 ||
      die "Odoo could not be installed into a new database: see its log above."
    "$PG_BIN/psql" -qd postgres -c "alter database ${BASE_DB}_new rename to $BASE_DB"
  fi
  rm -rf "$TREE/data/filestore/${BASE_DB}_new"
  mkdir -p "$TREE/data/filestore"; touch "$TREE/data/filestore/$BASE_DB.complete"
}

need_chromium() {
  command -v google-chrome >/dev/null 2>&1 || apt_install chromium chromium
}
