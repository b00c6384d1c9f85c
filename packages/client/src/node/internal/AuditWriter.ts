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
import * as FileFailure from "./FileFailure.ts"
import { type AppendResult, RotatingFile, type Options as FileOptions } from "./RotatingFile.ts"

export interface Options extends FileOptions {
  /** How long a batch is collected before it is written. */
  readonly batchDelay: Duration.Duration
  /** Most pending lines. */
  readonly maxBuffered: number
  /** Whether `record` waits until its line is written. */
  readonly isAwaited: boolean
}

interface Status {
  readonly written: number
  readonly buffered: number
  readonly dropped: number
  readonly failure?: { readonly since: number; readonly reason: string }
}

/** Time between two attempts while the file cannot be written. */
const retryInterval = Duration.seconds(1)
/** Longest wait of the start, of a call, or of a closing scope, for a disk that hangs. */
const maxWait = Duration.seconds(5)

/** The error code of the system, such as `ENOSPC`; the message would contain the path. */
const reasonOf = (error: unknown): string =>
  FileFailure.codeOf(error) ?? (error instanceof Error ? error.message : "unknown")

const pause = (urgent: Queue.Queue<void>, duration: Duration.Duration) =>
  Effect.asVoid(Effect.timeoutOption(Queue.take(urgent), duration))

/** The services of a writer. */
interface WriterDependencies {
  readonly options: Options
  readonly clock: Clock.Clock
  /** Requests for a write. */
  readonly wanted: Queue.Queue<void>
  /** Requests for a write without waiting for a batch, or for the next attempt. */
  readonly urgent: Queue.Queue<void>
  /** One write at a time. */
  readonly one: Semaphore.Semaphore
  readonly context: Context.Context<never>
}

export class AuditWriter {
  readonly #on: WriterDependencies
  readonly #file: RotatingFile
  #lines: Array<string> = []
  #inFlight: ReadonlyArray<string> = []
  /** Completes with the next write. */
  #waiting = Deferred.makeUnsafe<void>()
  #written = 0
  #dropped = 0
  /** Dropped lines that no line reports yet. */
  #unreported = 0
  #failure: Status["failure"]
  /** That of the latest call: the fiber that built this may have no loggers yet. */
  #context: Context.Context<never>

  constructor(dependencies: WriterDependencies) {
    this.#on = dependencies
    this.#file = new RotatingFile(dependencies.options)
    this.#context = dependencies.context
  }

  /** Opens the file, so that a problem with it is known before the first call. Writes wait until it is open. */
  readonly open: Effect.Effect<void> = Effect.suspend(() => {
    const probe = Effect.promise(() => this.#file.probe(this.#now())).pipe(
      Effect.flatMap((result) => this.#learn(result)),
      Effect.andThen(Effect.suspend(() => this.#reportExposure()))
    )
    const opening = Effect.flatMap(Effect.forkDetach(this.#on.one.withPermits(1)(probe)), Fiber.await)
    return Effect.flatMap(Effect.timeoutOption(opening, maxWait), (opened) =>
      Option.isSome(opened) ? Effect.void : this.#learn({ lines: 0, failure: new Error("ETIMEDOUT") })
    )
  })

  /** Writes lines as they are added. */
  readonly run: Effect.Effect<never> = Effect.forever(Effect.suspend(() => this.#turn()))

  /** Writes pending lines now. Completes after the attempt, also when it failed. */
  readonly flush: Effect.Effect<void> = Effect.suspend(() => Effect.asVoid(this.#attempt()))

  /** Adds a line of a call with this context. */
  add(line: string, context: Context.Context<never>): Effect.Effect<void> {
    this.#context = context
    return this.#add(line)
  }

  status(): Status {
    return {
      written: this.#written,
      buffered: this.#pending(),
      dropped: this.#dropped,
      ...(this.#failure === undefined ? {} : { failure: this.#failure })
    }
  }

  /** Writes what is pending while the process exits. */
  readonly onExit = (): void => {
    const left = [...this.#inFlight, ...this.#lines]
    try {
      if (left.length > 0) this.#file.appendSync(left)
    } catch {
      // The process exits as it would have without this listener.
    }
  }

  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const close = () => this.#file.close().catch(() => undefined)
    // A disk that hangs is not waited for any longer, nor are its pending writes.
    return Effect.andThen(
      Effect.timeoutOption(Effect.interruptible(Effect.andThen(this.#drain, Effect.promise(close))), maxWait),
      Effect.sync(() => void close())
    )
  }).pipe(
    Effect.andThen(
      Effect.suspend(() => {
        const left = this.#pending()
        return left === 0
          ? Effect.void
          : this.#withLoggers(Effect.logWarning("Audit log lines were dropped", { lines: left }))
      })
    )
  )

  #now(): number {
    return this.#on.clock.currentTimeMillisUnsafe()
  }

  #pending(): number {
    return this.#lines.length + this.#inFlight.length
  }

  #isFull(): boolean {
    return this.#pending() >= this.#on.options.maxBuffered
  }

  #withLoggers(effect: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.updateContext<never, never>(() => withoutCallContext(this.#context))(effect)
  }

  #reportExposure(): Effect.Effect<void> {
    if (!this.#file.isExposed) return Effect.void
    const { path } = this.#on.options
    return this.#withLoggers(
      Effect.logWarning("Other users can access the audit log, which belongs to another user", { path })
    )
  }

  #learn(outcome: AppendResult): Effect.Effect<void> {
    return Effect.suspend(() => {
      const wasFailing = this.#failure !== undefined
      if (outcome.failure === undefined) {
        this.#failure = undefined
        return wasFailing ? this.#withLoggers(Effect.logInfo("The audit log can be written again")) : Effect.void
      }
      const reason = reasonOf(outcome.failure)
      this.#failure = { since: this.#failure?.since ?? this.#now(), reason }
      return wasFailing
        ? Effect.void
        : this.#withLoggers(Effect.logWarning("The audit log cannot be written; calls continue", { reason }))
    })
  }

  /** Begins a write of pending lines, and after them of the number of lines that were dropped. */
  #begin(): { readonly append: Effect.Effect<AppendResult>; readonly unreported: number } {
    const unreported = this.#unreported
    const gap = unreported === 0 ? [] : [toGapLine(crypto.randomUUID(), this.#now(), unreported)]
    const lines = [...this.#lines, ...gap]
    this.#inFlight = lines
    this.#lines = []
    if (lines.length > 0) return { append: Effect.promise(() => this.#file.append(lines, this.#now())), unreported }
    const probe = Effect.promise(() => this.#file.probe(this.#now()))
    return { append: this.#failure === undefined ? Effect.succeed({ lines: 0 }) : probe, unreported }
  }

  /** Puts back the lines that were not written. */
  #end({ lines }: AppendResult, unreported: number): void {
    const isGapWritten = unreported > 0 && lines === this.#inFlight.length
    if (isGapWritten) this.#unreported -= unreported
    this.#written += lines - (isGapWritten ? 1 : 0)
    const kept = this.#inFlight.slice(lines, unreported > 0 ? -1 : undefined)
    if (kept.length > 0) this.#lines = [...kept, ...this.#lines]
    this.#inFlight = []
  }

  #write(): Effect.Effect<void> {
    return this.#on.one.withPermits(1)(
      Effect.suspend(() => {
        const waiters = this.#waiting
        this.#waiting = Deferred.makeUnsafe<void>()
        const { append, unreported } = this.#begin()
        return append.pipe(
          Effect.tap((result) => Effect.sync(() => this.#end(result, unreported))),
          Effect.flatMap((result) => this.#learn(result)),
          Effect.andThen(Effect.asVoid(Deferred.succeed(waiters, undefined)))
        )
      })
    )
  }

  /** Runs in a separate fiber, so that the result of a write that has started is always known. */
  readonly #drain: Effect.Effect<void> = Effect.suspend(() =>
    Effect.asVoid(Effect.flatMap(Effect.forkDetach(this.#write()), Fiber.await))
  )

  readonly #untilWritten: Effect.Effect<void> = Effect.suspend(() =>
    this.#failure === undefined
      ? Effect.void
      : Effect.andThen(pause(this.#on.urgent, retryInterval), Effect.andThen(this.#drain, this.#untilWritten))
  )

  #turn(): Effect.Effect<void> {
    const { options, urgent, wanted } = this.#on
    const batch = Duration.isZero(options.batchDelay) ? Effect.void : pause(urgent, options.batchDelay)
    return Queue.take(wanted).pipe(
      Effect.andThen(batch),
      Effect.andThen(this.#drain),
      Effect.andThen(this.#untilWritten)
    )
  }

  /** Requests a write and waits for its result, up to a time. */
  #attempt(): Effect.Effect<Option.Option<void>> {
    const result = this.#waiting
    Queue.offerUnsafe(this.#on.urgent, undefined)
    Queue.offerUnsafe(this.#on.wanted, undefined)
    return Effect.timeoutOption(Deferred.await(result), maxWait)
  }

  #keep(line: string): Effect.Effect<void> {
    if (this.#isFull()) {
      this.#dropped += 1
      this.#unreported += 1
      return Effect.void
    }
    this.#lines.push(line)
    if (this.#on.options.isAwaited && this.#failure === undefined) return this.flush
    Queue.offerUnsafe(this.#on.wanted, undefined)
    return Effect.void
  }

  /** Callers wait for a slow disk, but not for one that fails. */
  #add(line: string): Effect.Effect<void> {
    if (!this.#isFull() || this.#failure !== undefined) return this.#keep(line)
    return Effect.flatMap(
      this.#attempt(),
      Option.match({ onNone: () => this.#keep(line), onSome: () => this.#add(line) })
    )
  }
}

/** A writer that runs until the scope closes. */
export const make = (options: Options): Effect.Effect<AuditWriter, never, Scope.Scope> =>
  Effect.gen(function* () {
    const writer = new AuditWriter({
      options,
      clock: yield* Clock.Clock,
      wanted: yield* Queue.sliding<void>(1),
      urgent: yield* Queue.sliding<void>(1),
      one: yield* Semaphore.make(1),
      context: yield* Effect.context()
    })
    yield* Effect.acquireRelease(
      Effect.sync(() => void process.once("exit", writer.onExit)),
      () =>
        Effect.andThen(
          Effect.sync(() => void process.removeListener("exit", writer.onExit)),
          writer.close
        )
    )
    yield* writer.open
    yield* Effect.forkScoped(writer.run)
    return writer
  })
