/**
 * A cache in a map that keeps every law of the contract, or every law but one: `broken`
 * names the one.
 */
import { CacheControl } from "@kimi-effect/core/CacheControl"
import { CacheMissError } from "@kimi-effect/core/CacheErrors"
import type { Attempt, Call, StreamAttempt } from "@kimi-effect/core/Call"
import { CallOptions } from "@kimi-effect/core/CallOptions"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import type { ResponseCache } from "@kimi-effect/core/ResponseCache"
import * as Stage from "@kimi-effect/core/Stage"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import { Clock, Context, Duration, Effect, Exit, Fiber, Option, type Scope, Stream } from "effect"
import type { Settings } from "../../../src/contract/ResponseCacheContract.ts"

type Service = ResponseCache["Service"]

interface Entry {
  readonly response: ChatResponse
  readonly model: string
  readonly tags: ReadonlyArray<string>
  readonly expiresAt: number
}

interface Flight {
  readonly fiber: Fiber.Fiber<ChatResponse, ChatError>
  calls: number
  isForgotten: boolean
}

const shortened = (call: Call): Call => ({
  ...call,
  request: { ...call.request, messages: call.request.messages.slice(0, 1) }
})

const mark = { level: "memory", age: 0, isStale: false } as const

export const make = (settings: Settings, broken?: string): Effect.Effect<Service, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const scope = yield* Effect.scope
    const entries = new Map<string, Entry>()
    const flights = new Map<string, Flight>()
    const breaks = (law: string) => law === broken
    const differs = (what: string, value: unknown) => (breaks(`makes a call that differs in its ${what}`) ? "" : value)

    const keyOf = ({ provider, request }: Call, context: Context.Context<never>): string => {
      const { model, messages, ...rest } = request
      const { tenant } = Context.get(context, CallOptions)
      const isConstant =
        breaks("makes a call that differs in its messages") && model === "kimi-k3" && messages.length === 1
      return JSON.stringify([
        differs("host", provider),
        differs("model", model),
        isConstant ? "" : messages,
        differs("sampling", rest),
        breaks("makes the equal call of another tenant") ? "" : tenant
      ])
    }

    const find = (key: string): Entry | undefined => {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      const isFresh = entry.expiresAt > clock.currentTimeMillisUnsafe()
      if (isFresh) return entry
      const isShort = entry.expiresAt < 1_000
      return breaks("does not answer from a response that has expired") && isShort ? entry : undefined
    }

    const store = (key: string, call: Call, response: ChatResponse, context: Context.Context<never>): void => {
      const { mode, tags, timeToLive = settings.timeToLive } = Context.get(context, CacheControl)
      const isComplete = response.choices.every(({ finish_reason }) => finish_reason === "stop")
      if (mode === "bypass" && !breaks("caches nothing of a bypassing call")) return
      if (mode === "refresh" && breaks("caches the response of a refreshing call")) return
      if (!isComplete && !breaks("does not cache truncated responses")) return
      const early = breaks("answers from a response until it expires") && Duration.toMillis(timeToLive) > 1_000 ? 2 : 0
      const expiresAt = clock.currentTimeMillisUnsafe() + Duration.toMillis(timeToLive) - early
      entries.set(key, { response, model: call.request.model, tags, expiresAt })
    }

    const marked = (response: ChatResponse): ChatResponse =>
      breaks("marks a response from the cache") ? response : new ChatResponse({ ...response, cached: mark })

    const join = (key: string, flight: Flight) =>
      Effect.onExit(Fiber.join(flight.fiber), () => {
        flight.calls -= 1
        const isLeft = breaks("continues a request while one of its calls is left") ? false : flight.calls > 0
        if (isLeft) return Effect.void
        if (!breaks("reports no flight when no call is left") && flights.get(key) === flight) flights.delete(key)
        return breaks("interrupts a request when its last call is interrupted")
          ? Effect.void
          : Fiber.interrupt(flight.fiber)
      })

    const request = (key: string, call: Call, inner: Attempt, context: Context.Context<never>) =>
      Effect.gen(function* () {
        const running = flights.get(key)
        const isShared =
          running?.fiber.pollUnsafe() === undefined && !breaks("makes one request for concurrent equal calls")
        if (running !== undefined && isShared) {
          running.calls += 1
          return marked(yield* join(key, running))
        }
        const fiber = yield* Effect.forkIn(inner(call), scope, { startImmediately: true })
        const flight: Flight = { fiber, calls: 1, isForgotten: false }
        flights.set(key, flight)
        const exit = yield* Effect.exit(join(key, flight))
        if (Exit.isSuccess(exit)) {
          if (!flight.isForgotten) store(key, call, exit.value, context)
        } else if (breaks("does not cache failures")) {
          const choice = {
            index: 0,
            message: { role: "assistant" as const, content: "failed" },
            finish_reason: "stop" as const
          }
          store(key, call, new ChatResponse({ id: "1", model: "kimi-k3", created: 0, choices: [choice] }), context)
        }
        return yield* exit
      })

    const chat: Stage.Stage["effect"] = (inner) => (call) =>
      Effect.withFiber(({ context }) => {
        const key = keyOf(call, context)
        const { mode } = Context.get(context, CacheControl)
        const isAnswered = mode === "use" || mode === "onlyIfCached"
        const entry = isAnswered ? find(key) : undefined
        const isAsked = breaks("answers an equal call without the host")
        if (entry !== undefined) {
          return Effect.as(isAsked ? Effect.exit(inner(call)) : Effect.void, marked(entry.response))
        }
        if (mode === "onlyIfCached" && !breaks("fails a call that is only to be answered from the cache")) {
          return Effect.fail(new CacheMissError({ message: "miss", key, provider: call.provider }))
        }
        return request(key, call, inner, context)
      })

    const replay = (response: ChatResponse): ReadonlyArray<StreamEvent> =>
      StreamFold.toEvents(response)
        .filter(({ _tag }) => !breaks("replays a stream with the same content") || _tag !== "TextDelta")
        .map((event) =>
          event._tag === "Start" && !breaks("marks the start of a replayed stream") ? { ...event, cached: mark } : event
        )

    const stream: Stage.Stage["stream"] = (inner: StreamAttempt) => (call) =>
      Stream.unwrap(
        Effect.withFiber(({ context }) => {
          const key = keyOf(call, context)
          const cacheKey = breaks("answers a plain call from the response of a stream") ? `stream ${key}` : key
          const entry = find(cacheKey)
          if (entry !== undefined) return Effect.succeed(Stream.fromIterable(replay(entry.response)))
          const seen: Array<StreamEvent> = []
          const end = (exit: Exit.Exit<unknown, StreamError>) =>
            Effect.sync(() => {
              const response = Option.getOrUndefined(StreamFold.fold(seen))
              if (Exit.isSuccess(exit) && response !== undefined) return store(cacheKey, call, response, context)
              if (!breaks("does not cache a stream that broke")) return
              const closed = StreamFold.fold([
                ...seen,
                { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
              ])
              if (Option.isSome(closed)) store(cacheKey, call, closed.value, context)
            })
          const loses = breaks("passes on the events of a stream unchanged")
          const events = inner(call).pipe(
            Stream.tap((event) => Effect.sync(() => void seen.push(event))),
            Stream.onExit(end)
          )
          return Effect.succeed(
            loses ? Stream.map(events, (event) => (event._tag === "Start" ? { ...event, created: 2 } : event)) : events
          )
        })
      )

    const removeWhere = (isRemoved: (entry: Entry, key: string) => boolean) =>
      Effect.sync(() => {
        for (const [key, entry] of entries) if (isRemoved(entry, key)) entries.delete(key)
      })

    return {
      stage: () => Stage.make("cache", { effect: chat, stream }),
      keyOf: (call) =>
        Effect.withFiber(({ context }) =>
          Effect.succeed(keyOf(breaks("gives only equal calls the same key") ? shortened(call) : call, context))
        ),
      remove: (key) =>
        Effect.suspend(() => {
          const flight = flights.get(key)
          const isKept = breaks("does not cache the response of a call during which its entry was removed")
          if (flight !== undefined && !isKept) flight.isForgotten = true
          const removesAll = breaks("removes only the response of a key")
          return removeWhere((_, other) => removesAll || other === key)
        }),
      removeTag: (tag) =>
        removeWhere(({ tags }) => breaks("removes only the responses with a tag") || tags.includes(tag)),
      removeModel: (model) =>
        removeWhere((entry) => breaks("removes only the responses of a model") || entry.model === model),
      clear: removeWhere(({ model }) => !breaks("clears all responses") || model === "kimi-k3"),
      statistics: Effect.sync(() => ({
        memory: {
          hits: 0,
          staleHits: 0,
          misses: 0,
          hitRate: 0,
          evictions: 0,
          expirations: 0,
          rejections: 0,
          entries: entries.size,
          bytes: 0
        },
        refreshes: { started: 0, failed: 0, running: 0 },
        flights: flights.size
      })),
      options: {}
    }
  })
