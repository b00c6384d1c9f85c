/** Calls through the stage of a `PrefixCache`, at a host whose usage a test sets. */
import { Context, Effect, Layer, Metric, Result, Stream } from "effect"
import { StreamTruncatedError } from "../../../src/errors/StreamErrors.ts"
import { ChatResponse } from "../../../src/models/ChatResponse.ts"
import type { ModelRequest } from "../../../src/models/ChatRequest.ts"
import * as Messages from "../../../src/models/Message.ts"
import * as StreamFold from "../../../src/models/StreamFold.ts"
import { fromTokens, type Usage } from "../../../src/models/Usage.ts"
import * as PrefixCache from "../../../src/observability/PrefixCache.ts"
import type { Call } from "../../../src/pipeline/Call.ts"
import * as Pipeline from "../../../src/pipeline/Pipeline.ts"
import * as Stage from "../../../src/pipeline/Stage.ts"

export const tool = (name: string) => ({ type: "function", function: { name } }) as const

/** A request of one conversation, with a cache key unless a test removes it. */
export const requestOf = (members: Partial<ModelRequest> = {}): ModelRequest => ({
  model: "kimi-k3",
  messages: [Messages.system("Be brief."), Messages.user("Hi")],
  tools: [tool("a"), tool("b")],
  prompt_cache_key: "session",
  ...members
})

/** The request of the next turn. */
export const nextOf = (request: ModelRequest): ModelRequest => ({
  ...request,
  messages: [...request.messages, Messages.assistant("Hello"), Messages.user("And now?")]
})

export const usageOf = (prompt: number, cached: number): Usage => ({ ...fromTokens(prompt, 10), cached_tokens: cached })

interface Connection {
  readonly chat: (request: ModelRequest, usage?: Usage, host?: Partial<Call>) => Effect.Effect<void, unknown>
  /** A chat whose answer waits for an effect. */
  readonly chatDuring: <E>(
    request: ModelRequest,
    usage: Usage,
    during: Effect.Effect<void, E>
  ) => Effect.Effect<void, unknown>
  readonly stream: (request: ModelRequest, usage?: Usage) => Effect.Effect<void, unknown>
  /** A stream that fails after its usage. */
  readonly brokenStream: (request: ModelRequest, usage: Usage) => Effect.Effect<void, unknown>
  /** The breaks so far. */
  readonly breaks: Effect.Effect<ReadonlyArray<PrefixCache.CacheBreak>>
  readonly statistics: Effect.Effect<PrefixCache.Statistics>
  /** The metrics of the prefix cache: name, reason and value. */
  readonly metrics: () => ReadonlyArray<string>
}

export const connect = (options: PrefixCache.Options = {}) =>
  Effect.gen(function* () {
    const registry: Metric.MetricRegistry = new Map()
    const context = yield* Layer.build(PrefixCache.layer(options)).pipe(
      Effect.provideService(Metric.MetricRegistry, registry)
    )
    const cache = Context.get(context, PrefixCache.PrefixCache)
    const edits = yield* Effect.provide(Pipeline.currentEdits, context)
    const stages = Result.getOrThrow(Pipeline.applyEdits([Stage.off("accounting")], edits))
    const found: Array<PrefixCache.CacheBreak> = []
    yield* Effect.forkScoped(Stream.runForEach(cache.events, (one) => Effect.sync(() => void found.push(one))))
    yield* Effect.yieldNow
    const responseOf = (usage: Usage | undefined) =>
      new ChatResponse({
        id: "1",
        model: "kimi-k3",
        created: 1,
        choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
        ...(usage === undefined ? {} : { usage })
      })
    const callOf = (request: ModelRequest, host: Partial<Call> = {}): Call => ({
      account: "moonshot",
      provider: "moonshot",
      request,
      ...host
    })
    const connection: Connection = {
      chat: (request, usage, host) =>
        Effect.asVoid(Pipeline.effect(stages, () => Effect.succeed(responseOf(usage)))(callOf(request, host))),
      chatDuring: (request, usage, during) =>
        Effect.asVoid(
          Pipeline.effect(stages, () => Effect.as(Effect.orDie(during), responseOf(usage)))(callOf(request))
        ),
      stream: (request, usage) =>
        Stream.runDrain(
          Pipeline.stream(stages, () => Stream.fromIterable(StreamFold.toEvents(responseOf(usage))))(callOf(request))
        ),
      brokenStream: (request, usage) => {
        const events = StreamFold.toEvents(responseOf(usage)).filter(({ _tag }) => _tag !== "Finish")
        const broken = Stream.concat(
          Stream.fromIterable(events),
          Stream.fail(new StreamTruncatedError({ message: "cut off" }))
        )
        return Stream.runDrain(Pipeline.stream(stages, () => broken)(callOf(request)))
      },
      breaks: Effect.as(Effect.yieldNow, found),
      statistics: cache.statistics,
      metrics: () =>
        Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry)).flatMap((metric) =>
          metric.id.startsWith("kimi.client.prefix_cache") && metric.type === "Counter"
            ? [`${metric.id} ${metric.attributes?.["kimi.prefix_cache.reason"]} ${metric.state.count}`]
            : []
        )
    }
    return connection
  })
