/** Runs a batch job against a host until it ends, or is killed. */
import { flushCompileCache } from "node:module"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as BatchJob from "../../../../src/node/BatchJob.ts"
import * as KimiNode from "../../../../src/node/KimiNode.ts"

interface Settings {
  readonly baseUrl: string
  readonly options: BatchJob.Options
}

// A process that is killed does not write it at its end.
flushCompileCache()

const { baseUrl, options } = JSON.parse(process.argv[2] ?? "{}") as Settings

const client = KimiNode.layer({ apiKey: Redacted.make("sk-test-0123456789abcdef"), baseUrl })

const result = await Effect.runPromise(BatchJob.run(options).pipe(Effect.provide(client)))
process.send?.(result)
process.disconnect?.()
