/**
 * Runs rows with bounded concurrency and emits outcomes as they come. A worker
 * takes its next row as soon as it has delivered an outcome, without a wait for
 * the consumer, as long as the buffer of outcomes has room. `Stream.mapEffect`
 * forks a fiber for each element, and holds its slot until the consumer takes the
 * result: at 64 calls in flight, three to six slots were always empty.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** Outcomes that wait for the consumer, as a share of the concurrency: rows are read only a little faster than outcomes are taken. */
const bufferedShare = 2

interface Options<O, A> {
  readonly concurrency: number
  /** Whether no further row is to be run. */
  readonly isStopped: () => boolean
  /** Called before the workers are interrupted. */
  readonly onLeave: () => void
  /** What is emitted of an outcome, if anything. */
  readonly settle: (outcome: O) => A | undefined
  /** Provides services to a worker, once for all of its rows. */
  readonly provide: <A, E, R>(worker: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * The rows, of which workers take one at a time. `Semaphore` is not used: it copies
 * the queue of all waiting workers for each read.
 */
class Rows<Row, E> {
  #chunk: ReadonlyArray<Row> = []
  #at = 0
  /** Why there are no further rows. */
  end: Cause.Cause<E | Cause.Done> | undefined = undefined
  #isReading = false
  /** Workers that wait for the one that reads. */
  readonly #waiting: Array<(resumed: Effect.Effect<void>) => void> = []
  /** Reads rows, or waits until another worker has read some. */
  readonly read: Effect.Effect<void>

  constructor(pull: Pull.Pull<ReadonlyArray<Row>, E>) {
    const reading = Effect.matchCause(pull, {
      onFailure: (cause) => {
        this.end = cause
        this.#isReading = false
      },
      onSuccess: (chunk) => {
        this.#chunk = chunk
        this.#at = 0
        this.#isReading = false
      }
    })
    // In its own turn: workers that wake each other would run within each other.
    const waiting = Effect.andThen(
      Effect.callback<void>((resume) => void this.#waiting.push(resume)),
      Effect.yieldNow
    )
    this.read = Effect.suspend(() => {
      if (this.#isReading) return waiting
      this.#isReading = true
      return reading
    })
  }

  get count(): number {
    return this.#chunk.length - this.#at
  }

  take(): Row {
    // It takes the next row, or reads further ones while this one runs.
    if (!this.#isReading) this.#waiting.pop()?.(Effect.void)
    return this.#chunk[this.#at++] as Row
  }

  wakeAll(): void {
    for (const resume of this.#waiting.splice(0)) resume(Effect.void)
  }
}

/** Rows in flight are completed when the input ends or fails. */
export const make = <Row, E, R, O, A, EA, RA>(
  input: Stream.Stream<Row, E, R>,
  run: <B>(row: Row, deliver: (outcome: O) => Effect.Effect<B>) => Effect.Effect<B, EA, RA>,
  { concurrency, isStopped, onLeave, provide, settle }: Options<O, A>
): Stream.Stream<A, E | EA, R | RA> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const capacity = Math.ceil(concurrency / bufferedShare)
      const queue = yield* Effect.acquireRelease(
        Queue.bounded<A, E | EA | Cause.Done>(capacity),
        // Without it a worker that waits for room would delay the end of the stream.
        Queue.shutdown
      )
      // Its own: what the input opens while it is read must be closed after the workers, which use it.
      const inputScope = yield* Effect.acquireRelease(Scope.make(), Scope.close)
      const rows = new Rows<Row, E>(yield* Scope.provide(Stream.toPull(input), inputScope))
      const scope = yield* Effect.acquireRelease(Scope.make(), (workers, exit) =>
        Effect.suspend(() => {
          onLeave()
          return Scope.close(workers, exit)
        })
      )
      let started = 0
      let working = 0
      let hasFailed = false
      /** Workers that wait for a row. */
      let waiting = 0

      const hasRows = (): boolean => !hasFailed && !isStopped() && (rows.count > 0 || rows.end === undefined)
      const needsWorker = (): boolean => started < concurrency && waiting === 0 && hasRows()
      const deliver = (outcome: O): Effect.Effect<unknown> => {
        const settled = settle(outcome)
        return settled === undefined || Queue.offerUnsafe(queue, settled) ? Effect.void : Queue.offer(queue, settled)
      }
      const step = (): Effect.Effect<unknown, EA, R | RA> => {
        if (rows.count === 0) {
          waiting += 1
          return Effect.map(rows.read, () => void (waiting -= 1))
        }
        const running = run(rows.take(), deliver)
        return needsWorker() ? Effect.andThen(start(false), running) : running
      }
      const work = Effect.matchCauseEffect(Effect.whileLoop({ while: hasRows, body: step, step: () => {} }), {
        onFailure: (cause) => {
          hasFailed = true
          return Queue.failCause(queue, cause)
        },
        onSuccess: () => {
          working -= 1
          // Others would wait for a row that no worker reads.
          rows.wakeAll()
          if (working > 0) return Effect.void
          return rows.end === undefined ? Queue.end(queue) : Queue.failCause(queue, rows.end)
        }
      })
      const start = (startImmediately: boolean): Effect.Effect<unknown, never, R | RA> =>
        Effect.suspend(() => {
          started += 1
          working += 1
          return Effect.forkIn(provide(work), scope, { startImmediately })
        })
      // At least one, which ends the stream of an empty input.
      yield* start(true)
      yield* Effect.whileLoop({ while: needsWorker, body: () => start(true), step: () => {} })
      return Stream.fromQueue(queue)
    })
  )
