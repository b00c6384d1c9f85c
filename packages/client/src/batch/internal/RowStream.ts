/** The rows of a batch as a stream of their outcomes, with a place for what is done around each row. */
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { listener } from "@kimi-effect/core/internal/Listener"
import * as MonotonicClock from "@kimi-effect/core/internal/MonotonicClock"
import * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ClientMoney from "../../internal/clientMoney.ts"
import { KimiClient } from "../../KimiClient.ts"
import type { Input, Options, StopRules } from "../Batch.ts"
import type { BatchProgress } from "../BatchProgress.ts"
import type { BatchResponse, BatchRow } from "../BatchResponse.ts"
import * as EqualRows from "./EqualRows.ts"
import { type JobEnd, OutageWait } from "./OutageWait.ts"
import { Row, type Settings } from "./Row.ts"
import * as RowInput from "./RowInput.ts"
import * as RowPool from "./RowPool.ts"
import * as rowCost from "./rowCost.ts"
import { rowDecoderOf } from "./rowDecoder.ts"
import { type RowEnd, settlerOf, skipped, timedOut } from "./settling.ts"
import { stoppingTags } from "./stoppingTags.ts"
import { tagRule } from "./tagRule.ts"
import { Tally } from "./Tally.ts"

/** Runs a row, or does not. A row that was not sent before its batch was stopped is skipped. */
export type Around<A, E> = <R>(
  row: BatchRow,
  run: Effect.Effect<BatchResponse<A> | typeof skipped, never, R>
) => Effect.Effect<BatchResponse<A> | typeof skipped, E, R>

type Limits = Pick<Options, "concurrency" | "order" | "progressInterval" | "stop" | "total">

/** What jobs have in addition to the options of a batch. */
interface OfJob {
  /** Whether rows that stop the batch are left out of the counts, as they are left out of the output of a job. */
  readonly leavesStopping?: boolean
  /** From then on, rows that were not sent do not wait. */
  readonly jobEnd?: JobEnd
  /** The monotonic time in milliseconds from which the deadline counts, of a job that has read its input before. Defaults to now. */
  readonly startedAt?: number | undefined
}

const amountRule = (currency: "USD" | "CNY", amount: number | undefined): OptionRules.Rule => [
  `stop.cost.${currency}`,
  amount === undefined || (Number.isFinite(amount) && amount >= 0),
  "an amount of at least zero"
]

const stopNames: Readonly<Record<keyof StopRules, true>> = {
  errorRate: true,
  minRows: true,
  cost: true,
  deadline: true,
  outage: true,
  errorTags: true
}

const currencies: Readonly<Record<"USD" | "CNY", true>> = { USD: true, CNY: true }

/** Names of nothing would have no effect: a cost would limit nothing, and a tag would stop no batch. */
export const stopNameRules = (stop: StopRules | undefined): ReadonlyArray<OptionRules.Rule> => [
  ...OptionRules.knownNames(stop, stopNames, "stop"),
  ...OptionRules.knownNames(stop?.cost, currencies, "stop.cost"),
  tagRule("stop.errorTags", stop?.errorTags)
]

const rulesOf = (options: Limits): ReadonlyArray<OptionRules.Rule> => [
  OptionRules.positiveInteger("concurrency", options.concurrency),
  OptionRules.positiveDuration("progressInterval", options.progressInterval),
  OptionRules.fraction("stop.errorRate", options.stop?.errorRate),
  OptionRules.positiveInteger("stop.minRows", options.stop?.minRows),
  OptionRules.positiveDuration("stop.deadline", options.stop?.deadline),
  OptionRules.positiveDuration("stop.outage", options.stop?.outage),
  amountRule("USD", options.stop?.cost?.USD),
  amountRule("CNY", options.stop?.cost?.CNY),
  OptionRules.countOrZero("total", options.total),
  OptionRules.oneOf("order", options.order, ["completion", "input"]),
  ...stopNameRules(options.stop)
]

const totalOf = (input: object, { total }: Limits): number | undefined =>
  total ?? (Array.isArray(input) ? input.length : undefined)

const tallyOf = (options: Limits & OfJob, startedAt: number, total: number | undefined) =>
  new Tally(
    {
      errorRate: options.stop?.errorRate,
      minRows: options.stop?.minRows ?? 20,
      cost: options.stop?.cost,
      errorTags: new Set(options.stop?.errorTags ?? stoppingTags),
      leavesStopping: options.leavesStopping ?? false
    },
    startedAt,
    total
  )

/** Stops the batch at the deadline while the scope is open, also if no row is running. */
const stopAt = (deadline: number, tally: Tally) =>
  Effect.sleep(deadline).pipe(Effect.andThen(Effect.sync(() => tally.stop({ _tag: "Deadline" }))), Effect.forkScoped)

/** Reports the counts while the scope is open. */
const reportEvery = <R>(
  interval: Duration.Input,
  clock: Clock.Clock,
  tally: Tally,
  onProgress: (progress: BatchProgress) => Effect.Effect<unknown, never, R>
) =>
  Effect.sleep(interval).pipe(
    Effect.andThen(
      Effect.suspend(() => listener(onProgress)(tally.progress(MonotonicClock.millisUnsafe(clock), false)))
    ),
    Effect.forever,
    Effect.forkScoped
  )

const settingsOf = <A, RD, RP>(
  client: KimiClient["Service"],
  share: EqualRows.Share,
  outages: OutageWait,
  { schema }: Options<A, RD, RP>
) =>
  Effect.map(rowCost.make, (costOf): Settings<A, RD> => ({
    client,
    share,
    outages,
    costOf,
    isRecorded: ClientMoney.isRecorded(client),
    decode: rowDecoderOf(schema)
  }))

const outageWaitOf = ({ jobEnd, stop }: Limits & OfJob, clock: Clock.Clock, tally: Tally): OutageWait =>
  new OutageWait(Duration.toMillis(OptionRules.durationOf(stop?.outage ?? "10 minutes")), clock, tally, jobEnd)

/** The monotonic time of the deadline in milliseconds. */
const endOf = ({ startedAt, stop }: Limits & OfJob, now: number): number | undefined =>
  stop?.deadline === undefined
    ? undefined
    : (startedAt ?? now) + Duration.toMillis(OptionRules.durationOf(stop.deadline))

const isPassed = (endsAt: number | undefined, clock: Clock.Clock): boolean =>
  endsAt !== undefined && MonotonicClock.millisUnsafe(clock) >= endsAt

type TimeLimit = <B, E, R>(row: Effect.Effect<B, E, R>) => Effect.Effect<B | typeof timedOut, E, R>

/** Interrupts rows at the deadline. */
const timeLimitOf = (endsAt: number | undefined, clock: Clock.Clock): TimeLimit | undefined =>
  endsAt === undefined
    ? undefined
    : (row) => {
        const duration = endsAt - MonotonicClock.millisUnsafe(clock)
        if (duration <= 0) return Effect.succeed(timedOut)
        return Effect.timeoutOrElse(row, { duration, orElse: () => Effect.succeed(timedOut) })
      }

/** Runs rows one after another. Outcomes of those with a deadline or something around them are delivered after it. */
const runnerOf = <A, RD, EA>(
  settings: Settings<A, RD>,
  isStopped: () => boolean,
  limit: TimeLimit | undefined,
  around: Around<A, EA> | undefined
) => {
  let count = 0
  return <B>(
    given: ChatRequest | BatchRow,
    deliver: (end: RowEnd<A>) => Effect.Effect<B>
  ): Effect.Effect<B, EA, RD> => {
    count += 1
    if (isStopped()) return deliver(skipped)
    const row = RowInput.toRow(given)
    const place = count
    if (around === undefined && limit === undefined) return new Row(settings, row, place, deliver).run()
    const made = Effect.suspend(() =>
      new Row(settings, row, place, Effect.succeed<BatchResponse<A> | typeof skipped>).run()
    )
    const whole = around === undefined ? made : around(row, made)
    return Effect.flatMap<RowEnd<A>, EA, RD, B, never, never>(limit === undefined ? whole : limit(whole), deliver)
  }
}

/** `input` gets whether the batch was stopped, for inputs that wait. */
export const make = <A, RD, E, R, RP, EA>(
  input: (isStopped: () => boolean) => Input<E, R>,
  options: Options<A, RD, RP> & OfJob,
  around?: Around<A, EA>
): Stream.Stream<BatchResponse<A>, ConfigurationError | E | EA, KimiClient | R | RD | RP> =>
  Stream.unwrap(
    Effect.gen(function* () {
      yield* OptionRules.check("Batch", rulesOf(options))
      const { concurrency = 16, job, onProgress, order = "completion", progressInterval = "1 second" } = options
      const client = yield* KimiClient
      const clock = yield* Clock.Clock
      const isStopped = (): boolean => tally.stopped !== undefined
      const rows = input(isStopped)
      yield* OptionRules.check("Batch", [RowInput.rule(rows)])
      const tally = tallyOf(options, MonotonicClock.millisUnsafe(clock), totalOf(rows, options))
      let isLeft = false
      // Only what is done around rows interrupts one alone.
      const mayRequest = around === undefined ? undefined : () => !isLeft && !isPassed(endsAt, clock)
      const share = yield* EqualRows.make(options.deduplicate ?? true, mayRequest)
      const settings = yield* settingsOf(client, share, outageWaitOf(options, clock, tally), options)
      if (onProgress !== undefined) yield* reportEvery(progressInterval, clock, tally, onProgress)

      const now = MonotonicClock.millisUnsafe(clock)
      const endsAt = endOf(options, now)
      const run = runnerOf(settings, isStopped, timeLimitOf(endsAt, clock), around)
      if (endsAt !== undefined) yield* stopAt(Math.max(0, endsAt - now), tally)
      const given = RowInput.untilStopped(rows, tally)
      const settle = settlerOf<A>(tally)
      const callOptions = { priority: "batch", job } as const
      const outcomes =
        order === "completion" && concurrency > 1
          ? RowPool.make(given, run, {
              concurrency,
              isStopped,
              settle,
              onLeave: () => void (isLeft = true),
              provide: CallOptions.provide(callOptions)
            })
          : given.pipe(
              Stream.takeWhile(() => !isStopped()),
              Stream.mapEffect((row) => Effect.suspend(() => run(row, (end) => Effect.succeed(settle(end)))), {
                concurrency
              }),
              Stream.filter((outcome) => outcome !== undefined),
              CallOptions.provideStream(callOptions)
            )
      return onProgress === undefined
        ? outcomes
        : Stream.ensuring(
            outcomes,
            Effect.suspend(() => listener(onProgress)(tally.progress(MonotonicClock.millisUnsafe(clock), true)))
          )
    })
  )
