/** A shared job while PostgreSQL ends the connections of its process, as when it restarts. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { MockProvider, Reply } from "@kimi-effect/testing"
import { Effect, Layer, Redacted } from "effect"
import * as Journal from "../../src/postgres/Journal.ts"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import { ownSchema, proxy, reachable, terminate, url } from "../postgres/support/postgres.ts"
import { answersOf, lineOf } from "./support/batch/answered.ts"
import { folder } from "./support/files.ts"

const names = Array.from({ length: 60 }, (_, index) => `${index + 1}`)

describe.skipIf(!reachable)("a shared job whose connections PostgreSQL ends", () => {
  it.live("requests each row once", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const input = join(path, "in.jsonl")
      const output = join(path, "out.jsonl")
      writeFileSync(input, names.map(lineOf).join("\n"))
      const schema = yield* ownSchema
      const requested: Array<string> = []
      const answer = ({ messages }: ModelRequest) => {
        const name = String(messages.at(-1)?.content)
        requested.push(name)
        return ["15", "30", "45"].includes(name) ? Effect.as(Effect.orDie(terminate(schema)), name) : name
      }
      // A lease that expires would be another reason for a second request.
      const options = { url: Redacted.make(url), schema, applicationName: schema, lease: "1 minute" } as const
      yield* SharedBatchJob.run({ id: "a", input, output, rangeRows: 10, concurrency: 1 }).pipe(
        Effect.provide(Layer.merge(Journal.layerPostgres(options), MockProvider.layerClient({ script: answer })))
      )
      assert.deepStrictEqual(
        answersOf(readFileSync(output, "utf8")),
        names.map((name, index) => [name, index + 1, name])
      )
      assert.deepStrictEqual(requested, names)
    }).pipe(Effect.scoped)
  )
})

/** A journal that calls `then` when a call could not be recorded. */
const afterFailure = (journal: Journal.Journal["Service"], then: Effect.Effect<void>): Journal.Journal["Service"] => ({
  ...journal,
  join: (runId, header) =>
    Effect.map(journal.join(runId, header), (worker) => ({
      ...worker,
      claim: (request) =>
        Effect.map(worker.claim(request), (leases) =>
          leases.map((lease): Journal.Lease => ({
            ...lease,
            call: (options, effect) => Effect.tapError(lease.call(options, effect), () => then)
          }))
        )
    }))
})

describe.skipIf(!reachable)("a shared job whose PostgreSQL is away longer than the journal waits", () => {
  it.live("writes what the rows in flight have cost", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const input = join(path, "in.jsonl")
      const output = join(path, "out.jsonl")
      writeFileSync(input, names.slice(0, 10).map(lineOf).join("\n"))
      const server = yield* proxy
      let requests = 0
      const script = () => {
        requests += 1
        const reply = Reply.chatResponse({ content: "yes", usage: { prompt_tokens: 93, completion_tokens: 47 } })
        return requests === 4 ? Effect.as(server.end, reply) : reply
      }
      const journal = yield* Journal.makePostgres({
        url: Redacted.make(server.url),
        schema: yield* ownSchema,
        lease: "1 minute",
        timeout: "300 millis"
      })
      const { written } = yield* SharedBatchJob.run({ id: "a", input, output, concurrency: 2 }).pipe(
        Effect.provideService(Journal.Journal, afterFailure(journal, server.accept)),
        Effect.provide(MockProvider.layerClient({ script }))
      )
      const lines = readFileSync(output, "utf8").trimEnd().split("\n")
      for (const line of lines) assert.include(line, '"cost":{"USD":"0.000984"},"attempts":1,"cached":false')
      assert.strictEqual(lines.length, 10)
      assert.deepInclude(written, { answered: 10, cost: { USD: 0.00984 } })
      assert.strictEqual(requests, 10)
    }).pipe(Effect.scoped)
  )
})
