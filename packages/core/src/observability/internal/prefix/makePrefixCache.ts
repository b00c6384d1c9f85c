/** Makes what `PrefixCache.layer` provides. It is loaded by the first one. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import type { ConfigurationError } from "../../../errors/ConfigurationErrors.ts"
import { EventHub } from "../../../internal/EventHub.ts"
import * as OptionRules from "../../../internal/OptionRules.ts"
import * as PriceTable from "../../../money/PriceTable.ts"
import * as Pipeline from "../../../pipeline/Pipeline.ts"
import type { CacheBreak, Options } from "../../PrefixCache.ts"
import * as Instruments from "../metrics/Instruments.ts"
import { PrefixCache } from "./PrefixCacheService.ts"
import { PrefixObserver } from "./PrefixObserver.ts"
import * as PrefixStage from "./PrefixStage.ts"

export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Context.Context<PrefixCache>, ConfigurationError, Scope.Scope> {
  const { maxConversations = 1_000, timeToLive = "5 minutes" } = options
  yield* OptionRules.check("PrefixCache", [
    OptionRules.millisecondDuration("timeToLive", timeToLive),
    OptionRules.positiveInteger("maxConversations", maxConversations)
  ])
  const hub = new EventHub<CacheBreak>()
  yield* Effect.addFinalizer(() => Effect.sync(() => hub.end()))
  const observer = new PrefixObserver({
    hub,
    instruments: new Instruments.Instruments(yield* Metric.MetricRegistry, Instruments.defaults),
    prices: PriceTable.currentOrElse(yield* PriceTable.PriceTable),
    timeToLive: Duration.toMillis(Duration.fromInputUnsafe(timeToLive)),
    maxConversations
  })
  const edits = Pipeline.layer(Pipeline.insertAfter("accounting", PrefixStage.stage(observer)))
  return Context.add(yield* Layer.build(edits), PrefixCache, {
    events: hub.events,
    statistics: Effect.sync(() => observer.statistics)
  })
})
