import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { isContent, type StreamEvent } from "../../src/models/StreamEvent.ts"
import * as StreamFold from "../../src/models/StreamFold.ts"
import { withStreamRecovery } from "../../src/resilience/StreamRecovery.ts"
import {
  broken,
  call,
  called,
  finish,
  lost,
  piece,
  script,
  start,
  text,
  thought,
  tokens,
  used,
  watch
} from "./support/recovery.ts"

const Delta = Schema.Struct({
  kind: Schema.Literals(["text", "thought", "call"]),
  choice: Schema.Literals([0, 1]),
  part: Schema.String
})

const Answer = Schema.Struct({
  first: Delta,
  deltas: Schema.Array(Delta),
  /** Completes a tool call at 0: rarely, because it forbids recovery. */
  completesCall: Schema.Literals([0, 1, 2, 3]),
  tellsUsage: Schema.Boolean,
  /** How many events it lacks when it breaks. */
  lacks: Schema.Literals([0, 1, 2, 3, 4, 5, 6, 7]),
  chunk: Schema.Literals([1, 2, 5])
})

const eventsOf = (answer: typeof Answer.Type, attempt: number): ReadonlyArray<StreamEvent> => [
  start(attempt),
  ...[answer.first, ...answer.deltas].map(({ choice, kind, part }) => {
    if (kind === "text") return text(part, choice)
    return kind === "thought" ? thought(part, choice) : piece(part, choice)
  }),
  ...(answer.completesCall === 0 ? [called("{}")] : []),
  ...(answer.tellsUsage ? [used(tokens(100, 10))] : []),
  finish
]

const cameOf = (events: ReadonlyArray<StreamEvent>, { lacks }: typeof Answer.Type): ReadonlyArray<StreamEvent> =>
  events.slice(0, Math.max(0, events.length - lacks))

const choicesOf = (events: ReadonlyArray<StreamEvent>) =>
  Option.map(StreamFold.fold(events), ({ choices, id }) => ({ choices, id }))

describe("withStreamRecovery for any response and any break", () => {
  it.effect.prop(
    "returns the response of the complete attempt or the error of one that cannot be recovered",
    [Schema.Array(Answer).check(Schema.isMaxLength(4))],
    ([answers]) =>
      Effect.gen(function* () {
        const plays = answers.map((answer, attempt) => ({
          chunk: answer.chunk,
          came: cameOf(eventsOf(answer, attempt), answer)
        }))
        const last = { events: [start(9), text("whole"), finish] }
        const { attempt, calls, log } = script(
          ...plays.map(({ came, chunk }) => ({ ...broken(lost, ...came), chunk })),
          last
        )
        const recovery = withStreamRecovery({ mode: "regenerate", maxRecoveries: plays.length })
        const { error, seen } = yield* watch(recovery(attempt)(call))
        const stuck = plays.findIndex(
          ({ came }) => !came.some(isContent) || came.some(({ _tag }) => _tag === "ToolCall" || _tag === "Finish")
        )
        assert.strictEqual(calls.length, (stuck === -1 ? plays.length : stuck) + 1)
        assert.deepStrictEqual(
          log,
          calls.flatMap((_, name) => [`open ${name}`, `close ${name}`])
        )
        if (stuck !== -1) {
          assert.strictEqual(error?._tag, "StreamInterruptedError")
          return
        }
        assert.deepStrictEqual(choicesOf(seen), choicesOf(last.events))
        const tail = seen.slice(seen.findLastIndex((event) => event._tag === "Reset") + 1).map((event) => event._tag)
        assert.deepStrictEqual(
          tail,
          plays.length === 0 ? ["Start", "TextDelta", "Finish"] : ["Start", "TextDelta", "Usage", "Finish"]
        )
      }),
    { arbitrary: { seed: "breaks", runs: 500 } }
  )

  it.effect.prop(
    "returns the message of the whole response after one break",
    [Answer],
    ([answer]) =>
      Effect.gen(function* () {
        const events = eventsOf(answer, 1)
        const came = cameOf(events, answer)
        const { attempt } = script({ ...broken(lost, ...came), chunk: answer.chunk }, { events, chunk: answer.chunk })
        const { error, seen } = yield* watch(withStreamRecovery({ mode: "regenerate" })(attempt)(call))
        if (error === undefined) assert.deepStrictEqual(choicesOf(seen), choicesOf(events))
        else assert.deepStrictEqual(seen, came)
      }),
    { arbitrary: { seed: "breaks once", runs: 500 } }
  )
})
