/** What programs without types pass. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as HostBatch from "../../src/batch/HostBatch.ts"
import { rowOf } from "./support/hostBatch.ts"
import { hostOf, service } from "./support/pollingHost.ts"

type Service = HostBatch.HostBatch["Service"]

const batch = { id: "b", endpoint: "e", input_file_id: "f", completion_window: "24h", status: "completed" } as const

const rows = [rowOf("a")]

const unnumbered = [{ id: "a", line: 1 }, { id: "b" }]

const linesOf = (...lines: ReadonlyArray<number>) => lines.map((line, index) => ({ id: `${index}`, line }))

/** A host that dies of a request. */
const asking = (call: (host: Service) => Effect.Effect<unknown, unknown, HostBatch.HostBatch>) =>
  Effect.flatMap(service(hostOf([Effect.die("the host was asked")])), (host) =>
    Effect.provideService(call(host), HostBatch.HostBatch, host)
  )

const calls: ReadonlyArray<
  readonly [what: string, issue: string, call: (host: Service) => Effect.Effect<unknown, unknown, HostBatch.HostBatch>]
> = [
  ["a text as rows", "input", () => HostBatch.run("Hello!" as never)],
  ["no rows", "input", () => HostBatch.run(undefined as never)],
  ["a number as rows", "input", ({ prepare }) => prepare(5 as never)],
  ["a misspelt window", "completionwindow", () => HostBatch.run(rows, { completionwindow: "7 days" } as never)],
  ["a misspelt pause", "intervall", () => HostBatch.resume("b", { intervall: "1 second" } as never)],
  ["a text as the rows of a batch", "rows", () => HostBatch.resume("b", { rows: "a" as never })],
  ["a number as the rows of results", "rows", ({ results }) => Stream.runDrain(results(batch, 5 as never))],
  ["a row of a batch that is a text", "rows[0]", () => HostBatch.resume("b", { rows: ["a"] as never })],
  ["a row of a batch without a line", "rows[1].line", () => HostBatch.resume("b", { rows: unnumbered as never })],
  ["a row of a batch with the line 0", "rows[1].line", () => HostBatch.resume("b", { rows: linesOf(1, 0) })],
  [
    "a row of results with a line below 0",
    "rows[0].line",
    ({ results }) => Stream.runDrain(results(batch, linesOf(-1, 2)))
  ],
  ["a row of a batch without an id", "rows[0].id", () => HostBatch.resume("b", { rows: [{ line: 1 }] as never })],
  [
    "a row of results without a line",
    "rows[1].line",
    ({ results }) => Stream.runDrain(results(batch, unnumbered as never))
  ],
  ["a text in place of options", "options", () => HostBatch.resume("b", "1 second" as never)],
  ["a misspelt model", "modell", ({ prepare }) => prepare(rows, { modell: "kimi-k2.6" } as never)],
  ["a misspelt pause of a service", "max_interval", ({ follow }) => follow("b", { max_interval: "1 hour" } as never)],
  [
    "misspelt metadata",
    "metaData",
    ({ prepare, submit }) => Effect.flatMap(prepare(rows), (made) => submit(made, { metaData: {} } as never))
  ],
  ["a misspelt schema", "schemas", ({ results }) => Stream.runDrain(results(batch, [], { schemas: {} } as never))],
  ["a misspelt limit", "maxrows", () => service(hostOf([]), { maxrows: 5 } as never)],
  ["a misspelt number of attempts", "retry.attempts", () => service(hostOf([]), { retry: { attempts: 2 } } as never)]
]

const throwing = (name: string, row: object): object =>
  Object.defineProperty(row, name, {
    enumerable: true,
    get: () => {
      throw new Error(`no ${name}`)
    }
  })

const request = rowOf("a").request

describe("HostBatch without types", () => {
  for (const [what, issue, call] of calls) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(asking(call))
        assert.deepInclude(error, { _tag: "ConfigurationError" })
        assert.include(String(error), `HostBatch ${issue}: expected `)
      })
    )
  }

  const repeated = ["a", "b", "a"].map((id, index): HostBatch.HostRow => ({ id, line: index + 1 }))

  for (const [what, call] of [
    ["a batch that is resumed", () => HostBatch.resume("b", { rows: repeated })],
    ["results that are read", ({ results }: Service) => Stream.runDrain(results(batch, repeated))]
  ] as const) {
    it.effect(`refuses two rows with one id, for ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(asking(call))
        assert.deepInclude(error, {
          _tag: "InvalidRequestError",
          message: 'The rows rows[0] and rows[2] have the same id "a"',
          parameter: "rows[2].id"
        })
      })
    )
  }

  for (const [what, call] of [
    ["a batch that is resumed", () => HostBatch.resume("b", { rows: linesOf(2, 1, 2) })],
    ["results that are read", ({ results }: Service) => Stream.runDrain(results(batch, linesOf(2, 1, 2)))]
  ] as const) {
    it.effect(`refuses two rows with one line, for ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(asking(call))
        assert.deepInclude(error, {
          _tag: "InvalidRequestError",
          message: "The rows rows[0] and rows[2] have the same line 2",
          parameter: "rows[2].line"
        })
      })
    )
  }

  for (const [what, row] of [
    ["a text", "Hello!"],
    ["null", null],
    ["an object whose request is a text", { request: "Hello!" }],
    ["a request with a symbol", { ...request, messages: [{ role: "user", content: Symbol("Hello!") }] }],
    ["a request that throws when it is read", throwing("messages", { ...request })],
    ["a row whose request throws when it is read", throwing("request", {})],
    ["a row whose id throws when it is read", throwing("id", { request })],
    ["a row whose line is a text", { request, line: "first" }],
    ["a row whose line is 0", { request, line: 0 }],
    ["a row whose id is a number", { request, id: 5 }]
  ] as const) {
    it.effect(`lists a row that is ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(asking(({ prepare }) => prepare([rowOf("1"), row as never])))
        assert.deepInclude(error, { _tag: "InvalidBatchError", count: 1 })
        assert.include(String(error), "line 2: ")
      })
    )
  }
})
