import { assert, describe, it } from "@effect/vitest"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { Effect, Layer, Stream } from "effect"
import * as HostBatch from "../../src/batch/HostBatch.ts"
import * as HostApi from "../../src/HostApi.ts"
import { providers } from "../../src/Provider.ts"
import { fast, rowOf, withHost } from "./support/hostBatch.ts"
import { hostOf, service } from "./support/pollingHost.ts"

const prepare = (
  rows: ReadonlyArray<
    | ChatRequest
    | (ReturnType<typeof rowOf> & { readonly line?: number })
    | { readonly id: never; readonly request: ChatRequest }
  >,
  options?: HostBatch.Options
) => Effect.flatMap(service(hostOf([]), options), (batches) => batches.prepare(rows))

const messages = [{ role: "user" as const, content: "Hi" }]

describe("HostBatch.prepare", () => {
  const cases: ReadonlyArray<
    readonly [name: string, rows: Parameters<typeof prepare>[0], issues: ReadonlyArray<object>, HostBatch.Options?]
  > = [
    ["a batch without rows", [], [{ reason: "The batch has no rows" }]],
    [
      "the same id twice",
      [rowOf("a"), rowOf("b"), rowOf("a")],
      [{ line: 3, id: "a", reason: "Line 1 has the same id", parameter: "id" }]
    ],
    [
      "an id that is the line of another row",
      [{ model: "kimi-k2.6", messages }, rowOf("1")],
      [{ line: 2, id: "1", reason: "Line 1 has the same id", parameter: "id" }]
    ],
    [
      "the same line twice",
      [rowOf("a"), { ...rowOf("b"), line: 1 }],
      [{ line: 1, id: "b", reason: "Another row has the same line", parameter: "line" }]
    ],
    ["an empty id", [rowOf("")], [{ line: 1, reason: "The id must be a text that is not empty", parameter: "id" }]],
    [
      "two models",
      [rowOf("a"), rowOf("b", { model: "kimi-k2.7-code" })],
      [{ line: 2, id: "b", reason: "The first row has the model kimi-k2.6", parameter: "model" }]
    ],
    [
      "a model without batches, which has a price for them",
      [rowOf("a", { model: "kimi-k3" })],
      [
        {
          line: 1,
          id: "a",
          reason: "The host runs no batches of kimi-k3: use kimi-k2.7-code or kimi-k2.6",
          parameter: "model"
        }
      ]
    ],
    [
      "members that the host fixes",
      [rowOf("a", { n: 1 }), rowOf("b", { extra_body: { top_p: 1 } })],
      [
        { line: 1, id: "a", reason: "Leave out n: the host fixes it in batches", parameter: "n" },
        {
          line: 2,
          id: "b",
          reason: "Leave out extra_body.top_p: the host fixes it in batches",
          parameter: "extra_body.top_p"
        }
      ]
    ],
    [
      "too many rows",
      [rowOf("a"), rowOf("b")],
      [{ reason: "The batch has more than 1 row: use several batches" }],
      { maxRows: 1 }
    ],
    [
      "a file that is too large",
      [rowOf("a"), rowOf("b")],
      [{ reason: "The file of the batch would be larger than 300 bytes: use several batches" }],
      { maxBytes: 300 }
    ]
  ]
  for (const [name, rows, issues, options] of cases) {
    it.effect(`refuses ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(prepare(rows, options))
        assert.deepStrictEqual(error._tag === "InvalidBatchError" ? error.issues : error, issues as never)
      })
    )
  }

  it.effect("checks each request as a single call", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(prepare([rowOf("a", { messages: [] }), rowOf("b", { thinking: 1 as never })]))
      if (error._tag !== "InvalidBatchError") return assert.fail(error._tag)
      assert.deepStrictEqual(
        error.issues.map(({ line, parameter }) => [line, parameter]),
        [
          [1, "messages"],
          [2, "thinking"]
        ]
      )
    })
  )

  it.effect("lists a hundred problems of all", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(prepare(Array.from({ length: 250 }, () => rowOf("a"))))
      if (error._tag !== "InvalidBatchError") return assert.fail(error._tag)
      assert.deepStrictEqual([error.issues.length, error.count], [100, 249])
      assert.strictEqual(error.message, "The host would refuse the batch: line 2: Line 1 has the same id")
    })
  )

  it.effect("fails at a host without batches", () =>
    Effect.gen(function* () {
      const batches = yield* service(HostApi.unsupported(providers.together))
      assert.strictEqual((yield* Effect.flip(batches.prepare([rowOf("a")])))._tag, "UnsupportedOperationError")
    })
  )

  it.effect("has every option that cannot be used in its error", () =>
    Effect.gen(function* () {
      const host = hostOf([])
      const layer = HostBatch.layer({ maxBytes: 0, maxRows: 0.5, retry: { maxAttempts: 0 } })
      const error = yield* Effect.flip(Layer.build(Layer.provide(layer, Layer.succeed(HostApi.HostApi, host))))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["HostBatch maxBytes", "HostBatch maxRows", "HostBatch retry.maxAttempts"]
      )
    }).pipe(Effect.scoped)
  )
})

const pairs = (length: number) => Object.fromEntries(Array.from({ length }, (_, index) => [`${index}`, "x"]))

describe("HostBatch.submit", () => {
  const most = "at most 15 pairs of texts"
  for (const [what, parameter, options, message] of [
    ["a window of an hour", "completionWindow", { completionWindow: "1 hour" }, "whole hours"],
    ["a pair more than it may have", "metadata", { metadata: pairs(16) }, most],
    ["a pair that is no text", "metadata", { metadata: { a: null as never } }, most],
    ["a list as metadata", "metadata", { metadata: ["a"] as never }, most]
  ] as const) {
    it.effect(`sends nothing with ${what}`, () =>
      Effect.gen(function* () {
        const batches = yield* service(hostOf([]))
        const prepared = yield* batches.prepare([rowOf("a")])
        const steps: Array<object> = []
        const onStep = (step: object) => Effect.sync(() => void steps.push(step))
        const error = yield* Effect.flip(batches.submit(prepared, { ...options, onStep }))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter })
        assert.include(String(error), message)
        assert.deepStrictEqual(steps, [])
      })
    )
  }
})

describe("HostBatch.run", () => {
  for (const [name, options, expected] of [
    ["completionWindow", { completionWindow: "1 hour" }, "whole hours from 12 hours to 7 days"],
    ["metadata", { metadata: pairs(16) }, "at most 15 pairs of texts, with keys of 64 characters and values of 512"]
  ] as const) {
    it.effect(`reads no row for a ${name} that the host does not take`, () =>
      Effect.gen(function* () {
        const batches = yield* service(hostOf([]))
        const rows = Stream.die("a row was read")
        const error = yield* Effect.flip(
          Effect.provideService(HostBatch.run(rows, options), HostBatch.HostBatch, batches)
        )
        assert.deepInclude(error, { _tag: "ConfigurationError", issues: [{ name: `HostBatch ${name}`, expected }] })
      })
    )
  }

  it.live("takes as many pairs of metadata as its error names", () =>
    withHost(() =>
      Effect.gen(function* () {
        const { batch } = yield* HostBatch.run([rowOf("a")], { ...fast, metadata: pairs(15) })
        assert.lengthOf(Object.keys(batch.metadata ?? {}), 16)
      })
    )
  )
})
