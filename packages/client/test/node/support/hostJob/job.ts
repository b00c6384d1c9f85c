/** A job in a new folder, and a host that runs batches. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Layer, Redacted } from "effect"
import * as HostBatch from "../../../../src/batch/HostBatch.ts"
import * as HostApi from "../../../../src/HostApi.ts"
import * as KimiNode from "../../../../src/node/KimiNode.ts"
import * as UndiciHttpClient from "../../../../src/node/UndiciHttpClient.ts"
import type { KimiClient } from "../../../../src/KimiClient.ts"
import { folder } from "../files.ts"

const apiKey = Redacted.make("sk-test-0123456789abcdef")

/** The client and the batches of a host, which have the same services. */
export const layerOf = (baseUrl: string, model = "kimi-k2.6") => {
  const config = KimiConfig.layer({ apiKey, baseUrl, model })
  return Layer.merge(
    KimiNode.layer({ apiKey, baseUrl, model }),
    HostBatch.layer({ retry: { baseDelay: "1 millis" } }).pipe(
      Layer.provide(HostApi.layerHttp),
      Layer.provide(UndiciHttpClient.layer),
      Layer.provide(config)
    )
  )
}

export const lineOf = (id: string, content = `Say ${id}`, model?: string): string =>
  JSON.stringify({
    id,
    request: {
      ...(model === undefined ? {} : { model }),
      max_completion_tokens: 100,
      messages: [{ role: "user", content }]
    }
  })

export interface Job {
  readonly server: MockServer.MockServer["Service"]
  readonly files: { readonly input: string; readonly output: string; readonly interval: "1 millis" }
}

export const withJob = <A, E>(
  lines: ReadonlyArray<string>,
  test: (job: Job) => Effect.Effect<A, E, HostBatch.HostBatch | KimiClient>,
  name = "in.jsonl"
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const path = yield* folder
      const input = join(path, name)
      writeFileSync(input, lines.join("\n"))
      const files = { input, output: join(path, "out.jsonl"), interval: "1 millis" as const }
      return yield* test({ server, files }).pipe(Effect.provide(layerOf(server.url)))
    })
  )

/** Each line of an output, such as `1 a: the answer` or `2 b: ServerError`, in the order of the input. */
export const outcomesIn = (output: string): ReadonlyArray<string> =>
  readFileSync(output, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((text) => JSON.parse(text))
    .toSorted((a, b) => a.line - b.line)
    .map((row) => `${row.line} ${row.id}: ${row.error_tag ?? row.response.choices[0].message.content}`)

/** The ids of the rows in each file that was uploaded. */
export const uploads = (server: Job["server"]) =>
  Effect.map(server.requests, (requests) =>
    requests
      .filter(({ method, path }) => method === "POST" && path === "/v1/files")
      .map(({ form = [] }) =>
        new TextDecoder()
          .decode(form.find(({ name }) => name === "file")?.bytes)
          .trim()
          .split("\n")
          .map((text) => JSON.parse(text).custom_id)
      )
  )
