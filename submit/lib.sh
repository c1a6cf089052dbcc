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

# Java spells file names by the locale, and one that cannot spell a name does not list its file; cron has none.
export LC_ALL=${LC_ALL:-C.UTF-8}

require_java() {
  JAVA=${JAVA_HOME:+$JAVA_HOME/bin/}java
  command -v "$JAVA" >/dev/null || fail 1 "No java was found; install a JDK 17 or set JAVA_HOME."
  local major
  major=$("$JAVA" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
  if [ "${major:-0}" -lt 17 ] || [ "$major" -gt 21 ]; then
    fail 1 "Java ${major:-of unknown version} was found but Spark 3.5 needs 17 to 21; set JAVA_HOME to a JDK 17."
  fi
}

# Prints the path of a pipeline's newest jar for spark-submit, e.g. `pipeline_jar train`.
pipeline_jar() {
  local jar newest=
  for jar in "$DPQ_ROOT/pipeline-$1/target/dpq-$1"-*-spark.jar; do
    if [ -f "$jar" ] && { [ -z "$newest" ] || [ "$jar" -nt "$newest" ]; }; then newest=$jar; fi
  done
  [ -n "$newest" ] && printf '%s\n' "$newest"
}

# Whether a pipeline's jar is missing or older than what it is made from.
needs_build() {
  local jar
  jar=$(pipeline_jar "$1") || return 0
  [ -n "$(find "$DPQ_ROOT/pom.xml" "$DPQ_ROOT/src-common/pom.xml" "$DPQ_ROOT/src-common/src/main" \
    "$DPQ_ROOT/pipeline-$1/pom.xml" "$DPQ_ROOT/pipeline-$1/src/main" -newer "$jar" -print -quit)" ]
}

# Builds the jars and Spark's own jars once; a later call finds them.
ensure_built() {
  local verb missing=
  for verb in train encode eval; do
    needs_build "$verb" && missing=yes
  done
  [ -n "${SPARK_HOME:-}" ] || [ -d "$ASSEMBLED_SPARK/jars" ] || missing=yes
  [ -z "$missing" ] && return
  command -v mvn >/dev/null || fail 1 "The jars are not built and no mvn was found; install Maven 3.8 or newer."
  mkdir -p "$DPQ_STATE"
  say "Building the jars (once; the first time Maven also downloads the dependencies). Log: $DPQ_STATE/build.log"
  if ! (cd "$DPQ_ROOT" && mvn -B -ntp -Dmaven.test.skip=true package 2>&1 | tee "$DPQ_STATE/build.log" |
    sed -un 's/^\[INFO\] Building \(DPQ.*\)/  \1/p' >&2; exit "${PIPESTATUS[0]}"); then
    tail -n 30 "$DPQ_STATE/build.log" >&2
    fail 3 "The build failed; its log is $DPQ_STATE/build.log."
  fi
  # Maven leaves a jar whose content is the same as it was, old time and all, and every later command would build again.
  touch "$DPQ_ROOT"/pipeline-*/target/dpq-*-spark.jar
}

# Chooses the Spark home: the user's, or the one assembled from Maven artifacts.
use_spark() {
  if [ -z "${SPARK_HOME:-}" ]; then
    export SPARK_HOME=$ASSEMBLED_SPARK
    export SPARK_CONF_DIR=${SPARK_CONF_DIR:-$DPQ_ROOT/conf}
    # Without a release file Spark cannot tell its Scala version, and executors would refuse to start.
    export SPARK_SCALA_VERSION=2.12
    export SPARK_LOCAL_IP=${SPARK_LOCAL_IP:-127.0.0.1}
  elif ! compgen -G "$SPARK_HOME/jars/spark-core_2.12-3.5*.jar" >/dev/null; then
    fail 1 "SPARK_HOME=$SPARK_HOME is no Spark 3.5 for Scala 2.12; correct it, or unset it to have one assembled."
  else
    export SPARK_CONF_DIR=${SPARK_CONF_DIR:-$SPARK_HOME/conf}
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
