/** Rows: one call after another with the basic client, or as a batch. Replies with how many succeeded, and when. */
import { KimiClient } from "@kimi-effect/client"
import { Batch } from "@kimi-effect/client/batch"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { messagesOf } from "../retry/Contestant.ts"
import { model } from "../transport/Contestant.ts"
import { layerOf } from "./clients.ts"
import { type BatchResult, inFlight, warmUp } from "./workload.ts"

const requestsOf = (rows: number, first = 0) =>
  Array.from({ length: rows }, (_, row) => ({ model, messages: messagesOf(first + row) }))

const oneAfterAnother = (rows: number) =>
  Effect.gen(function* () {
    const kimi = yield* KimiClient.KimiClient
    const outcomes = yield* Effect.forEach(requestsOf(rows), (request) => Effect.isSuccess(kimi.chat(request)))
    return outcomes.filter(Boolean).length
  })

const asBatch = (requests: ReturnType<typeof requestsOf>) =>
  Batch.stream(requests, { concurrency: inFlight }).pipe(
    Stream.filter(({ _tag }) => _tag === "Answered"),
    Stream.runCount
  )

const measure = (client: "v1" | "v2", rows: number) =>
  Effect.gen(function* () {
    // Connects and compiles, which both do, and takes longer than a short batch.
    yield* asBatch(requestsOf(warmUp, rows))
    const startedAt = performance.now()
    const succeeded = yield* client === "v1" ? oneAfterAnother(rows) : asBatch(requestsOf(rows))
    const result: BatchResult = { succeeded, seconds: (performance.now() - startedAt) / 1_000 }
    return result
  })

const [name, baseUrl = "", rows = ""] = process.argv.slice(2)

if (process.send !== undefined) {
  const client = name === "v1" ? "v1" : "v2"
  process.send(await Effect.runPromise(Effect.provide(measure(client, Number(rows)), layerOf(client, baseUrl))))
}
