/**
 * Compares each answered request with the earlier one of its conversation, and
 * reports where the host's prefix cache was not used.
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { EventHub } from "../../../internal/EventHub.ts"
import { CallOptions } from "../../../CallOptions.ts"
import * as Day from "../../../internal/Day.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import { fromTokens, type Usage } from "../../../models/Usage.ts"
import * as Cost from "../../../money/Cost.ts"
import { isForAnHour } from "../../../money/internal/CacheWrites.ts"
import type * as PriceTable from "../../../money/PriceTable.ts"
import type { Call } from "../../../pipeline/Call.ts"
import type { CacheBreak, Statistics } from "../../PrefixCache.ts"
import { attributes as a, logAttributes as l, logs, metrics } from "../../Telemetry.ts"
import type { Instruments } from "../metrics/Instruments.ts"
import { providerName } from "../metrics/CallMetrics.ts"
import * as Fingerprint from "./Fingerprint.ts"
import { type AnsweredRequest, PrefixHistory } from "./PrefixHistory.ts"
import * as Shortfall from "./Shortfall.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly hub: EventHub<CacheBreak>
  readonly instruments: Instruments
  readonly prices: Effect.Effect<PriceTable.Prices>
  /** Milliseconds. */
  readonly timeToLive: number
  readonly maxConversations: number
}

/** A request that is in progress, and the earlier one with which it will be compared. */
interface Comparison {
  readonly call: Call
  readonly tenant: string
  readonly key: string
  readonly fingerprint: Fingerprint.Fingerprint
  readonly previous: AnsweredRequest | undefined
  /** Monotonic milliseconds. */
  readonly startedAt: number
}

/** Hosts and models that have reported cached tokens. More are not distinguished. */
const maxReporters = 1_000

const hour = 3_600_000

/**
 * The conversation of a request: by its cache key, or else by the message that it
 * began with and the model, because a question to several models is no conversation.
 */
const conversationKey = ({ account, request }: Call, tenant: string, opening: number | undefined): string =>
  request.prompt_cache_key === undefined
    ? JSON.stringify([account, tenant, request.model, opening])
    : JSON.stringify([account, tenant, request.prompt_cache_key])

/**
 * Observes the attempts of clients.
 *
 * @category models
 * @since 0.1.0
 */
export class PrefixObserver {
  readonly #options: Options
  readonly #history: PrefixHistory
  readonly #reporters = new Set<string>()
  readonly #dateOf = Day.memoizedDateOf()
  #statistics: Statistics = { compared: 0, breaks: 0, lostTokens: 0 }

  constructor(options: Options) {
    this.#options = options
    this.#history = new PrefixHistory(options.maxConversations)
  }

  get statistics(): Statistics {
    return this.#statistics
  }

  /** Looks up the earlier request when an attempt begins: one that is answered later cannot have been cached. */
  begin(call: Call, context: Context.Context<never>): Comparison {
    const { tenant } = Context.get(context, CallOptions)
    const fingerprint = Fingerprint.of(call.request)
    const key = conversationKey(call, tenant, fingerprint.opening)
    return {
      call,
      tenant,
      key,
      fingerprint,
      previous: this.#history.find(key, fingerprint),
      startedAt: MonotonicClock.millisUnsafe(Context.get(context, Clock.Clock))
    }
  }

  /** Compares and remembers a request that was answered. Without usage it cannot be compared. */
  end(comparison: Comparison, usage: Usage | undefined): Effect.Effect<void> {
    return usage === undefined || usage.prompt_tokens === 0
      ? Effect.void
      : Effect.flatMap(this.#options.prices, (prices) =>
          Effect.flatMap(Clock.Clock, (clock) => {
            const found = this.#compare(comparison, usage, prices, clock)
            this.#remember(comparison, usage, MonotonicClock.millisUnsafe(clock))
            return found === undefined ? Effect.void : this.#report(found)
          })
        )
  }

  #remember({ call, fingerprint, key }: Comparison, { cached_tokens, prompt_tokens }: Usage, at: number): void {
    const timeToLive = isForAnHour(call.request) ? hour : this.#options.timeToLive
    this.#history.add(key, { fingerprint, promptTokens: prompt_tokens, at, timeToLive })
    if (cached_tokens > 0 && this.#reporters.size < maxReporters) {
      this.#reporters.add(JSON.stringify([call.provider, call.request.model]))
    }
  }

  #compare(
    { call, fingerprint, previous, startedAt, tenant }: Comparison,
    usage: Usage,
    prices: PriceTable.Prices,
    clock: Clock.Clock
  ): CacheBreak | undefined {
    if (previous === undefined) return undefined
    const { account, provider, request } = call
    const day = this.#dateOf(Day.numberOf(clock.currentTimeMillisUnsafe()))
    if (!this.#hasCache(call, prices, day)) return undefined
    const shortfall = Shortfall.of(fingerprint, usage, previous, startedAt)
    const { breaks, compared, lostTokens } = this.#statistics
    const lost = shortfall?.lostTokens ?? 0
    this.#statistics = {
      compared: compared + 1,
      breaks: shortfall === undefined ? breaks : breaks + 1,
      lostTokens: lostTokens + lost
    }
    if (shortfall === undefined) return undefined
    return {
      ...shortfall,
      account,
      provider,
      model: request.model,
      tenant,
      promptTokens: usage.prompt_tokens,
      cachedTokens: usage.cached_tokens,
      cost: this.#costOf(lost, call, prices, day),
      elapsed: Duration.millis(startedAt - previous.at)
    }
  }

  /** Whether the host is known to cache: it has a price for it, or has reported it. */
  #hasCache({ provider, request }: Call, prices: PriceTable.Prices, day: string): boolean {
    return (
      this.#reporters.has(JSON.stringify([provider, request.model])) ||
      prices.model(request.model, provider, day)?.cacheHit !== undefined
    )
  }

  #costOf(tokens: number, { provider, request }: Call, prices: PriceTable.Prices, day: string): CacheBreak["cost"] {
    const cost = Cost.of(
      { ...fromTokens(tokens, 0), cached_tokens: tokens },
      { model: request.model, provider, day },
      prices
    )
    return cost._tag === "None" ? undefined : { currency: cost.value.currency, amount: cost.value.saved }
  }

  #report(found: CacheBreak): Effect.Effect<void> {
    const { cost, lostTokens, model, provider, reason } = found
    const host = [providerName(provider), provider, model] as const
    const { instruments } = this.#options
    instruments.update(metrics.prefixCacheBreaks, 1, [...host, reason])
    instruments.update(metrics.prefixCacheLostTokens, lostTokens, [...host, reason])
    if (cost !== undefined) {
      const amount = BigDecimal.toNumberUnsafe(cost.amount)
      instruments.update(metrics.prefixCacheCost, amount, [cost.currency, ...host, reason])
    }
    return Effect.map(this.#log(found), () => this.#options.hub.publish(found))
  }

  #log(found: CacheBreak): Effect.Effect<void> {
    const { cachedTokens, cost, lostTokens, message, model, promptTokens, provider, reason, tenant } = found
    const isOwnChange = reason !== "expired" && reason !== "unexplained"
    const text = `The host read ${lostTokens} tokens less from its prefix cache than it could: ${reason}`
    return Effect.annotateLogs(isOwnChange ? Effect.logInfo(text) : Effect.logDebug(text), {
      [l.eventName.name]: logs.prefixCacheBreak.name,
      [a.providerName.name]: providerName(provider),
      [a.host.name]: provider,
      [a.account.name]: found.account,
      [a.requestModel.name]: model,
      ...(tenant === "" ? {} : { [a.tenant.name]: tenant }),
      [a.prefixCacheReason.name]: reason,
      ...(message === undefined ? {} : { [l.prefixCacheMessage.name]: message }),
      [a.usageInputTokens.name]: promptTokens,
      [a.usageCacheReadTokens.name]: cachedTokens,
      [l.prefixCacheLostTokens.name]: lostTokens,
      ...(cost === undefined
        ? {}
        : { [a.cost.name]: BigDecimal.toNumberUnsafe(cost.amount), [a.currency.name]: cost.currency })
    })
  }
}
