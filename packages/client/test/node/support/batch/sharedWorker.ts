/** Works on a shared batch job until it is complete, or the process is killed. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as KimiNode from "../../../../src/node/KimiNode.ts"
import * as SharedBatchJob from "../../../../src/node/SharedBatchJob.ts"
import * as Journal from "../../../../src/postgres/Journal.ts"

interface Settings {
  readonly baseUrl: string
  readonly url: string
  readonly schema: string
  readonly options: SharedBatchJob.Options
}

const { baseUrl, options, schema, url } = JSON.parse(process.argv[2] ?? "{}") as Settings

const layer = Layer.merge(
  KimiNode.layer({ apiKey: Redacted.make("sk-test-0123456789abcdef"), baseUrl }),
  // A worker may be frozen while it connects.
  Journal.layerPostgres({ url: Redacted.make(url), schema, connectTimeout: "1 minute", timeout: "1 minute" })
)

const result = await Effect.runPromise(
  SharedBatchJob.run({
    ...options,
    progressInterval: "10 millis",
    onProgress: (progress) => Effect.sync(() => process.send?.({ done: progress.done }))
  }).pipe(Effect.provide(layer))
)
process.send?.({ result })
process.disconnect?.()
