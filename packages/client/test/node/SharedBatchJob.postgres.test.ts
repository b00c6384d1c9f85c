/** A shared job while PostgreSQL ends the connections of its process, as when it restarts. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { MockProvider } from "@kimi-effect/testing"
import { Effect, Layer, Redacted } from "effect"
import * as Journal from "../../src/postgres/Journal.ts"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import { ownSchema, reachable, terminate, url } from "../postgres/support/postgres.ts"
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
