import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope, Stream } from "effect"
import * as CallOptions from "../../src/CallOptions.ts"
import { ConnectionLostError, ConnectionRefusedError } from "../../src/errors/NetworkErrors.ts"
import type { ChatError } from "../../src/errors/OperationErrors.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import { withStreamAccounting } from "../../src/money/AccountingStage.ts"
import { finish, textDelta } from "../support/responses.ts"

import { hello, prompt, recording, reported, start, text, usage } from "./support/recording.ts"

describe("Accounting stage on streams", () => {
  const lost = Stream.fail(new ConnectionLostError({ message: "no" }))
  const refused = Stream.fail(new ConnectionRefusedError({ message: "no" }))
  const cases: ReadonlyArray<readonly [string, Stream.Stream<StreamEvent, ChatError>, string, string]> = [
    ["a stream", Stream.make(start, text, reported, finish), "settle 90+20", "succeeded"],
    ["a stream without usage", Stream.make(start, text, finish), `settle ${prompt}+${hello} by estimate`, "succeeded"],
    [
      "a stream that breaks",
      Stream.concat(Stream.make(start, text), lost),
      `settle ${prompt}+500 by estimate`,
      "failed"
    ],
    [
      "a stream that had begun when it failed with what is free before that",
      Stream.concat(Stream.make(start, text), refused),
      `settle ${prompt}+500 by estimate`,
      "failed"
    ],
    ["a stream that was free", refused, "settle nothing", ""],
    [
      "a stream that breaks after its reported usage",
      Stream.concat(Stream.make(start, text, reported), lost),
      "settle 90+20",
      "failed"
    ],
    [
      "a stream that breaks after its end",
      Stream.concat(Stream.make(start, text, finish), lost),
      `settle ${prompt}+${hello} by estimate`,
      "failed"
    ],
    [
      "a stream that breaks after a report without the generated tokens",
      Stream.concat(
        Stream.make<ReadonlyArray<StreamEvent>>(start, text, {
          _tag: "Usage",
          usage: { ...usage, completion_tokens: 0, total_tokens: 90 }
        }),
        lost
      ),
      "settle 90+500 by estimate",
      "failed"
    ],
    [
      "a stream without usage that is longer than allowed",
      Stream.make(start, textDelta("hello ".repeat(1_000)), finish),
      `settle ${prompt}+500 by estimate`,
      "succeeded"
    ],
    ["a stream that never began and may be billed", lost, `settle ${prompt}+500 by estimate`, "failed"]
  ]

  for (const [name, attempt, settled, outcome] of cases) {
    it.effect(`charges for ${name}`, () =>
      Effect.gen(function* () {
        const { recorded, accounting, call, log } = recording()
        yield* Effect.exit(Stream.runDrain(withStreamAccounting(accounting)(() => attempt)(call)))
        assert.deepStrictEqual(log, ["reserve kimi-k3", settled])
        assert.strictEqual(recorded.map((attempt) => attempt.outcome).join(), outcome)
      })
    )
  }

  it.effect("records a stream with the tags of the fiber that began it", () =>
    Effect.gen(function* () {
      const { accounting, call, recorded } = recording()
      const metered = withStreamAccounting(accounting)(() => Stream.make(start, text, reported, finish))(call)
      const scope = yield* Scope.make()
      const pull = yield* Stream.toPull(metered).pipe(CallOptions.provide({ tenant: "a" }), Scope.provide(scope))
      yield* CallOptions.provide({ tenant: "b" })(pull)
      yield* CallOptions.provide({ tenant: "c" })(Scope.close(scope, Exit.void))
      assert.deepStrictEqual(
        recorded.map(({ tags }) => tags?.tenant),
        ["a"]
      )
    })
  )

  it.effect("charges an interrupted stream for all that it may have generated", () =>
    Effect.gen(function* () {
      const { recorded, accounting, call, log } = recording()
      const metered = withStreamAccounting(accounting)(() => Stream.concat(Stream.make(start, text), Stream.never))(
        call
      )
      yield* Stream.runDrain(Stream.take(metered, 2))
      assert.deepStrictEqual(log, ["reserve kimi-k3", `settle ${prompt}+500 by estimate`])
      assert.strictEqual(recorded[0]?.outcome, "abandoned")
    })
  )

  it.effect("counts each call of a host tool once", () =>
    Effect.gen(function* () {
      const { recorded, accounting, call } = recording()
      const piece = (index: number, name: string): StreamEvent => ({
        _tag: "ToolCallDelta",
        choice: 0,
        index,
        id: `${index}`,
        name,
        arguments: "{"
      })
      const whole: StreamEvent = {
        _tag: "ToolCall",
        choice: 0,
        index: 0,
        call: { id: "0", type: "builtin_function", function: { name: "$web_search", arguments: "{}" } }
      }
      const events = Stream.make(
        start,
        piece(0, "$web_search"),
        piece(0, "$web_search"),
        whole,
        piece(1, "own"),
        reported
      )
      yield* Stream.runDrain(withStreamAccounting(accounting)(() => events)(call))
      assert.deepStrictEqual([...(recorded[0]?.usage.toolCalls ?? [])], [["$web_search", 1]])
    })
  )

  const called = (name: string): StreamEvent => ({
    _tag: "ToolCall",
    choice: 0,
    index: 0,
    call: { id: "0", type: "builtin_function", function: { name, arguments: "{}" } }
  })
  const pieceOf = (name: string): StreamEvent => ({
    _tag: "ToolCallDelta",
    choice: 0,
    index: 0,
    id: "0",
    name,
    arguments: "{"
  })
  const countsOf = (...events: ReadonlyArray<StreamEvent>) =>
    Effect.gen(function* () {
      const { recorded, accounting, call } = recording()
      yield* Stream.runDrain(
        withStreamAccounting(accounting)(() => Stream.fromIterable([start, ...events, reported]))(call)
      )
      return [...(recorded[0]?.usage.toolCalls ?? [])]
    })

  it.effect("counts a call of a host tool that came whole", () =>
    Effect.map(countsOf(called("$web_search")), (counts) => assert.deepStrictEqual(counts, [["$web_search", 1]]))
  )

  it.effect("counts a call of a host tool that came in pieces", () =>
    Effect.map(countsOf(pieceOf("$web_search")), (counts) => assert.deepStrictEqual(counts, [["$web_search", 1]]))
  )

  it.effect("counts no call without one", () =>
    Effect.map(countsOf(text), (counts) => assert.deepStrictEqual(counts, []))
  )
})
