/** Runs a job at a host until it ends, or is killed. Its budget is in a file. */
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Budget from "../../../../src/node/Budget.ts"
import * as HostBatchJob from "../../../../src/node/HostBatchJob.ts"
import { layerOf } from "./job.ts"

interface Settings {
  readonly baseUrl: string
  readonly budget: string
  readonly options: HostBatchJob.Options
}

const { baseUrl, budget, options } = JSON.parse(process.argv[2] ?? "{}") as Settings

const money = Layer.merge(
  Budget.layerSqlite({ path: budget, caps: [{ amount: "10", currency: "USD" }] }),
  Accounting.layer
)

const report = Effect.gen(function* () {
  const result = yield* HostBatchJob.run(options)
  const { entries } = yield* Accounting.Accounting
  const recorded = (yield* entries).reduce((sum, { attempts }) => sum + attempts, 0)
  return { result, recorded }
})

const done = await Effect.runPromise(report.pipe(Effect.provide(Layer.provideMerge(layerOf(baseUrl), money))))
process.send?.(done)
process.disconnect?.()
