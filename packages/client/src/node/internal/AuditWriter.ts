/**
 * Gets the lines of an audit into their file: gathered for a moment, kept
 * while the file cannot be written, and written out when the process ends.
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
  /** How long lines are gathered before they are written together; none waits for its own write. */
  readonly batchDelay: Duration.Duration
  /** Lines that are kept at most. */
  readonly maxBuffered: number
  /** Whether whoever has a line written waits until it is. */
  readonly isAwaited: boolean
}

export interface AuditWriter {
  readonly add: (line: string) => Effect.Effect<void>
  /** Writes what is kept, now. It is over when that was tried. */
  readonly flush: Effect.Effect<void>
  readonly status: () => Status
}

interface Status {
  readonly written: number
  readonly buffered: number
  readonly dropped: number
  readonly failure?: { readonly since: number; readonly reason: string }
}

/** Time between two tries while the file cannot be written. */
const retryInterval = Duration.seconds(1)
/** Longest wait of a call, or of the end of a scope, for a disk that does not answer. */
const maxWait = Duration.seconds(5)

/** The system's code, such as `ENOSPC`; a message would quote the path. */
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
    let untold = 0
    let failure: Status["failure"]
    // Whoever built this may have no loggers yet; those who make calls do.
    let context: Context.Context<never> = withoutCallContext(yield* Effect.context())

    const said = (effect: Effect.Effect<void>): Effect.Effect<void> =>
      Effect.updateContext<never, never>(() => context)(effect)

    const learn = (outcome: AppendResult): Effect.Effect<void> =>
      Effect.suspend(() => {
        const wasFailing = failure !== undefined
        if (outcome.failure === undefined) {
          failure = undefined
          return wasFailing ? said(Effect.logInfo("The audit log is written again")) : Effect.void
        }
        const reason = reasonOf(outcome.failure)
        failure = { since: failure?.since ?? now(), reason }
        return wasFailing
          ? Effect.void
          : said(Effect.logWarning("The audit log cannot be written; calls go on", { reason }))
      })

    /** Writes what is kept, and behind it how many lines could not be. */
    const write = one.withPermits(1)(
      Effect.suspend(() => {
        const waiters = waiting
        waiting = Deferred.makeUnsafe<void>()
        const told = untold
        inFlight = told === 0 ? lines : [...lines, toGapLine(crypto.randomUUID(), now(), told)]
        lines = []
        const work =
          inFlight.length === 0 && failure === undefined ? Effect.succeed<AppendResult>({ lines: 0 }) : append
        return work.pipe(
          Effect.tap((outcome) =>
            Effect.sync(() => {
              const isGapWritten = told > 0 && outcome.lines === inFlight.length
              if (isGapWritten) untold -= told
              written += outcome.lines - (isGapWritten ? 1 : 0)
              const kept = inFlight.slice(outcome.lines, told > 0 ? -1 : undefined)
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

    /** In a fiber of its own: a write that has begun is not left half known. */
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
        untold += 1
        return Effect.void
      }
      lines.push(line)
      if (options.isAwaited && failure === undefined) return Effect.asVoid(flush)
      Queue.offerUnsafe(wanted, undefined)
      return Effect.void
    }

    /** A disk that is only slow holds its callers up; one that fails does not. */
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
        // The process ends as it would have ended.
      }
    }

    const close = Effect.promise(() => file.close().catch(() => undefined))

    const closing = Effect.gen(function* () {
      process.removeListener("exit", onExit)
      // A disk that does not answer is not waited for any longer, nor is the end of what it was given.
      yield* Effect.timeoutOption(Effect.interruptible(Effect.andThen(drain, close)), maxWait)
      const left = lines.length + inFlight.length
      if (left > 0) yield* said(Effect.logWarning("Audit log lines were dropped", { lines: left }))
    })

    yield* Effect.acquireRelease(
      Effect.sync(() => void process.once("exit", onExit)),
      () => closing
    )
    // What is wrong with the file is known before the first call.
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
