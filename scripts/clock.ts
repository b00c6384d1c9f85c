/**
 * Checks that only the files listed here read the time of day. Everything else
 * measures durations, for which the time of day is wrong: it is set by NTP,
 * administrators and hypervisors. `MonotonicClock` of core has the time for
 * durations.
 *
 * A file that reads the time of day for another purpose is listed with it.
 */
import { globSync, readFileSync } from "node:fs"

const root = new URL("..", import.meta.url).pathname

/** The files that read the time of day, and what for. */
const permitted: Readonly<Record<string, string>> = {
  "core/src/internal/MonotonicClock.ts": "conversions",
  "core/src/money/Accounting.ts": "the day of an attempt",
  "core/src/money/Budget.ts": "the periods of caps",
  "core/src/money/internal/makeBudget.ts": "the periods of caps",
  "core/src/money/BudgetStore.ts": "scopes that have ended by the calendar",
  "core/src/money/Cost.ts": "the price of a day",
  "core/src/money/internal/RecordedAttempts.ts": "the price of a day",
  "client/src/batch/internal/rowCost.ts": "the price of a day",
  "client/src/batch/internal/host/makeService.ts": "the price of a day",
  "core/src/money/internal/LongHold.ts": "the periods of a day",
  "core/src/money/internal/ExpenseReservation.ts": "the periods of caps",
  "core/src/money/internal/PricedCall.ts": "the price and the periods of a day",
  "core/src/money/internal/ReservationManager.ts": "the time of an event",
  "core/src/cache/internal/CheckedStore.ts": "the expiry that callers of a store give",
  "core/src/cache/internal/MemoryStore.ts": "the expiry that callers of a store give",
  "core/src/cache/internal/RedisStore.ts": "the expiry that callers of a store give",
  "core/src/cache/internal/levels/StoredTimes.ts": "entries that other processes read",
  "client/src/swarm/internal/spans.ts": "times of spans",
  "core/src/observability/internal/health/makeHealth.ts": "the time of a report",
  "core/src/observability/internal/makeObserver.ts": "the day of costs",
  "core/src/observability/internal/Snapshot.ts": "the time of a snapshot",
  "core/src/observability/internal/health/AdmissionCheck.ts": "states with Unix times",
  "core/src/observability/internal/health/CircuitsCheck.ts": "states with Unix times",
  "core/src/observability/internal/health/HealthCheck.ts": "the time of a result",
  "core/src/observability/internal/prefix/PrefixObserver.ts": "the price of a day",
  "core/src/observability/internal/taps/AttemptTap.ts": "times of spans",
  "core/src/observability/internal/taps/CallRecorder.ts": "times of spans",
  "core/src/observability/internal/taps/Observation.ts": "the time of a call",
  "core/src/observability/internal/taps/StageSpan.ts": "times of spans",
  "core/src/pipeline/internal/AttemptFacts.ts": "the time of an attempt",
  "core/src/reload/internal/ConfigState.ts": "the time of an event",
  "core/src/resilience/internal/admission/LocalAccount.ts": "states with Unix times",
  "core/src/resilience/internal/admission/RedisAccount.ts": "states with Unix times",
  "core/src/resilience/internal/circuit/CircuitRegistry.ts": "the time of a transition, and states with Unix times",
  "core/src/resilience/internal/circuit/CircuitView.ts": "the time of a transition, and states with Unix times",
  "core/src/resilience/internal/circuit/RedisCircuits.ts": "states with Unix times",
  "client/src/agent/KimiTool.ts": "the price of a day",
  "client/src/internal/HttpCall.ts": "dates in headers",
  "client/src/node/internal/AuditWriter.ts": "the days of files, and the time of a failure",
  "client/src/node/internal/FileCacheStore.ts": "entries that other processes read",
  "client/src/node/internal/SqliteBudgetStore.ts": "leases that other processes read, and scopes that have ended",
  "client/src/node/internal/SqliteCacheStore.ts": "entries that other processes read",
  "client/src/node/internal/SqliteJournalStore.ts": "leases that other processes read",
  "client/src/node/internal/redis/LazyConnection.ts": "times of states and errors"
}

/** What reads the time of day, also inside Effect. */
const readings = [
  /\bcurrentTime(?:Millis|Nanos)/,
  /\bunixOffsetUnsafe\(/,
  /\bmakeLateUnix\(/,
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bDateTime\.now/,
  /\bcached(?:Invalidate)?WithTTL\b/,
  /\bSchedule\.(?:upTo|during|fixed|windowed|elapsed)\(/,
  /\bStream\.(?:debounce|throttle|groupedWithin)\(/
]

const isComment = (line: string): boolean => /^\s*(?:\/?\*|\/\/)/.test(line)

const found = new Map<string, Array<string>>()
for (const file of globSync("{core,client}/src/**/*.ts", { cwd: `${root}packages` }).toSorted()) {
  const lines = readFileSync(`${root}packages/${file}`, "utf8").split("\n")
  lines.forEach((line, index) => {
    if (isComment(line) || !readings.some((reading) => reading.test(line))) return
    found.set(file, [...(found.get(file) ?? []), `packages/${file}:${index + 1}: ${line.trim()}`])
  })
}

const problems = [
  ...[...found].flatMap(([file, places]) => (file in permitted ? [] : places)),
  ...Object.keys(permitted)
    .filter((file) => !found.has(file))
    .map((file) => `packages/${file} does not read the time of day any more: remove it from scripts/clock.ts`)
]

if (problems.length > 0) {
  process.stderr.write(`${problems.join("\n")}\n`)
  process.stderr.write(
    "Measure durations with MonotonicClock, and waits with Effect.timeout; a file that needs the time of day is listed in scripts/clock.ts\n"
  )
  process.exit(1)
}
process.stdout.write(`  ${found.size} files read the time of day, for the purposes listed in scripts/clock.ts\n`)
