import { assert, describe, it } from "@effect/vitest"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import { Context, Effect, Metric } from "effect"
import { valuesOf } from "./support/exposition.ts"
import { hello } from "./support/kimi.ts"
import { withObserved } from "./support/observed.ts"

describe("the labels of metrics", () => {
  it.live("stay bounded over 10,000 calls of random labels", () =>
    withObserved(({ observer, registry }) =>
      Effect.sync(() => {
        const id = (i: number) => `id-${(i * 7919) % 10_007}`
        for (let i = 0; i < 10_000; i += 1) {
          const asked = { account: id(i), provider: "custom", model: id(i + 1), operation: "chat" } as const
          observer.metrics.recordAttempt(asked, { outcome: "ok", streamEnd: "complete", outputRate: 10 })
          observer.metrics.recordFirstContent(asked, 10)
          observer.metrics.contentIntervalRecorder(asked)(10)
          observer.metrics.recordAdmissionWait(asked, 1, "admitted")
          observer.metrics.recordTransition(id(i), "open")
          observer.metrics.recordRetry({ ...asked, request: { ...hello, model: asked.model } }, "ServerError")
          observer.metrics.recordCall(
            {
              ...asked,
              startedAt: 0,
              duration: 1,
              requestModel: asked.model,
              responseModel: id(i + 2),
              outcome: "ok",
              isEstimate: false,
              attempts: 1,
              retries: 0,
              admissionWait: 0,
              tags: { tenant: id(i), job: id(i), agent: id(i) },
              priority: "interactive"
            },
            true
          )
        }
        const series = new Map<string, number>()
        for (const metric of Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))) {
          series.set(metric.id, (series.get(metric.id) ?? 0) + 1)
        }
        for (const [name, count] of series) assert.isAtMost(count, 101, name)
        assert.isAtLeast(series.get("kimi.client.requests") ?? 0, 100)
      })
    )
  )

  it.live("of money stay bounded too, with one set for the rest of each model", () =>
    withObserved(
      ({ client, records, text }) =>
        Effect.gen(function* () {
          for (let i = 0; i < 40; i += 1) {
            yield* client
              .chat({ messages: [{ role: "user", content: `${i}` }] })
              .pipe(CallOptions.provide({ tenant: `tenant-${i}`, job: `job-${i}`, agent: `agent-${i}` }))
          }
          assert.strictEqual(records.length, 40)
          const costs = valuesOf(yield* text, "kimi_client_cost_total", "kimi_tenant", "kimi_job", "kimi_agent")
          assert.strictEqual(Object.keys(costs).length, 11)
          assert.isAbove(costs["other other other"] ?? 0, costs["tenant-0 job-0 agent-0"] ?? 0)
        }),
      { observer: { maxLabelValues: 10 } }
    )
  )
})
