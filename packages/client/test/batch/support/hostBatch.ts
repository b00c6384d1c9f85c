/** A service for batches at a host that is simulated, with or without money. */
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Budget from "@kimi-effect/core/Budget"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Context, Effect, Layer, Redacted, type Schema, Scope } from "effect"
import type { BatchResponse } from "../../../src/batch/BatchResponse.ts"
import * as HostBatch from "../../../src/batch/HostBatch.ts"
import * as HostApi from "../../../src/HostApi.ts"
import * as UndiciHttpClient from "../../../src/node/UndiciHttpClient.ts"

const model = "kimi-k2.6"

export const rowOf = (id: string, request: Partial<ChatRequest> = {}) => ({
  id,
  request: {
    model,
    max_completion_tokens: 100,
    messages: [{ role: "user" as const, content: `Say ${id}` }],
    ...request
  }
})

export interface Host {
  readonly server: MockServer.MockServer["Service"]
  readonly budget: Budget.Budget["Service"]
  readonly accounting: Accounting.Accounting["Service"]
  /** A service as another process would have it, with the same money. */
  readonly another: Effect.Effect<HostBatch.HostBatch["Service"]>
}

/** Fast enough for tests: states change with each request. */
export const fast = { interval: "1 millis" } as const

export const withHost = <A, E>(
  test: (host: Host) => Effect.Effect<A, E, HostBatch.HostBatch>,
  options?: MockServer.Options,
  store: Layer.Layer<BudgetStore.BudgetStore, unknown> = BudgetStore.layerMemory()
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make(options)
      const money = yield* Layer.build(
        Layer.merge(
          Accounting.layer,
          Layer.provide(Budget.layerStore({ caps: [{ amount: "10", currency: "USD" }] }), Layer.orDie(store))
        )
      )
      const layer = HostBatch.layer({ retry: { baseDelay: "1 millis" } }).pipe(
        Layer.provide(HostApi.layerHttp),
        Layer.provide(UndiciHttpClient.layer),
        Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test-0123456789abcdef"), baseUrl: server.url })),
        Layer.provide(Layer.succeedContext(money))
      )
      const build = Effect.orDie(Effect.map(Layer.build(layer), (context) => Context.get(context, HostBatch.HostBatch)))
      const another = Effect.provideService(build, Scope.Scope, yield* Effect.scope)
      const service = yield* build
      return yield* test({
        server,
        budget: Context.get(money, Budget.Budget),
        accounting: Context.get(money, Accounting.Accounting),
        another
      }).pipe(Effect.provideService(HostBatch.HostBatch, service))
    })
  )

export const result = (id: string, content = `It is ${id}`): string =>
  JSON.stringify({
    id,
    custom_id: id,
    response: {
      status_code: 200,
      request_id: "",
      body: {
        id: `chat-${id}`,
        object: "chat.completion",
        created: 1,
        model,
        choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
        usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
      }
    },
    error: null
  })

export interface Ending {
  readonly status: string
  /** The lines of the two files. */
  readonly output?: ReadonlyArray<string>
  readonly errors?: ReadonlyArray<string>
  /** What the host lists of a file that it has refused. */
  readonly refusal?: Schema.Json
  readonly counts?: { readonly completed: number; readonly failed: number; readonly total: number }
  readonly metadata?: { readonly [key: string]: string }
}

/** Ends the first batch of a server in a state, with these files. */
export const endsWith = (
  { server }: Pick<Host, "server">,
  { counts, errors, metadata, output, refusal, status }: Ending
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const file = (lines: ReadonlyArray<string>) => Reply.body(lines.map((line) => `${line}\n`).join(""))
    if (output !== undefined) yield* server.replyAt("GET /v1/files/out/content", file(output))
    if (errors !== undefined) yield* server.replyAt("GET /v1/files/err/content", file(errors))
    yield* server.replyAt("GET /v1/batches/batch-000001", (request) =>
      Reply.json({
        id: "batch-000001",
        object: "batch",
        endpoint: "/v1/chat/completions",
        input_file_id: "file-000001",
        completion_window: "24h",
        status: request.method === "GET" ? status : "validating",
        output_file_id: output === undefined ? null : "out",
        // An empty text means that there is no file.
        error_file_id: errors === undefined ? "" : "err",
        created_at: 1_790_000_000,
        ...(counts === undefined ? {} : { request_counts: counts }),
        ...(metadata === undefined ? {} : { metadata }),
        ...(refusal === undefined ? {} : { errors: refusal })
      })
    )
  })

/** Outcomes as text: the answer, or the tag of the error. */
export const textsOf = (responses: ReadonlyArray<BatchResponse>): ReadonlyArray<string> =>
  responses.map((row) => `${row.line} ${row.id}: ${row._tag === "Answered" ? row.value : row.error._tag}`)
