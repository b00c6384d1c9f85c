/** The panels of costs, budgets, and what caches save or lose. */
import { timeSeries } from "./panels.ts"
import type { Row } from "./Row.ts"
import { legend, max, min, perHour, rate } from "./series.ts"

export const money: Row = {
  title: "Money",
  panels: [
    timeSeries({
      title: "Cost per hour by model",
      description: "At the current rate",
      unit: "none",
      isStacked: true,
      queries: [[perHour("cost", "currency", "requestModel"), legend("requestModel", "currency")]]
    }),
    timeSeries({
      title: "Cost per hour by tenant, job and agent",
      description: "At the current rate",
      unit: "none",
      isStacked: true,
      queries: [[perHour("cost", "currency", "tenant", "job", "agent"), legend("tenant", "job", "agent", "currency")]]
    }),
    timeSeries({
      title: "Savings per hour",
      description: "Cost avoided by the host's prefix cache and by the response cache",
      unit: "none",
      isStacked: true,
      queries: [[perHour("savings", "currency", "savingsSource"), legend("savingsSource", "currency")]]
    }),
    timeSeries({
      title: "Prefix cache: lost tokens per hour",
      description:
        "Tokens that the host could have read from its prefix cache, by what changed; only with `PrefixCache`",
      unit: "none",
      isStacked: true,
      queries: [[perHour("prefixCacheLostTokens", "prefixCacheReason"), legend("prefixCacheReason")]]
    }),
    timeSeries({
      title: "Prefix cache: breaks, and their cost per hour",
      description: "Attempts whose prompt could have been read further, and what that cost; only with `PrefixCache`",
      unit: "none",
      queries: [
        [perHour("prefixCacheBreaks", "prefixCacheReason"), `breaks ${legend("prefixCacheReason")}`],
        [perHour("prefixCacheCost", "currency"), `cost ${legend("currency")}`]
      ]
    }),
    timeSeries({
      title: "Attempts with an unknown price",
      description: "Not included in the cost",
      unit: "reqps",
      queries: [[rate("unpriced", "requestModel"), legend("requestModel")]]
    }),
    timeSeries({
      title: "Budgets: spent and reserved",
      description: "Compared with the limit",
      unit: "none",
      queries: [
        [max("budgetSpent", "scope", "currency"), `spent ${legend("scope", "currency")}`],
        [max("budgetReserved", "scope", "currency"), `reserved ${legend("scope", "currency")}`],
        [max("budgetLimit", "scope", "currency"), `limit ${legend("scope", "currency")}`]
      ]
    }),
    timeSeries({
      title: "Budgets: remaining",
      description: "Amount that can still be reserved",
      unit: "none",
      queries: [[min("budgetRemaining", "scope", "currency"), legend("scope", "currency")]]
    })
  ]
}
