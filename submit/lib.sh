# shellcheck shell=bash
# Shared by the scripts of this folder; sourced, never run.
# Where is what, how is it built when it is missing, and how is a Spark class started without a Spark distribution.

DPQ_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DPQ_STATE=${DPQ_STATE:-$DPQ_ROOT/.dpq}
ASSEMBLED_SPARK=$DPQ_ROOT/submit/spark-home/target/spark

say() { printf '%s\n' "$*" >&2; }
fail() { # exit-code message
  local code=$1
  shift
  say "dpq: $*"
  exit "$code"
}

require_java() {
  JAVA=${JAVA_HOME:+$JAVA_HOME/bin/}java
  command -v "$JAVA" >/dev/null || fail 1 "No java was found; install a JDK 17 or set JAVA_HOME."
  local major
  major=$("$JAVA" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
  [ "${major:-0}" -ge 17 ] || fail 1 "Java ${major:-of unknown version} was found but 17 is needed; set JAVA_HOME to a JDK 17."
}

# Prints the path of a pipeline's jar for spark-submit, e.g. `pipeline_jar train`.
pipeline_jar() {
  local jar
  for jar in "$DPQ_ROOT/pipeline-$1/target/dpq-$1"-*-spark.jar; do
    [ -f "$jar" ] && printf '%s\n' "$jar" && return
  done
  return 1
}

# Builds the jars and Spark's own jars once; a later call finds them.
ensure_built() {
  local verb missing=
  for verb in train encode eval; do
    pipeline_jar "$verb" >/dev/null || missing=yes
  done
  [ -n "${SPARK_HOME:-}" ] || [ -d "$ASSEMBLED_SPARK/jars" ] || missing=yes
  [ -z "$missing" ] && return
  command -v mvn >/dev/null || fail 1 "The jars are not built and no mvn was found; install Maven 3.8 or newer."
  mkdir -p "$DPQ_STATE"
  say "Building the jars (once; the first time Maven also downloads the dependencies). Log: $DPQ_STATE/build.log"
  if ! (cd "$DPQ_ROOT" && mvn -B -ntp -T2 -DskipTests package 2>&1 | tee "$DPQ_STATE/build.log" |
    sed -un 's/^\[INFO\] Building \(DPQ.*\)/  \1/p' >&2; exit "${PIPESTATUS[0]}"); then
    tail -n 30 "$DPQ_STATE/build.log" >&2
    fail 3 "The build failed; its log is $DPQ_STATE/build.log."
  fi
}

# Chooses the Spark home: the user's, or the one assembled from Maven artifacts.
use_spark() {
  if [ -z "${SPARK_HOME:-}" ]; then
    export SPARK_HOME=$ASSEMBLED_SPARK
    export SPARK_CONF_DIR=${SPARK_CONF_DIR:-$DPQ_ROOT/conf}
    # Without a release file Spark cannot tell its Scala version, and executors would refuse to start.
    export SPARK_SCALA_VERSION=2.12
    export SPARK_LOCAL_IP=${SPARK_LOCAL_IP:-127.0.0.1}
  fi
}

# Fills the array SPARK_COMMAND with the java command of a Spark class, as Spark's own launcher builds it.
spark_command() {
  local argument
  SPARK_COMMAND=()
  while IFS= read -r -d '' argument; do
    argument=${argument#$'\n'}
    [ -n "$argument" ] || [ ${#SPARK_COMMAND[@]} -gt 0 ] || continue
    SPARK_COMMAND+=("$argument")
  done < <("$JAVA" -Xmx128m -cp "$SPARK_HOME/jars/*" org.apache.spark.launcher.Main "$@")
  [ ${#SPARK_COMMAND[@]} -gt 0 ] || fail 3 "Spark's launcher gave no command for: $*"
}
