/**
 * Scripted attempts for the tests of hedges: the script is data, and what
 * was opened and closed is counted.
 */
import { Clock, Duration, Effect, Exit, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { classes } from "../../../src/errors/KimiError.ts"
import type { ChatError, StreamError } from "../../../src/errors/OperationErrors.ts"
import { ChatResponse } from "../../../src/models/ChatResponse.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import type { Call } from "../../../src/pipeline/Call.ts"
import { finish, responseOf, textDelta } from "../../support/responses.ts"

export const callOf = (model: string): Call => ({
  account: "moonshot",
  provider: "moonshot",
  request: { model, messages: [{ role: "user", content: "Hi" }] }
})

export const call = callOf("kimi-k3")

const start = (run: number): StreamEvent => ({ _tag: "Start", id: `run ${run}`, model: "kimi-k3", created: 0 })
const text = (run: number, piece: number): StreamEvent => textDelta(`${run}.${piece}`)

/** The events of a whole stream. */
export const events = (run: number): ReadonlyArray<StreamEvent> => [start(run), text(run, 1), text(run, 2), finish]

export const answer = (run: number): ChatResponse => responseOf("hello", { id: `run ${run}`, created: 0 })

export const errorOf = (run: number) => new classes.ServerError({ message: `run ${run} failed` })

/** The script of an attempt; times in milliseconds. */
export interface Play {
  /** From the start to the first content, or to the failure. Without it the attempt never ends. */
  readonly first?: number
  /** Whether it fails then. */
  readonly isBroken?: boolean
  /** From the first content to the rest. */
  readonly rest?: number
  /** Whether it fails in place of the rest. */
  readonly isCut?: boolean
  /** Whether it ignores an interrupt before its first content. */
  readonly isStubborn?: boolean
  /** How long closing it takes. */
  readonly closing?: number
}

/** Attempts that follow the scripts, one after the other; the last one repeats. */
export const scripted = (...plays: ReadonlyArray<Play>) => {
  const log: Array<string> = []
  let opened = 0
  let closed = 0
  const note = (what: string, run: number) =>
    Effect.map(Clock.currentTimeMillis, (now) => void log.push(`${now}: ${what} ${run}`))

  const playOf = (run: number): Play => plays[run] ?? plays.at(-1) ?? {}

  const acquire = Effect.suspend(() => {
    const run = opened++
    return Effect.as(note("open", run), run)
  })

  const release = (run: number) => {
    const { closing } = playOf(run)
    const close = Effect.suspend(() => {
      closed++
      return note("close", run)
    })
    return closing === undefined ? close : Effect.delay(close, Duration.millis(closing))
  }

  /** Opens a connection that is closed with the scope, and returns what waits for the first content. */
  const begin = Effect.map(Effect.acquireRelease(acquire, release), (run) => {
    const play = playOf(run)
    const wait = play.first === undefined ? Effect.never : Effect.sleep(Duration.millis(play.first))
    const first = play.isBroken === true ? Effect.andThen(wait, Effect.fail(errorOf(run))) : wait
    return { run, play, first: play.isStubborn === true ? Effect.uninterruptible(first) : first }
  })

  const stream: Stream.Stream<StreamEvent, StreamError> = Stream.unwrap(
    Effect.map(begin, ({ first, play, run }) =>
      // Every pair of events is a separate network read.
      Stream.make(start(run)).pipe(
        Stream.concat(Stream.fromEffect(Effect.as(first, text(run, 1)))),
        Stream.concat(
          Stream.unwrap(
            Effect.as(
              Effect.sleep(Duration.millis(play.rest ?? 0)),
              play.isCut === true ? Stream.fail(errorOf(run)) : Stream.make(text(run, 2), finish)
            )
          )
        )
      )
    )
  )

  const plain = Effect.scoped(
    Effect.flatMap(begin, ({ first, run }): Effect.Effect<ChatResponse, ChatError> => Effect.as(first, answer(run)))
  )

  return { log, plain: () => plain, stream: () => stream, open: () => opened - closed, opened: () => opened }
}

/** The events of a stream, how it ended, and when. */
export const watched = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.gen(function* () {
    const seen: Array<A> = []
    const times: Array<number> = []
    const exit = yield* Effect.exit(
      Stream.runForEach(stream, (event) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          seen.push(event)
          times.push(now)
        })
      )
    )
    const error = Exit.isFailure(exit) ? Option.getOrUndefined(Exit.findErrorOption(exit)) : undefined
    return { seen, times, error, end: yield* Clock.currentTimeMillis }
  })

/** Advances the clock until the effect ends. */
export const elapse = Effect.fnUntraced(function* <A, E>(effect: Effect.Effect<A, E>, millis = 100_000) {
  const fiber = yield* Effect.forkChild(effect)
  yield* TestClock.adjust(Duration.millis(millis))
  const exit = fiber.pollUnsafe()
  return exit === undefined
    ? yield* Effect.andThen(Fiber.interrupt(fiber), Effect.die(new Error(`not over after ${millis} ms`)))
    : yield* exit
})
