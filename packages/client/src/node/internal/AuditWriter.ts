/**
 * Writes the lines of an audit: in batches, with a queue while the file cannot
 * be written, and with a last write when the process exits.
 *
 * @since 0.1.0
 */
import { toGapLine } from "@kimi-effect/core/internal/AuditRecord"
import { withoutCallContext } from "@kimi-effect/core/internal/LogContext"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { type AppendResult, RotatingFile, type Options as FileOptions } from "./RotatingFile.ts"

export interface Options extends FileOptions {
  /** How long a batch is collected before it is written. */
  readonly batchDelay: Duration.Duration
  /** Most pending lines. */
  readonly maxBuffered: number
  /** Whether `record` waits until its line is written. */
  readonly isAwaited: boolean
}

export interface AuditWriter {
  readonly add: (line: string) => Effect.Effect<void>
  /** Writes pending lines now. Completes after the attempt, also when it failed. */
  readonly flush: Effect.Effect<void>
  readonly status: () => Status
}

interface Status {
  readonly written: number
  readonly buffered: number
  readonly dropped: number
  readonly failure?: { readonly since: number; readonly reason: string }
}

/** Time between two attempts while the file cannot be written. */
const retryInterval = Duration.seconds(1)
/** Longest wait of a call, or of a closing scope, for a disk that hangs. */
const maxWait = Duration.seconds(5)

/** The error code of the system, such as `ENOSPC`; the message would contain the path. */
const reasonOf = (error: unknown): string =>
  error instanceof Error ? ("code" in error ? String(error.code) : error.message) : "unknown"

export const make = (options: Options): Effect.Effect<AuditWriter, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const now = () => clock.currentTimeMillisUnsafe()
    const file = new RotatingFile(options)
    const wanted = yield* Queue.sliding<void>(1)
    const one = yield* Semaphore.make(1)
    const urgent = yield* Queue.sliding<void>(1)
    let lines: Array<string> = []
    let inFlight: ReadonlyArray<string> = []
    let waiting = Deferred.makeUnsafe<void>()
    let written = 0
    let dropped = 0
    let unreported = 0
    let failure: Status["failure"]
    // The fiber that built this may have no loggers yet; those that make calls have.
    let context: Context.Context<never> = withoutCallContext(yield* Effect.context())

    const withLoggers = (effect: Effect.Effect<void>): Effect.Effect<void> =>
      Effect.updateContext<never, never>(() => context)(effect)

    const learn = (outcome: AppendResult): Effect.Effect<void> =>
      Effect.suspend(() => {
        const wasFailing = failure !== undefined
        if (outcome.failure === undefined) {
          failure = undefined
          return wasFailing ? withLoggers(Effect.logInfo("The audit log can be written again")) : Effect.void
        }
        const reason = reasonOf(outcome.failure)
        failure = { since: failure?.since ?? now(), reason }
        return wasFailing
          ? Effect.void
          : withLoggers(Effect.logWarning("The audit log cannot be written; calls continue", { reason }))
      })

    /** Writes pending lines, and after them the number of lines that were dropped. */
    const write = one.withPermits(1)(
      Effect.suspend(() => {
        const waiters = waiting
        waiting = Deferred.makeUnsafe<void>()
        const unreportedBefore = unreported
        inFlight = unreportedBefore === 0 ? lines : [...lines, toGapLine(crypto.randomUUID(), now(), unreportedBefore)]
        lines = []
        const work =
          inFlight.length === 0 && failure === undefined ? Effect.succeed<AppendResult>({ lines: 0 }) : append
        return work.pipe(
          Effect.tap((outcome) =>
            Effect.sync(() => {
              const isGapWritten = unreportedBefore > 0 && outcome.lines === inFlight.length
              if (isGapWritten) unreported -= unreportedBefore
              written += outcome.lines - (isGapWritten ? 1 : 0)
              const kept = inFlight.slice(outcome.lines, unreportedBefore > 0 ? -1 : undefined)
              lines = kept.length === 0 ? lines : [...kept, ...lines]
              inFlight = []
            })
          ),
          Effect.flatMap(learn),
          Effect.andThen(Deferred.succeed(waiters, undefined))
        )
      })
    )

    const append = Effect.suspend(() =>
      Effect.promise(() => (inFlight.length === 0 ? file.probe(now()) : file.append(inFlight, now())))
    )

    /** Runs in a separate fiber, so that the result of a write that has started is always known. */
    const drain = Effect.flatMap(Effect.forkDetach(write), Fiber.await)

    const pause = (duration: Duration.Duration) => Effect.timeoutOption(Queue.take(urgent), duration)

    const untilWritten: Effect.Effect<void> = Effect.suspend(() =>
      failure === undefined ? Effect.void : Effect.andThen(pause(retryInterval), Effect.andThen(drain, untilWritten))
    )

    const turn = Effect.gen(function* () {
      yield* Queue.take(wanted)
      if (!Duration.isZero(options.batchDelay)) yield* pause(options.batchDelay)
      yield* drain
      yield* untilWritten
    })

    const flush = Effect.suspend(() => {
      const written = waiting
      Queue.offerUnsafe(urgent, undefined)
      Queue.offerUnsafe(wanted, undefined)
      return Effect.timeoutOption(Deferred.await(written), maxWait)
    })

    const isFull = () => lines.length + inFlight.length >= options.maxBuffered

    const keep = (line: string): Effect.Effect<void> => {
      if (isFull()) {
        dropped += 1
        unreported += 1
        return Effect.void
      }
      lines.push(line)
      if (options.isAwaited && failure === undefined) return Effect.asVoid(flush)
      Queue.offerUnsafe(wanted, undefined)
      return Effect.void
    }

    /** Callers wait for a slow disk, but not for one that fails. */
    const add = (line: string): Effect.Effect<void> =>
      Effect.suspend(() =>
        isFull() && failure === undefined
          ? Effect.flatMap(flush, Option.match({ onNone: () => keep(line), onSome: () => add(line) }))
          : keep(line)
      )

    const onExit = () => {
      const left = [...inFlight, ...lines]
      try {
        if (left.length > 0) file.appendSync(left)
      } catch {
        // The process exits as it would have without this listener.
      }
    }

    const close = Effect.promise(() => file.close().catch(() => undefined))

    const closing = Effect.gen(function* () {
      process.removeListener("exit", onExit)
      // A disk that hangs is not waited for any longer, nor are its pending writes.
      yield* Effect.timeoutOption(Effect.interruptible(Effect.andThen(drain, close)), maxWait)
      const left = lines.length + inFlight.length
      if (left > 0) yield* withLoggers(Effect.logWarning("Audit log lines were dropped", { lines: left }))
    })

    yield* Effect.acquireRelease(
      Effect.sync(() => void process.once("exit", onExit)),
      () => closing
    )
    // A problem with the file is known before the first call.
    yield* learn(yield* Effect.promise(() => file.probe(now())))
    yield* Effect.forkScoped(Effect.forever(turn))

    return {
      add: (line) =>
        Effect.contextWith((current: Context.Context<never>) => {
          context = withoutCallContext(current)
          return add(line)
        }),
      flush: Effect.asVoid(flush),
      status: () => ({
        written,
        buffered: lines.length + inFlight.length,
        dropped,
        ...(failure === undefined ? {} : { failure })
      })
    }
  })
