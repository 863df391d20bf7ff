#!/usr/bin/env bash
# A one-node Slurm with accounting on the loopback address, from Debian's packages: what tests/system/test_slurm.py runs the workflow on.
#
#   tests/slurm/cluster.sh start FOLDER     installs the packages where they are missing and we may, starts munge, MariaDB, slurmdbd,
#                                           slurmctld and slurmd with everything they write in FOLDER, and waits for the node
#   . FOLDER/env.sh                         makes sbatch, squeue, sacct ... of this shell talk to it
#   tests/slurm/cluster.sh stop FOLDER      cancels jobs, ends the daemons by their pid files, removes FOLDER
#
# The node has this machine's cores and memory, two GPUs that are links to /dev/null, and the partitions cpu and gpu; account: local.
set -euo pipefail

say() { printf 'cluster.sh: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}
# for what this machine cannot have; tests are skipped then
unavailable() {
    say "$*"
    exit 77
}

[ $# = 2 ] || die "usage: cluster.sh start|stop FOLDER"
mkdir -p "$2"
folder=$(realpath "$2")
[[ $folder =~ ^[A-Za-z0-9_./+-]{1,80}$ ]] || die "at most 80 plain characters, as sockets and Slurm's configuration want: $folder"
# Debian puts the daemons where an ordinary user's PATH may not lead
PATH=$PATH:/usr/sbin:/sbin
me=$(id -un)
port=${SLURM_TEST_PORT:-26817}
# nproc would take the threads that OpenMP is given for the number of processors
cpus=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
node=$(hostname -s)

running() { [ -s "$folder/run/$1.pid" ] && kill -0 "$(cat "$folder/run/$1.pid")" 2>/dev/null; }

# wait_for SECONDS COMMAND...: until the command succeeds
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
}

install_packages() {
    local missing=()
    for pair in munged:munge slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client slurmdbd:slurmdbd \
        mariadbd:mariadb-server-core mariadb:mariadb-client-core; do
        command -v "${pair%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || unavailable "not installed: ${missing[*]}; there is no apt-get to install them with"
    [ "$(id -u)" = 0 ] || unavailable "not installed: ${missing[*]}; root has to: apt-get install --no-install-recommends ${missing[*]}"
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$folder/log/apt.log" 2>&1 </dev/null || {
        tail -n 20 "$folder/log/apt.log" >&2
        die "the packages could not be installed"
    }
}

# Pitfalls that this configuration goes around. GPUs by number alone leave the node INVAL, and two device files must differ in name.
# Snakemake drops every SLURM_* variable inside a job, so the configuration is found through wrappers on the PATH. The host's name
# must mean loopback, as some daemons listen there. squeue has to remember jobs for three poll intervals of Snakemake (MinJobAge).
write_configuration() {
    local memory index key address
    address=$(getent ahostsv4 "$(hostname)" | awk 'NR == 1 { print $1 }') || true
    [[ $address == 127.* ]] || unavailable "$(hostname) must mean the loopback address: put '127.0.0.1 $(hostname)' first in /etc/hosts"
    memory=$(awk '/^MemTotal:/ { print int($2 / 1024 * 0.9) }' /proc/meminfo)
    for key in munge.key storage.password; do
        (umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$folder/etc/$key")
    done
    for index in 0 1; do ln -sfn /dev/null "$folder/dev/gpu$index"; done
    cat >"$folder/etc/slurm.conf" <<CONF
ClusterName=local
SlurmctldHost=$node($address)
SlurmUser=$me
SlurmdUser=$me
SlurmctldPort=$port
SlurmdPort=$((port + 1))
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket
CredType=cred/munge
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=UsePss,OverMemoryKill
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
MinJobAge=3600
JobRequeue=0
KillWait=5
ReturnToService=2
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=$address
AccountingStoragePort=$((port + 2))
AccountingStoragePass=$folder/run/munge.socket
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
GresTypes=gpu
NodeName=$node NodeAddr=$address CPUs=$cpus RealMemory=$memory Gres=gpu:2
PartitionName=cpu Nodes=$node Default=YES
PartitionName=gpu Nodes=$node
CONF
    cat >"$folder/etc/gres.conf" <<CONF
AutoDetect=off
NodeName=$node Name=gpu File=$folder/dev/gpu0
NodeName=$node Name=gpu File=$folder/dev/gpu1
CONF
    (umask 077 && cat >"$folder/etc/slurmdbd.conf") <<CONF
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket
DbdHost=$node
DbdAddr=$address
DbdPort=$((port + 2))
CommunicationParameters=NoInAddrAny
SlurmUser=$me
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StoragePass=$(cat "$folder/etc/storage.password")
StorageLoc=slurm_acct_db
LogFile=$folder/log/slurmdbd.log
PidFile=$folder/run/slurmdbd.pid
CONF
    printf '#!/bin/sh\nSLURM_CONF=%s exec /usr/bin/"${0##*/}" "$@"\n' "$folder/etc/slurm.conf" >"$folder/bin/client"
    chmod 755 "$folder/bin/client"
    for client in sacct sacctmgr sbatch scancel scontrol sinfo squeue srun; do ln -sfn client "$folder/bin/$client"; done
    printf 'export PATH="%s:$PATH" SLURM_CONF="%s"\n' "$folder/bin" "$folder/etc/slurm.conf" >"$folder/env.sh"
}

# launch DAEMON COMMAND...: start it and wait for its pid file
launch() {
    local daemon=$1
    shift
    "$@" >>"$folder/log/$daemon.out" 2>&1 </dev/null && wait_for 30 running "$daemon" && return
    tail -n 15 "$folder/log/$daemon".* >&2
    die "$daemon did not start"
}

database() { mariadb --no-defaults --user="$me" --socket="$folder/mysql/mysql.sock" "$@"; }
port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
node_ready() { sinfo -h -o %t | grep -qxE 'idle|mix|alloc'; }

start_accounting() {
    mariadb-install-db --no-defaults --user="$me" --datadir="$folder/mysql/data" --auth-root-authentication-method=socket \
        --auth-root-socket-user="$me" --skip-test-db >"$folder/log/mariadb-install.log" 2>&1 || die "mariadb-install-db failed"
    launch mariadbd bash -c 'setsid "$@" & disown' - mariadbd --no-defaults --user="$me" --datadir="$folder/mysql/data" \
        --socket="$folder/mysql/mysql.sock" --skip-networking --pid-file="$folder/run/mariadbd.pid" --skip-log-bin
    wait_for 30 database -e 'SELECT 1' || die "the database does not answer"
    database -e "CREATE DATABASE slurm_acct_db; CREATE USER slurm@localhost IDENTIFIED BY '$(cat "$folder/etc/storage.password")';
        GRANT ALL ON slurm_acct_db.* TO slurm@localhost"
    launch slurmdbd env MYSQL_UNIX_PORT="$folder/mysql/mysql.sock" slurmdbd
    wait_for 30 port_open $((port + 2)) || die "slurmdbd does not listen"
    # -i: without a terminal, a question would never end
    sacctmgr -i add cluster local >/dev/null
    sacctmgr -i add account local >/dev/null
    sacctmgr -i add user "$me" account=local defaultaccount=local >/dev/null
}

start() {
    [ -z "$(ls -A "$folder")" ] || die "$folder is not empty: stop the cluster there, or name another folder"
    mkdir -p "$folder"/{bin,dev,etc,log,mysql,run,spool,state}
    install_packages
    for number in "$port" $((port + 1)) $((port + 2)); do
        ! port_open "$number" || die "port $number is taken: set SLURM_TEST_PORT to the first of three free ones"
    done
    write_configuration
    # shellcheck disable=SC1091
    . "$folder/env.sh"
    launch munged munged --force --key-file="$folder/etc/munge.key" --socket="$folder/run/munge.socket" \
        --pid-file="$folder/run/munged.pid" --log-file="$folder/log/munged.log" --seed-file="$folder/state/munged.seed" --num-threads=4
    start_accounting
    launch slurmctld slurmctld -f "$SLURM_CONF"
    launch slurmd slurmd -f "$SLURM_CONF"
    wait_for 60 node_ready || die "the node does not become ready: $(scontrol show node 2>&1)"
    say "$(sinfo --version), node $node ready; to use it: . $folder/env.sh"
}

no_jobs() { [ -z "$("$folder/bin/squeue" -h)" ]; }

# Without cgroups a process of a cancelled job can slip away from Slurm: end what was started in a job of this cluster.
end_leftovers() {
    local environment pid
    for environment in /proc/[0-9]*/environ; do
        if grep -qsz "^SLURM_JOB_ID=" "$environment" && grep -qsz "^PATH=.*$folder/bin" "$environment"; then
            pid=${environment#/proc/}
            kill -KILL "${pid%/environ}" 2>/dev/null || true
        fi
    done
}

stop() {
    if running slurmctld && ! no_jobs; then
        # steps are no children of slurmd and would outlive it
        "$folder/bin/squeue" -h -o %A | sort -u | xargs "$folder/bin/scancel"
        wait_for 30 no_jobs || say "some jobs are still ending"
    fi
    for daemon in slurmd slurmctld slurmdbd mariadbd munged; do
        ! running "$daemon" || kill "$(cat "$folder/run/$daemon.pid")"
        gone() { ! running "$daemon"; }
        wait_for 20 gone || kill -KILL "$(cat "$folder/run/$daemon.pid")"
    done
    end_leftovers
    rm -rf -- "$folder"
}

case $1 in
start) start ;;
stop)
    [ -e "$folder/etc/slurm.conf" ] || [ -z "$(ls -A "$folder")" ] || die "$folder holds no cluster"
    stop
    ;;
*) die "usage: cluster.sh start|stop FOLDER" ;;
esac
