/**
 * A client whose calls are observed, with their spans, metrics and records.
 */
import type { CallRecord } from "@kimi-effect/core/CallRecord"
import * as Observer from "@kimi-effect/core/Observer"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { MockServer } from "@kimi-effect/testing/node"
import type { Options as ClientOptions } from "@kimi-effect/core/KimiConfig"
import { Context, Effect, Exit, Layer, Metric, Redacted, Tracer } from "effect"
import type { Scope } from "effect"
import * as KimiClient from "../../../src/KimiClient.ts"
import * as MetricsRoute from "../../../src/MetricsRoute.ts"
import * as KimiNode from "../../../src/node/KimiNode.ts"
import { type Client, key, type Server } from "./kimi.ts"

/** A span as a tree of plain data. */
export interface SpanTree {
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: ReadonlyArray<readonly [name: string, attributes: Readonly<Record<string, unknown>>]>
  readonly ended: "no" | "success" | "failure"
  readonly children: ReadonlyArray<SpanTree>
}

const treeOf = (span: Tracer.NativeSpan, all: ReadonlyArray<Tracer.NativeSpan>): SpanTree => ({
  name: span.name,
  attributes: Object.fromEntries(span.attributes),
  // On a busy machine any call may wait briefly; tests of waits use a test clock.
  events: span.events
    .filter(([name]) => name !== "kimi.admission.wait")
    .map(([name, , attributes]) => [name, attributes ?? {}]),
  ended: span.status._tag === "Ended" ? (Exit.isSuccess(span.status.exit) ? "success" : "failure") : "no",
  children: all
    .filter(({ parent }) => parent._tag === "Some" && parent.value.spanId === span.spanId)
    .map((child) => treeOf(child, all))
})

/** The name, outcome and children of a span. */
export const outline = (tree: SpanTree | undefined): unknown =>
  tree && {
    name: tree.name,
    outcome: tree.attributes["kimi.outcome"],
    ended: tree.ended,
    ...(tree.children.length === 0 ? {} : { children: tree.children.map(outline) })
  }

export const eventNames = (tree: SpanTree | undefined) => tree?.events.map(([name]) => name)

export const attempt = (outcome: string, ended = "success") => ({ name: "kimi.attempt", outcome, ended })

export interface Observed {
  readonly client: Client
  readonly server: Server
  /** Calls that have ended, oldest first. */
  readonly records: ReadonlyArray<CallRecord>
  /** Spans without a parent, oldest first. */
  readonly trees: () => ReadonlyArray<SpanTree>
  /** Every span, as it is. */
  readonly spans: ReadonlyArray<Tracer.NativeSpan>
  /** Makes calls whose spans are kept. */
  readonly traced: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The metrics in the Prometheus text format. */
  readonly text: Effect.Effect<string>
  readonly observer: Observer.Observer["Service"]
  readonly registry: Metric.MetricRegistry
}

export interface Setting {
  readonly client?: ClientOptions
  readonly observer?: Observer.Options
  /** Stages in place of those of the client. By default no circuits and no limits. */
  readonly stages?: Layer.Layer<never, unknown>
}

/** Runs a test with a separate server and observed client. */
export const withObserved = <A, E>(
  test: (observed: Observed) => Effect.Effect<A, E, Scope.Scope>,
  { client: options, observer: observerOptions, stages }: Setting = {}
): Effect.Effect<A, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const records: Array<CallRecord> = []
      const registry: Metric.MetricRegistry = new Map()
      const off: Layer.Layer<never, unknown> = Layer.merge(CircuitBreaker.layerOff, Admission.layerOff)
      const context = yield* Layer.build(
        KimiNode.layer({
          apiKey: Redacted.make(key),
          baseUrl: server.url,
          retryBaseDelay: "1 millis",
          ...options
        }).pipe(
          Layer.provideMerge(
            Observer.layer({
              ...observerOptions,
              onCall: [(record) => Effect.sync(() => void records.push(record)), ...(observerOptions?.onCall ?? [])]
            })
          ),
          Layer.provide(stages ?? off),
          Layer.provide(Layer.succeed(Metric.MetricRegistry, registry))
        )
      )
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (given) => {
          const span = new Tracer.NativeSpan(given)
          spans.push(span)
          return span
        }
      })
      return yield* test({
        client: Context.get(context, KimiClient.KimiClient),
        server,
        records,
        spans,
        trees: () => spans.filter(({ parent }) => parent._tag === "None").map((span) => treeOf(span, spans)),
        traced: Effect.withTracer(tracer),
        text: Effect.provide(MetricsRoute.format, context),
        observer: Context.get(context, Observer.Observer),
        registry
      })
    })
  )
