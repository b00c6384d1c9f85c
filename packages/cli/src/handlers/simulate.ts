/** Simulates a day of calls on a configuration. */
import * as FaultScript from "@kimi-effect/testing/FaultScript"
import * as AuditTraffic from "@kimi-effect/testing/node/AuditTraffic"
import type { Ignored } from "@kimi-effect/testing/RecordedTraffic"
import * as Simulator from "@kimi-effect/testing/Simulator"
import { counted } from "@kimi-effect/core/internal/Counted"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { tiers } from "@kimi-effect/core/RateLimits"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { wrongFlag } from "../commandError.ts"
import * as configuration from "../configuration.ts"
import * as InputFile from "../inputFile.ts"
import * as Interruption from "../interruption.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import * as OutputFile from "../outputFile.ts"
import { shellPath } from "../shellWord.ts"

interface Input {
  readonly traffic: ReadonlyArray<string>
  readonly calls: Option.Option<number>
  readonly duration: Option.Option<Duration.Duration>
  readonly outage: Option.Option<Duration.Duration>
  readonly seed: string
  readonly html: Option.Option<string>
  readonly json: boolean
  readonly options: Given
}

/** Virtual time reaches no store, file or host: these options keep their defaults. */
const virtualOptions = (config: KimiConfig.Values): KimiConfig.Options => {
  const changed: ReadonlyArray<KimiConfig.Name> = (
    Object.keys(KimiConfig.options) as ReadonlyArray<KimiConfig.Name>
  ).filter((name) => config[name] !== KimiConfig.defaults[name])
  const excluded = new Set<KimiConfig.Name>([
    "apiKey",
    "provider",
    "baseUrl",
    "proxy",
    "auditLog",
    "callLog",
    "logLevel"
  ])
  return Object.fromEntries(changed.filter((name) => !excluded.has(name)).map((name) => [name, config[name]]))
}

const middleOutage = (total: Duration.Duration, outage: Duration.Duration): FaultScript.Fault =>
  FaultScript.Outage({
    after: Duration.millis((Duration.toMillis(total) - Duration.toMillis(outage)) / 2),
    duration: outage,
    mode: "refuse"
  })

/** What of a log is not simulated: its calls would be missing in the cost without a word. */
const noteIgnored = ({ damaged, dropped, repeated }: Ignored): Effect.Effect<void> => {
  const parts = [
    damaged === 0 ? [] : counted(damaged, "line that is no call", "lines that are no calls"),
    repeated === 0 ? [] : `${counted(repeated, "line")} with the id of another`,
    dropped === 0 ? [] : `${counted(dropped, "call")} that the log had dropped`
  ].flat()
  return parts.length === 0 ? Effect.void : Output.note(`Not simulated: ${parts.join(", ")}.`)
}

/** Recorded calls, or random ones. */
const trafficOf = Effect.fnUntraced(function* ({ calls, traffic }: Input) {
  if (traffic.length === 0) return { calls: Option.getOrElse(calls, () => 1_000) }
  if (Option.isSome(calls)) return yield* Effect.fail(wrongFlag("--calls", "no --traffic, which has the calls"))
  yield* InputFile.checkAll(traffic)
  return yield* Effect.tap(AuditTraffic.fromFiles(traffic), ({ ignored }) => noteIgnored(ignored))
})

const simulate = Effect.fnUntraced(function* (input: Input) {
  const { config } = (yield* configuration.loadWithoutKey(input.options)).settings
  const [given, outage] = [Option.getOrUndefined(input.duration), Option.getOrUndefined(input.outage)]
  const total = given ?? Duration.hours(24)
  if (outage !== undefined && Duration.isGreaterThan(outage, total)) {
    return yield* Effect.fail(wrongFlag("--outage", `at most the simulated time, ${Duration.format(total)}`))
  }
  const traffic = yield* trafficOf(input)
  const page = Option.map(input.html, (path): OutputFile.OutputFile => ({ flag: "--html", path }))
  if (Option.isSome(page)) yield* OutputFile.checkPage(page.value)
  const report = yield* Simulator.run({
    seed: input.seed,
    traffic,
    client: virtualOptions(config),
    ...(given === undefined ? {} : { duration: given }),
    ...(config.tier === undefined ? {} : { host: { limits: tiers[config.tier] } }),
    ...(outage === undefined ? {} : { faults: [middleOutage(total, outage)] })
  })
  yield* input.json ? Output.json(report) : Output.line(Simulator.toTable(report))
  if (Option.isNone(page)) return
  yield* OutputFile.write(page.value, Simulator.toHtml(report))
  yield* Output.note(`Wrote ${shellPath(page.value.path)}`)
})

export const run = (input: Input) => Effect.onInterrupt(simulate(input), () => Interruption.note())
